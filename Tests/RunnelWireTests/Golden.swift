import Glibc
import RunnelCore
import RunnelTesting
import RunnelWire
import Testing

/// Lines of a file in Tests/Golden/wire, made by python/golden/make_wire.py, without the comments.
func goldenLines(_ name: String) -> [String] {
  let here = #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
  guard let file = fopen("/\(here)/Golden/wire/\(name)", "r") else { preconditionFailure("no golden file \(name)") }
  defer { fclose(file) }
  var bytes: [UInt8] = []
  while true {
    let byte = getc(file)
    if byte == EOF { break }
    bytes.append(UInt8(truncatingIfNeeded: byte))
  }
  return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init).filter { !$0.hasPrefix("#") }
}

/// A message that owns its parts, and what it should say.
struct GoldenMessage: Sendable, CustomTestStringConvertible {
  var name: String
  var says: JSONValue
  var message: OwnedMessage
  var testDescription: String { name }

  static func all(_ file: String) -> [GoldenMessage] {
    goldenLines(file).map { line in
      let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
      guard let says = try? JSONValue(parsing: String(fields[1])) else { preconditionFailure("\(fields[0]): no JSON") }
      return GoldenMessage(
        name: String(fields[0]), says: says, message: OwnedMessage(fields[2...].map { bytes(hex: $0) }))
    }
  }

  private static func bytes(hex: Substring) -> [UInt8] {
    let digits = hex.utf8.map { $0 < 58 ? $0 - 48 : $0 - 87 }
    return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
  }
}

extension OwnedMessage {
  /// The error of decoding it, or nil.
  func refusal(_ decode: (MessageParts) throws(DecodeError) -> DecodedMessage) -> DecodeError? {
    lend { parts in
      do throws(DecodeError) { _ = try decode(parts) } catch { return error }
      return nil
    }
  }
}

/// The samples of a chunk in row order, as f64.
func samples(_ chunk: Chunk) -> [Double] {
  var values: [Double] = []
  for row in 0..<chunk.rows {
    for channel in 0..<chunk.channels {
      let index = chunk.layout == .interleaved ? row * chunk.channels + channel : channel * chunk.rows + row
      let start = index * chunk.element.size
      var bits: UInt64 = 0
      for byte in 0..<chunk.element.size {
        let place = chunk.byteOrder == .little ? byte : chunk.element.size - 1 - byte
        bits |= UInt64(chunk.payload[start + place]) << UInt64(8 * byte)
      }
      let shift = UInt64(64 - 8 * chunk.element.size)
      switch chunk.element {
      case .float32: values.append(Double(Float(bitPattern: UInt32(bits))))
      case .float64: values.append(Double(bitPattern: bits))
      case .uint8, .uint16, .uint32: values.append(Double(bits))
      case .int8, .int16, .int24, .int32, .int64: values.append(Double(Int64(bitPattern: bits << shift) >> shift))
      }
    }
  }
  return values
}

extension JSONValue {
  /// A u64 or Int64 written as a decimal string.
  var decimal: UInt64? { string.flatMap { UInt64($0) } }
}
