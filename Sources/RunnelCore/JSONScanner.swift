/// Reads JSON (RFC 8259) token by token out of bytes that somebody else owns, without allocating.
///
/// Strict: no comments, no trailing commas, no bytes after the value, UTF-8 checked, depth bounded. Nothing here
/// knows what the keys mean; `JSONValue` builds a tree on it, and the wire decoders read straight from it.
public struct JSONScanner {
  public enum Token: Equatable {
    case beginObject, endObject, beginArray, endArray
    /// The text between the quotes; `escaped` where it holds a backslash and must go through `JSONScanner.text`.
    case string(Range<Int>, escaped: Bool)
    case number(Range<Int>)
    case bool(Bool)
    case null
  }

  public let bytes: UnsafeRawBufferPointer
  /// Where the next byte is read.
  public private(set) var position = 0
  private var depth = 0
  private let depthLimit: Int

  /// - Parameter depthLimit: nested objects and arrays beyond it are an error (docs/wire-format.md §12).
  public init(_ bytes: UnsafeRawBufferPointer, depthLimit: Int = 16) {
    self.bytes = bytes
    self.depthLimit = depthLimit
  }

  /// The next value's first token, or the end of the open object or array.
  public mutating func next() throws(JSONError) -> Token {
    skipSpace()
    guard position < bytes.count else { throw JSONError(position, "a value") }
    switch bytes[position] {
    case UInt8(ascii: "{"): return try open(.beginObject)
    case UInt8(ascii: "["): return try open(.beginArray)
    case UInt8(ascii: "}"): return close(.endObject)
    case UInt8(ascii: "]"): return close(.endArray)
    case UInt8(ascii: "\""): return try string()
    case UInt8(ascii: "t"): return try literal("true", .bool(true))
    case UInt8(ascii: "f"): return try literal("false", .bool(false))
    case UInt8(ascii: "n"): return try literal("null", .null)
    case UInt8(ascii: "N"), UInt8(ascii: "I"): throw JSONError(position, Self.finite)
    default: return .number(try number())
    }
  }

  /// What Python's json writes for NaN and the infinities is not JSON.
  private static let finite = "a value (null for one that is missing; JSON has no NaN or Infinity)"

  /// Inside an object: the next key, with its colon, or nil at the closing brace. `first` is true after `{`.
  public mutating func key(first: inout Bool) throws(JSONError) -> (range: Range<Int>, escaped: Bool)? {
    guard try separator(closing: UInt8(ascii: "}"), first: &first) else { return nil }
    guard position < bytes.count, bytes[position] == UInt8(ascii: "\""),
      case .string(let range, let escaped) = try string()
    else { throw JSONError(position, "a key in double quotes") }
    skipSpace()
    guard position < bytes.count, bytes[position] == UInt8(ascii: ":") else { throw JSONError(position, "':'") }
    position += 1
    return (range, escaped)
  }

  /// Inside an array: whether another element follows; consumes the closing bracket if not.
  public mutating func element(first: inout Bool) throws(JSONError) -> Bool {
    try separator(closing: UInt8(ascii: "]"), first: &first)
  }

  /// Passes over one whole value of whatever kind.
  public mutating func skipValue() throws(JSONError) {
    switch try next() {
    case .beginObject:
      var first = true
      while try key(first: &first) != nil { try skipValue() }
    case .beginArray:
      var first = true
      while try element(first: &first) { try skipValue() }
    case .endObject, .endArray: throw JSONError(position - 1, "a value")
    default: break
    }
  }

  /// Only space may follow the value.
  public mutating func end() throws(JSONError) {
    skipSpace()
    guard position == bytes.count else { throw JSONError(position, "the end of the text") }
  }

  /// Whether the raw text at `range` is exactly these ASCII characters.
  public func matches(_ range: Range<Int>, _ text: StaticString) -> Bool {
    guard range.count == text.utf8CodeUnitCount else { return false }
    for offset in 0..<range.count where bytes[range.lowerBound + offset] != text.utf8Start[offset] { return false }
    return true
  }

  /// The string at `range`, its escapes resolved. Allocates.
  public func text(_ range: Range<Int>, escaped: Bool) -> String {
    let raw = UnsafeRawBufferPointer(rebasing: bytes[range])
    return escaped ? JSONScanner.unescape(raw) : String(decoding: raw, as: UTF8.self)
  }

