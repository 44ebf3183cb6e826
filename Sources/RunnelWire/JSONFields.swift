import RunnelCore

/// Reads the members of a JSON object that is one part of a message, each value as the type its key asks for, with
/// errors that name the part, the byte and what was expected there.
///
///     var fields = try JSONFields(bytes, part: 1, limits: limits)
///     var first = true
///     while let key = try fields.key(&first) {
///       if fields.matches(key, "rate") { rate = try fields.number("a rate") } else { try fields.skip() }
///     }
///     try fields.end()
///
/// `null` reads as nil everywhere: Python writes it for what it does not know. Only strings allocate, and numbers
/// of more than 15 characters with a fraction or exponent.
struct JSONFields {
  private var scanner: JSONScanner
  let part: Int

  /// Opens the object.
  init(_ bytes: UnsafeRawBufferPointer, part: Int, limits: WireLimits) throws(DecodeError) {
    try limits.check(json: bytes, part: part)
    scanner = JSONScanner(bytes, depthLimit: limits.jsonDepth)
    self.part = part
    guard try token() == .beginObject else { throw error(at: 0, "a JSON object") }
  }

  /// Refuses a text that is not JSON, or repeats a key anywhere: two readers would disagree about it.
  static func checkKeys(_ bytes: UnsafeRawBufferPointer, part: Int, limits: WireLimits) throws(DecodeError) {
    try limits.check(json: bytes, part: part)
    var scanner = JSONScanner(bytes, depthLimit: limits.jsonDepth)
    do throws(JSONError) {
      try scanner.checkValue()
      try scanner.end()
    } catch { throw DecodeError(error, part: part, in: bytes) }
  }

  // MARK: structure

  mutating func key(_ first: inout Bool) throws(DecodeError) -> Range<Int>? {
    do throws(JSONError) { return try scanner.key(first: &first)?.range } catch { throw located(error) }
  }

  /// A key as text, where names are data. Allocates.
  mutating func text(_ first: inout Bool) throws(DecodeError) -> String? {
    do throws(JSONError) {
      return try scanner.key(first: &first).map { scanner.text($0.range, escaped: $0.escaped) }
    } catch { throw located(error) }
  }

  mutating func element(_ first: inout Bool) throws(DecodeError) -> Bool {
    do throws(JSONError) { return try scanner.element(first: &first) } catch { throw located(error) }
  }

  /// Nothing may follow the object.
  mutating func end() throws(DecodeError) {
    do throws(JSONError) { try scanner.end() } catch { throw located(error) }
  }

  mutating func skip() throws(DecodeError) {
    do throws(JSONError) { try scanner.skipValue() } catch { throw located(error) }
  }

  func matches(_ key: Range<Int>, _ name: StaticString) -> Bool { scanner.matches(key, name) }

  /// For a key that was read before; without it the later of two values would win silently.
  func once(_ seen: Bool, _ key: Range<Int>) throws(DecodeError) {
    if seen { throw error(at: key.lowerBound, "each key once") }
  }

  mutating func beginArray(_ expected: @autoclosure () -> String) throws(DecodeError) -> Bool {
    let start = valueStart
    switch try token() {
    case .beginArray: return true
    case .null: return false
    default: throw error(at: start, expected())
    }
  }

  mutating func beginObject(_ expected: @autoclosure () -> String) throws(DecodeError) -> Bool {
    let start = valueStart
    switch try token() {
    case .beginObject: return true
    case .null: return false
    default: throw error(at: start, expected())
    }
  }

  // MARK: values

  /// The raw text of a string without escapes.
  mutating func plain(_ expected: @autoclosure () -> String) throws(DecodeError) -> Range<Int>? {
    let start = valueStart
    switch try token() {
    case .string(let range, escaped: false): return range
    case .null: return nil
    default: throw error(at: start, expected())
    }
  }

  mutating func string(_ expected: @autoclosure () -> String) throws(DecodeError) -> String? {
    let start = valueStart
    switch try token() {
    case .string(let range, let escaped): return scanner.text(range, escaped: escaped)
    case .null: return nil
    default: throw error(at: start, expected())
    }
  }

  mutating func bool(_ expected: @autoclosure () -> String) throws(DecodeError) -> Bool? {
    let start = valueStart
    switch try token() {
    case .bool(let value): return value
    case .null: return nil
    default: throw error(at: start, expected())
    }
  }

