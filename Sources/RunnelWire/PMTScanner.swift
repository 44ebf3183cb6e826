import RunnelCore

/// Walks over GNU Radio's serialised PMT values (pmt_serialize.cc; docs/foreign-formats.md §1), big-endian inside,
/// without allocating; nothing is built of them.
///
/// Lists are cells whose second value is the next cell: these are walked, not recursed into, so that only nesting
/// counts towards the limit of depth.
struct PMTScanner {
  let bytes: UnsafeRawBufferPointer
  /// Which part of the message, for errors.
  let part: Int
  let depthLimit: Int
  private(set) var position: Int

  init(_ bytes: UnsafeRawBufferPointer, at position: Int, part: Int, depthLimit: Int) {
    self.bytes = bytes
    self.position = position
    self.part = part
    self.depthLimit = depthLimit
  }

  private enum Tag {
    static let symbol: UInt8 = 0x02
    static let double: UInt8 = 0x04
    static let uint64: UInt8 = 0x0B
    static let tuple: UInt8 = 0x0C
  }

  /// GNU Radio itself reads no longer symbol.
  private static let symbolLimit = 1024

  /// The text of a symbol, or nil where another value stands; either way the value is passed.
  mutating func symbol() throws(DecodeError) -> Range<Int>? {
    guard position < bytes.count, bytes[position] == Tag.symbol else {
      try skip()
      return nil
    }
    let start = position + 3
    try skip()
    return start..<position
  }

  /// An f64, or nil where another value stands.
  mutating func double() throws(DecodeError) -> Double? {
    guard position < bytes.count, bytes[position] == Tag.double else {
      try skip()
      return nil
    }
    position += 1
    return Double(bitPattern: try unsigned())
  }

  /// A tuple of u64 and f64, as `rx_time` has seconds and their fraction; nil where another value stands.
  mutating func secondsAndFraction() throws(DecodeError) -> (seconds: UInt64, fraction: Double)? {
    let start = position
    var fields = self
    guard try fields.byte() == Tag.tuple, try fields.count() == 2, try fields.byte() == Tag.uint64 else {
      try skip()
      return nil
    }
    let seconds = try fields.unsigned()
    guard let fraction = try fields.double() else {
      position = start
      try skip()
      return nil
    }
    position = fields.position
    return (seconds, fraction)
  }

  /// Passes one value of whatever kind.
  mutating func skip(depth: Int = 0) throws(DecodeError) {
    guard depth < depthLimit else {
      throw DecodeError(
        .limit, part: part, byteOffset: position, expected: "PMT values of at most \(depthLimit) levels", found: "more")
    }
    while true {
      let tag = try byte()
      switch tag {
      case 0x00, 0x01, 0x06: return
      case Tag.symbol: return try skipSymbol()
      case 0x03: return try pass(4)
      case Tag.double, Tag.uint64, 0x0D: return try pass(8)
      case 0x05: return try pass(16)
      case 0x07, 0x09:
        // A cell: its first value, and then what follows in place of this one.
        try skip(depth: depth + 1)
      case 0x08, Tag.tuple:
        for _ in 0..<(try count()) { try skip(depth: depth + 1) }
        return
      case 0x0A: return try skipUniform()
      default:
        throw DecodeError(
          .malformed, part: part, byteOffset: position - 1, expected: "a PMT value, 00 to 0D",
          found: "0x\(String(tag, radix: 16))")
      }
    }
  }

  private mutating func skipSymbol() throws(DecodeError) {
    let length = Int(try byte()) << 8 | Int(try byte())
    guard length <= Self.symbolLimit else {
      throw DecodeError(
        .limit, part: part, byteOffset: position - 2, expected: "a symbol of at most \(Self.symbolLimit) bytes",
        found: "\(length)")
    }
    try pass(length)
  }

  /// u8 subtype, u32 count, u8 pad length, the pad, the elements.
  private mutating func skipUniform() throws(DecodeError) {
    let start = position
    guard let size = Self.elementSize(try byte()) else {
      throw DecodeError(
        .malformed, part: part, byteOffset: start, expected: "a uniform vector of subtype 0 to 0B",
        found: "0x\(String(bytes[start], radix: 16))")
    }
    let elements = Int(try fourBytes())
    let pad = Int(try byte())
    try pass(pad + elements * size)
  }

  private static func elementSize(_ subtype: UInt8) -> Int? {
    switch subtype {
    case 0, 1: 1
    case 2, 3: 2
    case 4, 5, 8: 4
    case 6, 7, 9, 10: 8
    case 11: 16
    default: nil
    }
  }

  /// Each value has at least one byte, so a count beyond the bytes is a lie.
  private mutating func count() throws(DecodeError) -> Int {
    let count = Int(try fourBytes())
    guard count <= bytes.count - position else { throw truncated() }
    return count
  }

  private mutating func byte() throws(DecodeError) -> UInt8 {
    try pass(1)
    return bytes[position - 1]
  }

  private mutating func fourBytes() throws(DecodeError) -> UInt32 {
    try pass(4)
    return UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: position - 4, as: UInt32.self))
  }

  private mutating func unsigned() throws(DecodeError) -> UInt64 {
    try pass(8)
    return UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: position - 8, as: UInt64.self))
  }

  private mutating func pass(_ count: Int) throws(DecodeError) {
    guard count <= bytes.count - position else { throw truncated() }
    position += count
  }

  private func truncated() -> DecodeError {
    DecodeError(
      .truncated, part: part, byteOffset: position, expected: "the rest of a PMT value",
      found: "\(bytes.count - position) bytes")
  }
}
