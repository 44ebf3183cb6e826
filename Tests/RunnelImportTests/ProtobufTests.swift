import Testing

@testable import RunnelImport

/// Protobuf's wire format (docs/cells.md §7).
@Suite struct ProtobufTests {
  private func scanner(_ bytes: [UInt8]) -> ProtobufScanner { ProtobufScanner(bytes, bytes.indices) }

  private func integers(_ bytes: [UInt8]) throws -> [Int64] {
    var scanner = scanner(bytes)
    var values: [Int64] = []
    while let field = try scanner.next() { try scanner.integers(field, into: &values) }
    return values
  }

  @Test func `integers are read packed and one by one, negative ones in ten bytes`() throws {
    let ones = [UInt8](repeating: 0xFF, count: 9)
    #expect(try integers([0x3A, 0x0B] + ones + [0x01, 0x03]) == [-1, 3])
    #expect(try integers([0x38, 0x02, 0x38, 0x96, 0x01]) == [2, 150])
  }

  @Test func `an attribute of the format's example is alpha, 1`() throws {
    let bytes: [UInt8] = [0x0A, 0x05] + Array("alpha".utf8) + [0x15, 0x00, 0x00, 0x80, 0x3F, 0xA0, 0x01, 0x01]
    var scanner = scanner(bytes)
    var name = ""
    var floats: [Float] = []
    while let field = try scanner.next() {
      switch field.number {
      case 1: name = try scanner.text(field)
      case 2: try scanner.floats(field, into: &floats)
      default: try scanner.skip(field)
      }
    }
    #expect(name == "alpha" && floats == [1])
  }

  @Test(
    arguments: [
      [0x0A, 0x05, 0x61], [0x08], [0x08, 0x80], [0x0B], [0x00], [0x15, 0x00, 0x00],
      [0x08] + [UInt8](repeating: 0xFF, count: 10) + [0x01],
      [0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F],
    ] as [[UInt8]])
  func `what ends too early or is too long names its byte`(bytes: [UInt8]) {
    var scanner = scanner(bytes)
    let error = #expect(throws: ImportError.self) {
      while let field = try scanner.next() { try scanner.skip(field) }
    }
    #expect(error?.place?.hasPrefix("byte ") == true)
  }

  @Test func `an empty tensor does not hide sizes that overflow`() {
    #expect(Int.product([0, 1 << 40, 1 << 40], limit: 1 << 28) == nil)
    #expect(Int.product([0, 5, 7], limit: 1 << 28) == 0 && Int.product([2, 3], limit: 6) == 6)
    #expect(Int.product([2, 3], limit: 5) == nil && Int.product([-1], limit: 5) == nil)
  }

  @Test func `a tensor of a billion billion values is refused before anything is made of it`() {
    // GraphProto with an initializer of dims 2^40, 2^40.
    let size: [UInt8] = [0x80, 0x80, 0x80, 0x80, 0x80, 0x20]
    let tensor: [UInt8] = [0x08] + size + [0x08] + size + [0x10, 0x01]
    let graph: [UInt8] = [0x2A, UInt8(tensor.count)] + tensor
    let model: [UInt8] = [0x08, 0x09, 0x3A, UInt8(graph.count)] + graph
    let error = #expect(throws: ImportError.self) { _ = try ONNXModel(model) }
    #expect(error?.problem.contains("values") == true)
  }
}