  /// Any finite number.
  mutating func number(_ expected: @autoclosure () -> String) throws(DecodeError) -> Double? {
    let start = valueStart
    switch try token() {
    case .number(let range):
      let value = scanner.integer(range).map(Double.init) ?? scanner.double(range)
      guard value.isFinite else { throw error(at: start, "a finite number") }
      return value
    case .null: return nil
    default: throw error(at: start, expected())
    }
  }

  /// Any finite number, rounded once to f32. Allocates where it has more than 15 characters.
  mutating func float(_ expected: @autoclosure () -> String) throws(DecodeError) -> Float? {
    let start = valueStart
    switch try token() {
    case .number(let range):
      let value = Float(String(decoding: UnsafeRawBufferPointer(rebasing: scanner.bytes[range]), as: UTF8.self))
      guard let value, value.isFinite else { throw error(at: start, "a finite f32") }
      return value
    case .null: return nil
    default: throw error(at: start, expected())
    }
  }

  /// An integer, or one written as a decimal string because it is too long for other readers' numbers.
  mutating func unsigned(_ expected: @autoclosure () -> String) throws(DecodeError) -> UInt64? {
    let start = valueStart
    switch try token() {
    case .number(let range), .string(let range, escaped: false):
      guard let value = decimal(range) else { throw error(at: start, expected()) }
      return value
    case .null: return nil
    default: throw error(at: start, expected())
    }
  }

  mutating func signed(_ expected: @autoclosure () -> String) throws(DecodeError) -> Int64? {
    let start = valueStart
    switch try token() {
    case .number(let range), .string(let range, escaped: false):
      guard !range.isEmpty, let value = scanner.integer(range), scanner.bytes[range.upperBound - 1] != 0x2D else {
        throw error(at: start, expected())
      }
      return value
    case .null: return nil
    default: throw error(at: start, expected())
    }
  }

  /// An index, a count: from 0 to below 2^62.
  mutating func index(_ expected: @autoclosure () -> String) throws(DecodeError) -> Int64? {
    let start = valueStart
    guard let value = try unsigned(expected()) else { return nil }
    guard value < WireLimits.largestIndex else { throw error(at: start, "\(expected()) below 2^62") }
    return Int64(value)
  }

  /// Where the next value begins.
  var valueStart: Int {
    var start = scanner.position
    while start < scanner.bytes.count, isSpace(scanner.bytes[start]) { start += 1 }
    return start
  }

  var position: Int { scanner.position }

  /// The bytes of the whole object.
  var bytes: UnsafeRawBufferPointer { scanner.bytes }

  /// What stands at `range` is wrong, or nothing stands where something should.
  func error(_ reason: RejectReason = .malformed, at start: Int, _ expected: String) -> DecodeError {
    DecodeError(reason, part: part, byteOffset: start, expected: expected, found: excerpt(scanner.bytes, at: start))
  }

  // MARK: leaves

  private mutating func token() throws(DecodeError) -> JSONScanner.Token {
    do throws(JSONError) { return try scanner.next() } catch { throw located(error) }
  }

  private func located(_ error: JSONError) -> DecodeError { DecodeError(error, part: part, in: scanner.bytes) }

  private func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D }

  func decimal(_ range: Range<Int>) -> UInt64? {
    guard !range.isEmpty else { return nil }
    var value: UInt64 = 0
    for index in range {
      let digit = UInt64(scanner.bytes[index]) &- 48
      guard digit < 10 else { return nil }
      let (tens, overflowed) = value.multipliedReportingOverflow(by: 10)
      let (sum, overflowedToo) = tens.addingReportingOverflow(digit)
      if overflowed || overflowedToo { return nil }
      value = sum
    }
    return value
  }
}

extension DecodeError {
  /// A text that is not the JSON it should be, as a part of a message.
  public init(_ error: JSONError, part: Int, in bytes: UnsafeRawBufferPointer) {
    self.init(
      .malformed, part: part, byteOffset: error.byteOffset, expected: error.expected,
      found: excerpt(bytes, at: error.byteOffset))
  }
}

/// A few characters of a text for an error, printable on a terminal.
func excerpt(_ bytes: UnsafeRawBufferPointer, at start: Int) -> String {
  guard start < bytes.count else { return "the end of the part" }
  let few = bytes[start..<min(bytes.count, start + 24)]
  return String(
    String.UnicodeScalarView(few.map { (0x20..<0x7F).contains($0) ? Unicode.Scalar($0) : "." }))
}
