import RunnelCore

/// Reads MessagePack (github.com/msgpack/msgpack) value by value out of bytes that somebody else owns, without
/// allocating; maps and lists say how many values follow.
public struct MessagePackScanner {
  public enum Token: Equatable {
    case map(Int)
    case list(Int)
    case text(Range<Int>)
    case binary(Range<Int>)
    case integer(Int64)
    case unsigned(UInt64)
    case real(Double)
    case bool(Bool)
    case null
    case extended(type: Int8, Range<Int>)
  }

  public let bytes: UnsafeRawBufferPointer
  /// Which part of the message, for errors.
  private let part: Int
  public private(set) var position = 0
  /// Of the value that is read, for errors.
  private var start = 0
  private var depth = 0
  private let depthLimit: Int

  public init(_ bytes: UnsafeRawBufferPointer, part: Int = 0, depthLimit: Int = 16) {
    self.bytes = bytes
    self.part = part
    self.depthLimit = depthLimit
  }

  /// Whether bytes are one map with at least one key, ending where the bytes end.
  public static func isMap(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard let first = bytes.first, (0x81...0x8F).contains(first) || first == 0xDE || first == 0xDF else { return false }
    var scanner = MessagePackScanner(bytes)
    guard (try? scanner.skip()) != nil else { return false }
    return scanner.position == bytes.count
  }

  /// The next value; of a map or list only its head.
  public mutating func next() throws(DecodeError) -> Token {
    start = position
    let byte = UInt8(try number(1))
    switch byte {
    case 0x00...0x7F: return .integer(Int64(byte))
    case 0x80...0x8F: return .map(try count(Int(byte & 15), each: 2))
    case 0x90...0x9F: return .list(try count(Int(byte & 15), each: 1))
    case 0xA0...0xBF: return .text(try range(Int(byte & 31)))
    case 0xC0: return .null
    case 0xC2: return .bool(false)
    case 0xC3: return .bool(true)
    case 0xC4...0xC6: return .binary(try range(Int(try number(1 << Int(byte - 0xC4)))))
    case 0xC7...0xC9: return try extended(Int(try number(1 << Int(byte - 0xC7))))
    case 0xCA: return .real(Double(Float(bitPattern: UInt32(try number(4)))))
    case 0xCB: return .real(Double(bitPattern: try number(8)))
    case 0xCC...0xCE: return .integer(Int64(try number(1 << Int(byte - 0xCC))))
    case 0xCF: return .unsigned(try number(8))
    case 0xD0: return .integer(Int64(Int8(truncatingIfNeeded: try number(1))))
    case 0xD1: return .integer(Int64(Int16(truncatingIfNeeded: try number(2))))
    case 0xD2: return .integer(Int64(Int32(truncatingIfNeeded: try number(4))))
    case 0xD3: return .integer(Int64(bitPattern: try number(8)))
    case 0xD4...0xD8: return try extended(1 << Int(byte - 0xD4))
    case 0xD9...0xDB: return .text(try range(Int(try number(1 << Int(byte - 0xD9)))))
    case 0xDC, 0xDD: return .list(try count(Int(try number(2 << Int(byte - 0xDC))), each: 1))
    case 0xDE, 0xDF: return .map(try count(Int(try number(2 << Int(byte - 0xDE))), each: 2))
    case 0xE0...0xFF: return .integer(Int64(Int8(bitPattern: byte)))
    default:
      throw DecodeError(
        .malformed, part: part, byteOffset: start, expected: "a MessagePack value", found: "0xc1")
    }
  }

  /// The next key of a map; what is no text is passed whole.
  public mutating func key() throws(DecodeError) -> Token {
    switch try next() {
    case .text(let range), .binary(let range): return .text(range)
    case .map(let count): try skip(2 * count)
    case .list(let count): try skip(count)
    default: break
    }
    return .null
  }

  /// Passes one whole value.
  public mutating func skip() throws(DecodeError) {
    switch try next() {
    case .map(let count): try skip(2 * count)
    case .list(let count): try skip(count)
    default: break
    }
  }

  /// A map or list is entered; deeper than the limit is refused.
  mutating func enter() throws(DecodeError) {
    depth += 1
    guard depth <= depthLimit else {
      throw DecodeError(
        .malformed, part: part, byteOffset: start, expected: "at most \(depthLimit) levels", found: "more")
    }
  }

  mutating func leave() { depth -= 1 }

  /// Nanoseconds of a timestamp's 4, 8 or 12 bytes; nil where they are none.
  func timestamp(_ range: Range<Int>) -> Int64? {
    var reader = self
    reader.position = range.lowerBound
    let (seconds, nanoseconds): (Int64, UInt64)
    switch range.count {
    case 4: (seconds, nanoseconds) = (Int64((try? reader.number(4)) ?? 0), 0)
    case 8:
      let both = (try? reader.number(8)) ?? 0
      (seconds, nanoseconds) = (Int64(both & 0x3_FFFF_FFFF), both >> 34)
    case 12:
      nanoseconds = (try? reader.number(4)) ?? 0
      seconds = Int64(bitPattern: (try? reader.number(8)) ?? 0)
    default: return nil
    }
    guard nanoseconds < 1_000_000_000, seconds.magnitude < 4_600_000_000 else { return nil }
    return seconds * 1_000_000_000 + Int64(nanoseconds)
  }

  // MARK: leaves

  private mutating func skip(_ count: Int) throws(DecodeError) {
    try enter()
    for _ in 0..<count { try skip() }
    leave()
  }

  private mutating func extended(_ count: Int) throws(DecodeError) -> Token {
    let type = Int8(truncatingIfNeeded: try number(1))
    return .extended(type: type, try range(count))
  }

  /// Each value has at least one byte, so a count beyond the bytes is a lie.
  private func count(_ count: Int, each: Int) throws(DecodeError) -> Int {
    guard count <= (bytes.count - position) / each else { throw truncated() }
    return count
  }

  private mutating func range(_ count: Int) throws(DecodeError) -> Range<Int> {
    guard count <= bytes.count - position else { throw truncated() }
    position += count
    return position - count..<position
  }

  /// Big-endian, of 1, 2, 4 or 8 bytes.
  private mutating func number(_ size: Int) throws(DecodeError) -> UInt64 {
    guard size <= bytes.count - position else { throw truncated() }
    var value: UInt64 = 0
    for index in position..<position + size { value = value << 8 | UInt64(bytes[index]) }
    position += size
    return value
  }

  private func truncated() -> DecodeError {
    DecodeError(
      .truncated, part: part, byteOffset: start, expected: "the whole of a MessagePack value",
      found: "\(bytes.count - start) bytes")
  }
}