  /// The number at `range` as an integer, or nil where it has a fraction or exponent or does not fit.
  public func integer(_ range: Range<Int>) -> Int64? {
    var digits = range
    let negative = bytes[digits.lowerBound] == UInt8(ascii: "-")
    if negative { digits = digits.dropFirst() }
    var value: Int64 = 0
    for index in digits {
      let digit = Int64(bytes[index]) - 48
      guard (0...9).contains(digit) else { return nil }
      let (tens, overflowed) = value.multipliedReportingOverflow(by: 10)
      let (sum, overflowedToo) =
        negative ? tens.subtractingReportingOverflow(digit) : tens.addingReportingOverflow(digit)
      if overflowed || overflowedToo { return nil }
      value = sum
    }
    return value
  }

  /// The number at `range`, correctly rounded.
  public func double(_ range: Range<Int>) -> Double {
    let text = String(decoding: UnsafeRawBufferPointer(rebasing: bytes[range]), as: UTF8.self)
    // The grammar was checked when the token was read; only an overflow can remain, which rounds to infinity.
    return Double(text) ?? (text.hasPrefix("-") ? -.infinity : .infinity)
  }

  // MARK: the grammar

  private mutating func skipSpace() {
    while position < bytes.count {
      switch bytes[position] {
      case 0x20, 0x09, 0x0A, 0x0D: position += 1
      default: return
      }
    }
  }

  private mutating func separator(closing: UInt8, first: inout Bool) throws(JSONError) -> Bool {
    skipSpace()
    guard position < bytes.count else { throw JSONError(position, closing == UInt8(ascii: "}") ? "'}'" : "']'") }
    if bytes[position] == closing {
      position += 1
      depth -= 1
      return false
    }
    if first {
      first = false
      return true
    }
    guard bytes[position] == UInt8(ascii: ",") else {
      throw JSONError(position, closing == UInt8(ascii: "}") ? "',' or '}'" : "',' or ']'")
    }
    position += 1
    skipSpace()
    guard position < bytes.count, bytes[position] != closing else { throw JSONError(position, "a value after ','") }
    return true
  }

  private mutating func open(_ token: Token) throws(JSONError) -> Token {
    depth += 1
    guard depth <= depthLimit else { throw JSONError(position, "at most \(depthLimit) levels") }
    position += 1
    return token
  }

  private mutating func close(_ token: Token) -> Token {
    depth -= 1
    position += 1
    return token
  }

  private mutating func literal(_ text: StaticString, _ token: Token) throws(JSONError) -> Token {
    let end = position + text.utf8CodeUnitCount
    guard end <= bytes.count, matches(position..<end, text) else { throw JSONError(position, "a value") }
    position = end
    return token
  }

  private mutating func number() throws(JSONError) -> Range<Int> {
    let start = position
    if peek() == UInt8(ascii: "-") { position += 1 }
    if peek() == UInt8(ascii: "0") {
      position += 1
    } else {
      guard digits() > 0 else { throw JSONError(start, peek() == UInt8(ascii: "I") ? Self.finite : "a value") }
    }
    if peek() == UInt8(ascii: ".") {
      position += 1
      guard digits() > 0 else { throw JSONError(position, "a digit after '.'") }
    }
    if peek() == UInt8(ascii: "e") || peek() == UInt8(ascii: "E") {
      position += 1
      if peek() == UInt8(ascii: "+") || peek() == UInt8(ascii: "-") { position += 1 }
      guard digits() > 0 else { throw JSONError(position, "a digit in the exponent") }
    }
    return start..<position
  }

  private func peek() -> UInt8 { position < bytes.count ? bytes[position] : 0 }

  private mutating func digits() -> Int {
    let start = position
    while position < bytes.count, (48...57).contains(bytes[position]) { position += 1 }
    return position - start
  }

  private mutating func string() throws(JSONError) -> Token {
    let start = position + 1
    var escaped = false
    position = start
    while position < bytes.count {
      let byte = bytes[position]
      switch byte {
      case UInt8(ascii: "\""):
        let range = start..<position
        guard JSONScanner.isUTF8(UnsafeRawBufferPointer(rebasing: bytes[range])) else {
          throw JSONError(start, "UTF-8 text")
        }
        position += 1
        return .string(range, escaped: escaped)
      case UInt8(ascii: "\\"):
        escaped = true
        try escape()
      case 0..<0x20: throw JSONError(position, "no control character in a string")
      default: position += 1
      }
    }
    throw JSONError(position, "the closing '\"'")
  }

