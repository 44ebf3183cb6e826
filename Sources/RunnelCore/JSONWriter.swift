/// Writes JSON into one growing buffer that is kept from text to text, so that a warm writer allocates nothing.
///
/// f32 and f64 are written as the shortest decimal that reads back to the same value; u64 as a decimal string
/// (`writeQuoted`), because most readers would round it (docs/wire-format.md §8).
public struct JSONWriter: Sendable {
  /// The text is its first `count` bytes, the rest is room: an array that grows with each append would look at its size
  /// and its owners with each, which took half of the time of a label.
  private var room: [UInt8]
  private var count = 0
  private var needsComma = false

  public init(capacity: Int = 1024) { room = Array(repeating: 0, count: max(capacity, 1)) }

  /// Starts anew and keeps the memory.
  public mutating func clear() {
    count = 0
    needsComma = false
  }

  public mutating func beginObject() { open("{") }
  public mutating func endObject() { close("}") }
  public mutating func beginArray() { open("[") }
  public mutating func endArray() { close("]") }

  /// A key that stands in the source, of which nothing is to be escaped: written as it is.
  public mutating func key(_ name: StaticString) {
    let size = name.utf8CodeUnitCount
    let start = needsComma ? 2 : 1
    append(atMost: size + 4) { room in
      room[0] = UInt8(ascii: ",")
      room[start - 1] = UInt8(ascii: "\"")
      (room + start).update(from: name.utf8Start, count: size)
      room[start + size] = UInt8(ascii: "\"")
      room[start + size + 1] = UInt8(ascii: ":")
      return start + size + 2
    }
    needsComma = false
  }

  @_disfavoredOverload
  public mutating func key(_ name: String) {
    separate()
    quoted(name)
    append(":")
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
    append(".")
    while rest > 0 {
      scale /= 10
      append(Unicode.Scalar(48 + UInt8(rest / scale)))
      rest %= scale
    }
  }

  /// NaN and infinities have no JSON form; the caller keeps them out.
  public mutating func write(_ value: Float) { raw(value.isFinite ? value.description : "null") }
  public mutating func write(_ value: Double) { raw(value.isFinite ? value.description : "null") }

  /// A 64-bit number as a decimal string.
  public mutating func writeQuoted(_ value: UInt64) {
    separate()
    append("\"")
    needsComma = false
    digits(value, negative: false)
    append("\"")
  }

  public mutating func writeQuoted(_ value: Int64) {
    separate()
    append("\"")
    digits(value.magnitude, negative: value < 0)
    append("\"")
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

  /// Members of the object that were written before, each behind its comma.
  public mutating func write(members: [UInt8]) {
    members.withUnsafeBufferPointer { append($0) }
    needsComma = true
  }

  /// Bytes written.
  public var size: Int { count }
  /// A copy.
  public var bytes: [UInt8] { Array(room[..<count]) }
  public var text: String { withBytes { String(decoding: $0, as: UTF8.self) } }

  /// The text's bytes without a second owner, which would have the next text written into memory of its own.
  public func withBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
    try room.withUnsafeBufferPointer { (buffer: UnsafeBufferPointer<UInt8>) throws(E) -> R in
      try body(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<count]))
    }
  }

  private mutating func separate() {
    if needsComma { append(",") }
    needsComma = true
  }

  private mutating func open(_ bracket: Unicode.Scalar) {
    separate()
    append(bracket)
    needsComma = false
  }

  private mutating func close(_ bracket: Unicode.Scalar) {
    append(bracket)
    needsComma = true
  }

  private mutating func raw(_ text: String) {
    separate()
    var text = text
    text.withUTF8 { append($0) }
  }

  private mutating func digits(_ magnitude: UInt64, negative: Bool) {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 21) { number in
      var start = number.count
      var rest = magnitude
      // Two at a time: each division waits for the one before.
      while rest >= 10 {
        let pair = UInt8(truncatingIfNeeded: rest % 100)
        rest /= 100
        start -= 2
        (number[start], number[start + 1]) = (48 + pair / 10, 48 + pair % 10)
      }
      if rest > 0 || start == number.count {
        start -= 1
        number[start] = 48 + UInt8(truncatingIfNeeded: rest)
      }
      if negative {
        start -= 1
        number[start] = UInt8(ascii: "-")
      }
      append(UnsafeBufferPointer(rebasing: number[start...]))
    }
    needsComma = true
  }

  private mutating func quoted(_ text: String) {
    var text = text
    text.withUTF8 { utf8 in
      let isPlain = utf8.allSatisfy { $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
      guard isPlain, let start = utf8.baseAddress else { return escape(utf8) }
      append(atMost: utf8.count + 2) { room in
        room[0] = UInt8(ascii: "\"")
        (room + 1).update(from: start, count: utf8.count)
        room[utf8.count + 1] = UInt8(ascii: "\"")
        return utf8.count + 2
      }
    }
  }

  private mutating func escape(_ utf8: UnsafeBufferPointer<UInt8>) {
    append("\"")
    defer { append("\"") }
    for byte in utf8 {
      let character = Unicode.Scalar(byte)
      switch character {
      case "\"", "\\":
        append("\\")
        append(byte)
      case "\n": append(text: "\\n")
      case "\t": append(text: "\\t")
      case "\r": append(text: "\\r")
      case "\0"..<" ":
        append(text: "\\u00")
        append(48 + byte >> 4)
        append(byte & 15 < 10 ? 48 + byte & 15 : 87 + byte & 15)
      default: append(byte)
      }
    }
  }

  // MARK: the buffer

  private mutating func append(_ character: Unicode.Scalar) { append(UInt8(ascii: character)) }

  private mutating func append(text: StaticString) {
    append(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  private mutating func append(_ byte: UInt8) {
    makeRoom(for: 1)
    room[count] = byte
    count += 1
  }

  private mutating func append(_ bytes: UnsafeBufferPointer<UInt8>) {
    guard let start = bytes.baseAddress else { return }
    append(atMost: bytes.count) { room in
      room.update(from: start, count: bytes.count)
      return bytes.count
    }
  }

  /// - Parameter fill: writes up to so many bytes and says how many.
  private mutating func append(atMost size: Int, _ fill: (UnsafeMutablePointer<UInt8>) -> Int) {
    makeRoom(for: size)
    count += room.withUnsafeMutableBufferPointer { fill($0.baseAddress! + count) }
  }

  private mutating func makeRoom(for size: Int) {
    guard count + size > room.count else { return }
    room.append(contentsOf: repeatElement(0, count: max(room.count, size)))
  }
}
