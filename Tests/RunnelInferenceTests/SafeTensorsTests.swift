import RunnelCore
import RunnelInference
import Testing

/// The checks of docs/cells.md §1, each broken once.
@Suite struct SafeTensorsTests {
  private func read(_ bytes: [UInt8]) throws(SafeTensorsError) -> SafeTensors {
    let result: Result<SafeTensors, SafeTensorsError> = bytes.withUnsafeBytes { file in
      do throws(SafeTensorsError) { return .success(try SafeTensors(file)) } catch { return .failure(error) }
    }
    return try result.get()
  }

  private func refused(_ bytes: [UInt8], tensor: String? = nil, at offset: Int? = nil, says word: String) {
    do throws(SafeTensorsError) {
      _ = try read(bytes)
      Issue.record("accepted: expected '\(word)'")
    } catch {
      #expect(error.description.contains(word), "\(error)")
      #expect(error.tensor == tensor, "\(error)")
      if let offset { #expect(error.byteOffset == offset, "\(error)") }
    }
  }

  private let one = #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#

  private func with(_ entry: String, _ data: Int) -> [UInt8] {
    Models.container(#"{"a":{"# + entry + "}}", data: [UInt8](repeating: 0, count: data))
  }

  @Test func `a file of one tensor is read`() throws {
    let file = try read(Models.container(one, data: [UInt8](repeating: 0, count: 8)))
    #expect(file.entries.map(\.name) == ["a"] && file["a"]?.shape == [2] && file["a"]?.bytes == 62..<70)
  }

  @Test func `every shorter file is refused`() throws {
    let bytes = try Models.bytes("conv-dilated")
    for length in Array(0..<1500) + [bytes.count - 1] {
      #expect(throws: SafeTensorsError.self) { try read(Array(bytes[..<length])) }
    }
  }

  @Test func `a file below eight bytes has no header`() { refused([1, 2, 3], at: 0, says: "at least 8 bytes") }

  @Test func `a header longer than the limit, the file or any integer is refused`() {
    refused([0x01, 0xE1, 0xF5, 0x05, 0, 0, 0, 0], at: 0, says: "at most 100000000")
    refused([9, 0, 0, 0, 0, 0, 0, 0, 0x7B, 0x7D], at: 0, says: "inside the file of 10 bytes")
    refused([UInt8](repeating: 255, count: 16), at: 0, says: "at most 100000000")
  }

  @Test func `the header begins with its brace`() {
    refused(Models.container(" {}"), at: 8, says: "'{'")
    refused(Models.container(""), at: 8, says: "'{'")
    refused(Models.container("[]"), at: 8, says: "'{'")
  }

  @Test func `padding and a newline behind the header are accepted, anything else is not`() throws {
    _ = try read(Models.container(one + "  \n", data: [UInt8](repeating: 0, count: 8)))
    refused(Models.container(one + "x", data: [UInt8](repeating: 0, count: 8)), at: 62, says: "the end of the text")
  }

  @Test func `invalid UTF-8 and broken JSON name the byte`() {
    var bytes = Models.container(one, data: [UInt8](repeating: 0, count: 8))
    bytes[10] = 0xFF
    refused(bytes, at: 10, says: "UTF-8")
    refused(Models.container(#"{"a":{"dtype":}}"#), at: 22, says: "a value")
  }

  @Test func `an unknown dtype is refused`() {
    refused(with(#""dtype":"F12","shape":[2],"data_offsets":[0,8]"#, 8), tensor: "a", at: 10, says: "'F12'")
    refused(with(#""shape":[2],"data_offsets":[0,8]"#, 8), tensor: "a", says: "a dtype")
  }

  @Test func `negative, fractional and huge numbers are refused`() {
    refused(with(#""dtype":"F32","shape":[-2],"data_offsets":[0,8]"#, 8), tensor: "a", says: "integers from 0")
    refused(with(#""dtype":"F32","shape":[2.0],"data_offsets":[0,8]"#, 8), tensor: "a", says: "integers from 0")
    refused(with(#""dtype":"F32","shape":[2],"data_offsets":[-8,0]"#, 8), tensor: "a", says: "data_offsets")
    refused(with(#""dtype":"F32","shape":[2],"data_offsets":[8,0]"#, 8), tensor: "a", says: "begin up to end")
    refused(with(#""dtype":"F32","shape":[2],"data_offsets":[0,9223372036854775807]"#, 8), tensor: "a", says: "inside")
    let huge = #""dtype":"F32","shape":[4294967296,4294967296,4],"data_offsets":[0,0]"#
    refused(with(huge, 0), tensor: "a", says: "a size")
  }

  @Test func `a shape and its bytes agree`() {
    refused(with(#""dtype":"F32","shape":[3],"data_offsets":[0,8]"#, 8), tensor: "a", says: "12 bytes")
    refused(with(#""dtype":"F4","shape":[3],"data_offsets":[0,1]"#, 1), tensor: "a", says: "a size in bytes")
  }

  @Test func `scalars and empty tensors are legal`() throws {
    _ = try read(with(#""dtype":"F32","shape":[],"data_offsets":[0,4]"#, 4))
    _ = try read(with(#""dtype":"F32","shape":[0,7],"data_offsets":[0,0]"#, 0))
  }

  @Test func `holes, overlaps, trailing bytes and a start beyond 0 are refused`() {
    func two(_ a: String, _ b: String, _ count: Int) -> [UInt8] {
      let header =
        #"{"a":{"dtype":"U8","shape":[4],"data_offsets":"# + a + #"},"b":{"dtype":"U8","shape":[4],"data_offsets":"# + b
        + "}}"
      return Models.container(header, data: [UInt8](repeating: 0, count: count))
    }
    #expect(throws: Never.self) { try read(two("[4,8]", "[0,4]", 8)) }
    refused(two("[0,4]", "[5,9]", 9), tensor: "b", says: "where the tensor before it ends")
    refused(two("[0,4]", "[3,7]", 7), tensor: "b", says: "where the tensor before it ends")
    refused(two("[1,5]", "[5,9]", 9), tensor: "a", says: "where the tensor before it ends")
    refused(two("[0,4]", "[4,8]", 9), says: "the end of the file")
    refused(two("[0,4]", "[4,8]", 7), says: "the end of the file")
  }

  @Test func `a tensor named twice is refused, where the reference reader takes the last`() {
    let entry = #"{"dtype":"U8","shape":[0],"data_offsets":[0,0]}"#
    refused(Models.container(#"{"a":"# + entry + #","a":"# + entry + "}"), at: 62, says: "'a' is repeated")
    refused(Models.container(#"{"a":"# + entry + #","\u0061":"# + entry + "}"), says: "'a' is repeated")
  }

  @Test func `metadata holds strings only`() {
    refused(Models.container(#"{"__metadata__":{"a":1}}"#), says: "a string for 'a'")
    refused(Models.container(#"{"__metadata__":7}"#), says: "an object of strings")
  }

  @Test func `unknown fields of a tensor are passed over`() throws {
    _ = try read(with(#""dtype":"U8","shape":[1],"data_offsets":[0,1],"extra":{"x":[1]}"#, 1))
  }

  @Test func `a file without tensors is no model`() { refused(Models.container("{}"), says: "at least one tensor") }

  @Test func `tensors and dimensions are bounded`() {
    let many = (0..<4097).map { #""\#($0)":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}"# }.joined(separator: ",")
    refused(Models.container("{\(many)}"), says: "at most 4096 tensors")
    refused(with(#""dtype":"U8","shape":[1,1,1,1,1,1,1,1,1],"data_offsets":[0,1]"#, 1), tensor: "a", says: "at most 8")
  }

  @Test func `F32, F16, BF16 and F64 become f32 at any alignment`() throws {
    let header =
      #"{"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"F32","shape":[2],"data_offsets":[1,9]},"#
      + #""b":{"dtype":"F16","shape":[2],"data_offsets":[9,13]},"c":{"dtype":"BF16","shape":[2],"data_offsets":[13,17]},"#
      + #""d":{"dtype":"F64","shape":[2],"data_offsets":[17,33]}}"#
    var data: [UInt8] = [0]
    func put<T: FixedWidthInteger>(_ x: T) { withUnsafeBytes(of: x.littleEndian) { data += $0 } }
    put(Float(1.5).bitPattern)
    put(Float(-0x1p-149).bitPattern)
    put(UInt16(0x3E00))  // 1.5
    put(UInt16(0x8001))  // -2^-24
    put(UInt16(0x3FC0))  // 1.5
    put(UInt16(0xC000))  // -2
    put(Double(1.5).bitPattern)
    put(Double(0.1).bitPattern)
    let bytes = Models.container(header, data: data)
    let file = try read(bytes)
    func floats(_ name: String) throws -> [Float] {
      try bytes.withUnsafeBytes { try file.floats(file[name]!, in: $0) }
    }
    #expect(try floats("a") == [1.5, -0x1p-149])
    #expect(try floats("b") == [1.5, -0x1p-24])
    #expect(try floats("c") == [1.5, -2])
    #expect(try floats("d") == [1.5, 0.1])
    #expect(throws: SafeTensorsError.self) { try floats("x") }
  }

  @Test(arguments: [
    ("F32", [0, 0, 0xC0, 0x7F]), ("F16", [0, 0x7C]), ("BF16", [0x80, 0xFF]),
    ("F64", [0, 0, 0, 0, 0, 0, 0, 0x7E]),
  ])
  func `weights that are not finite are refused with their byte`(dtype: String, value: [UInt8]) throws {
    let size = value.count
    let bytes = Models.container(
      #"{"w":{"dtype":"\#(dtype)","shape":[2],"data_offsets":[0,\#(2 * size)]}}"#,
      data: [UInt8](repeating: 0, count: size) + value)
    let file = try read(bytes)
    do throws(SafeTensorsError) {
      let result: Result<[Float], SafeTensorsError> = bytes.withUnsafeBytes { raw in
        do throws(SafeTensorsError) { return .success(try file.floats(file["w"]!, in: raw)) } catch {
          return .failure(error)
        }
      }
      _ = try result.get()
      Issue.record("accepted")
    } catch {
      #expect(error.tensor == "w" && error.byteOffset == bytes.count - size && error.expected == "finite values")
    }
  }

  @Test func `random damage never crashes the reader`() throws {
    let bytes = try Models.bytes("conv-dilated")
    var random = SeededGenerator(seed: 11)
    for _ in 0..<300 {
      var broken = bytes
      for _ in 0...random.below(3) {
        let place = random.below(2) == 0 ? random.below(16) : random.below(min(bytes.count, 3000))
        broken[place] = UInt8(truncatingIfNeeded: random.next())
      }
      guard broken != bytes else { continue }
      #expect(throws: ModelFileError.self) { try ModelFile(bytes: broken) }
    }
  }
}