  private mutating func escape() throws(JSONError) {
    position += 1
    switch peek() {
    case UInt8(ascii: "u"):
      let code = try hex4(at: position + 1)
      position += 5
      if (0xD800..<0xDC00).contains(code) {
        guard peek() == UInt8(ascii: "\\"), position + 1 < bytes.count, bytes[position + 1] == UInt8(ascii: "u"),
          (0xDC00..<0xE000).contains(try hex4(at: position + 2))
        else { throw JSONError(position, "the second half of a surrogate pair") }
        position += 6
      } else if (0xDC00..<0xE000).contains(code) {
        throw JSONError(position - 6, "the first half of a surrogate pair")
      }
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
      UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      position += 1
    default: throw JSONError(position, "one of \" \\ / b f n r t u after '\\'")
    }
  }

  private func hex4(at start: Int) throws(JSONError) -> UInt32 {
    guard start + 4 <= bytes.count else { throw JSONError(start, "four hexadecimal digits") }
    var value: UInt32 = 0
    for index in start..<start + 4 {
      guard let digit = JSONScanner.hexValue(bytes[index]) else { throw JSONError(index, "a hexadecimal digit") }
      value = value << 4 | digit
    }
    return value
  }

  private static func hexValue(_ byte: UInt8) -> UInt32? {
    switch byte {
    case 48...57: UInt32(byte - 48)
    case 65...70: UInt32(byte - 55)
    case 97...102: UInt32(byte - 87)
    default: nil
    }
  }

  /// The escapes were checked when the token was read.
  private static func unescape(_ raw: UnsafeRawBufferPointer) -> String {
    var units: [UInt8] = []
    units.reserveCapacity(raw.count)
    var index = 0
    func unit(_ at: Int) -> UInt32 { (at..<at + 4).reduce(0) { $0 << 4 | (hexValue(raw[$1]) ?? 0) } }
    while index < raw.count {
      guard raw[index] == UInt8(ascii: "\\") else {
        units.append(raw[index])
        index += 1
        continue
      }
      switch raw[index + 1] {
      case UInt8(ascii: "b"): units.append(8)
      case UInt8(ascii: "f"): units.append(12)
      case UInt8(ascii: "n"): units.append(10)
      case UInt8(ascii: "r"): units.append(13)
      case UInt8(ascii: "t"): units.append(9)
      case UInt8(ascii: "u"):
        var code = unit(index + 2)
        index += 4
        if code >= 0xD800, code < 0xDC00 {
          code = 0x10000 + (code - 0xD800) << 10 + (unit(index + 4) - 0xDC00)
          index += 6
        }
        if let scalar = Unicode.Scalar(code) { units.append(contentsOf: Array(String(Character(scalar)).utf8)) }
      default: units.append(raw[index + 1])
      }
      index += 2
    }
    return String(decoding: units, as: UTF8.self)
  }

  /// Whether the bytes are well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms).
  public static func isUTF8(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var index = 0
    while index < bytes.count {
      let lead = bytes[index]
      if lead < 0x80 {
        index += 1
        continue
      }
      let length: Int
      let second: ClosedRange<UInt8>
      switch lead {
      case 0xC2...0xDF: (length, second) = (2, 0x80...0xBF)
      case 0xE0: (length, second) = (3, 0xA0...0xBF)
      case 0xED: (length, second) = (3, 0x80...0x9F)
      case 0xE1...0xEF: (length, second) = (3, 0x80...0xBF)
      case 0xF0: (length, second) = (4, 0x90...0xBF)
      case 0xF1...0xF3: (length, second) = (4, 0x80...0xBF)
      case 0xF4: (length, second) = (4, 0x80...0x8F)
      default: return false
      }
      guard index + length <= bytes.count, second.contains(bytes[index + 1]) else { return false }
      for tail in index + 2..<max(index + length, index + 2) where bytes[tail] & 0xC0 != 0x80 { return false }
      index += length
    }
    return true
  }
}

/// Text that is not the JSON it should be: where, and what was expected there.
public struct JSONError: Error, Sendable, Equatable, CustomStringConvertible {
  public var byteOffset: Int
  public var expected: String

  public init(_ byteOffset: Int, _ expected: String) {
    self.byteOffset = byteOffset
    self.expected = expected
  }

  public var description: String { "byte \(byteOffset): expected \(expected)" }
}
