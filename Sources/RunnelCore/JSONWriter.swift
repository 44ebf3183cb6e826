/// Writes JSON into one growing buffer that is kept from text to text, so that a warm writer allocates nothing.
///
/// f32 and f64 are written as the shortest decimal that reads back to the same value; u64 as a decimal string
/// (`writeQuoted`), because most readers would round it (FORMATS.md A.11).
public struct JSONWriter: Sendable {
  public private(set) var bytes: [UInt8] = []
  private var needsComma = false

  public init(capacity: Int = 1024) { bytes.reserveCapacity(capacity) }

  /// Starts anew and keeps the memory.
  public mutating func clear() {
    bytes.removeAll(keepingCapacity: true)
    needsComma = false
  }

  public mutating func beginObject() { open("{") }
  public mutating func endObject() { close("}") }
  public mutating func beginArray() { open("[") }
  public mutating func endArray() { close("]") }

  /// A key that stands in the source, of which nothing is to be escaped: written as it is.
  public mutating func key(_ name: StaticString) {
    if needsComma { bytes.append(UInt8(ascii: ",")) }
    bytes.append(UInt8(ascii: "\""))
    bytes.append(contentsOf: UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
    bytes.append(UInt8(ascii: "\""))
    bytes.append(UInt8(ascii: ":"))
    needsComma = false
  }

  @_disfavoredOverload
  public mutating func key(_ name: String) {
    separate()
    quoted(name)
    bytes.append(UInt8(ascii: ":"))
    needsComma = false
  }

  public mutating func write(_ text: String) {
    separate()
    quoted(text)
  }

  public mutating func write(_ value: Bool) { raw(value ? "true" : "false") }
  public mutating func write(_ value: Int64) {
    separate()
    digits(value.magnitude, negative: value < 0)
  }
  public mutating func write(_ value: Int) { write(Int64(value)) }
  public mutating func writeNull() { raw("null") }

  /// `units` × 10^−decimals in plain digits, without a trailing zero: (1500, decimals: 3) is 1.5.
  public mutating func write(_ units: Int64, decimals: Int) {
    precondition((0...18).contains(decimals), "an Int64 has at most 18 whole decimals")
    separate()
    var scale: UInt64 = 1
    for _ in 0..<decimals { scale *= 10 }
    digits(units.magnitude / scale, negative: units < 0)
    var rest = units.magnitude % scale
    guard rest > 0 else { return }
    bytes.append(UInt8(ascii: "."))
    while rest > 0 {
      scale /= 10
      bytes.append(48 + UInt8(rest / scale))
      rest %= scale
    }
  }

  /// NaN and infinities have no JSON form; the caller keeps them out.
  public mutating func write(_ value: Float) { raw(value.isFinite ? value.description : "null") }
  public mutating func write(_ value: Double) { raw(value.isFinite ? value.description : "null") }

  /// A 64-bit number as a decimal string.
  public mutating func writeQuoted(_ value: UInt64) {
    separate()
    bytes.append(UInt8(ascii: "\""))
    needsComma = false
    digits(value, negative: false)
    bytes.append(UInt8(ascii: "\""))
  }

  public mutating func writeQuoted(_ value: Int64) {
    separate()
    bytes.append(UInt8(ascii: "\""))
    digits(value.magnitude, negative: value < 0)
    bytes.append(UInt8(ascii: "\""))
  }

  /// A whole tree.
  public mutating func write(_ value: JSONValue) {
    switch value {
    case .null: writeNull()
    case .bool(let bool): write(bool)
    case .integer(let integer): write(integer)
    case .number(let number): write(number)
    case .string(let text): write(text)
    case .array(let items):
      beginArray()
      for item in items { write(item) }
      endArray()
    case .object(let members):
      beginObject()
      for member in members {
        key(member.key)
        write(member.value)
      }
      endObject()
    }
  }

  public var text: String { String(decoding: bytes, as: UTF8.self) }

  /// The text's bytes without a second owner, which would make the next `clear` give the memory away.
  public func withBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
    try bytes.withUnsafeBufferPointer { (buffer: UnsafeBufferPointer<UInt8>) throws(E) -> R in
      try body(UnsafeRawBufferPointer(buffer))
    }
  }

  private mutating func separate() {
    if needsComma { bytes.append(UInt8(ascii: ",")) }
    needsComma = true
  }

  private mutating func open(_ bracket: Unicode.Scalar) {
    separate()
    bytes.append(UInt8(ascii: bracket))
    needsComma = false
  }

  private mutating func close(_ bracket: Unicode.Scalar) {
    bytes.append(UInt8(ascii: bracket))
    needsComma = true
  }

  private mutating func raw(_ text: String) {
    separate()
    bytes.append(contentsOf: text.utf8)
  }

  private mutating func digits(_ magnitude: UInt64, negative: Bool) {
    if negative { bytes.append(UInt8(ascii: "-")) }
    let start = bytes.count
    var rest = magnitude
    repeat {
      bytes.append(48 + UInt8(rest % 10))
      rest /= 10
    } while rest > 0
    // Not bytes[start...].reverse(): a slice shares the buffer, so that the reversal would copy all of it.
    var (low, high) = (start, bytes.count - 1)
    while low < high {
      let digit = bytes[low]
      bytes[low] = bytes[high]
      bytes[high] = digit
      low += 1
      high -= 1
    }
    needsComma = true
  }

  private mutating func quoted(_ text: String) {
    bytes.append(UInt8(ascii: "\""))
    let isWritten = text.utf8.withContiguousStorageIfAvailable { utf8 in
      guard utf8.allSatisfy({ $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }) else {
        return false
      }
      bytes.append(contentsOf: utf8)
      return true
    }
    if isWritten != true { escape(text) }
    bytes.append(UInt8(ascii: "\""))
  }

  private mutating func escape(_ text: String) {
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        bytes.append(UInt8(ascii: "\\"))
        bytes.append(byte)
      case 0x0A: bytes.append(contentsOf: [0x5C, UInt8(ascii: "n")])
      case 0x09: bytes.append(contentsOf: [0x5C, UInt8(ascii: "t")])
      case 0x0D: bytes.append(contentsOf: [0x5C, UInt8(ascii: "r")])
      case 0..<0x20:
        bytes.append(contentsOf: [0x5C, UInt8(ascii: "u"), 48, 48, 48 + byte >> 4])
        bytes.append(byte & 15 < 10 ? 48 + byte & 15 : 87 + byte & 15)
      default: bytes.append(byte)
      }
    }
  }
}
