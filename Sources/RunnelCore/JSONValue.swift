/// A JSON text as a tree, its keys in their order. A duplicate key is an error: two readers would disagree about it.
public enum JSONValue: Sendable, Equatable {
  case null
  case bool(Bool)
  case integer(Int64)
  case number(Double)
  case string(String)
  case array([JSONValue])
  case object([Member])

  public struct Member: Sendable, Equatable {
    public var key: String
    public var value: JSONValue
    public init(_ key: String, _ value: JSONValue) {
      self.key = key
      self.value = value
    }
  }

  public init(parsing bytes: UnsafeRawBufferPointer, depthLimit: Int = 16) throws(JSONError) {
    var scanner = JSONScanner(bytes, depthLimit: depthLimit)
    self = try Self.value(&scanner)
    try scanner.end()
  }

  public init(parsing text: String, depthLimit: Int = 16) throws(JSONError) {
    let bytes = Array(text.utf8)
    let parsed: Result<JSONValue, JSONError> = bytes.withUnsafeBytes { raw in
      do throws(JSONError) { return .success(try JSONValue(parsing: raw, depthLimit: depthLimit)) } catch {
        return .failure(error)
      }
    }
    self = try parsed.get()
  }

  public subscript(key: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.key == key }?.value
  }

  public var string: String? { if case .string(let text) = self { text } else { nil } }
  public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
  public var array: [JSONValue]? { if case .array(let items) = self { items } else { nil } }
  public var members: [Member]? { if case .object(let members) = self { members } else { nil } }

  /// An integer, also when written as 3.0 or 3e2.
  public var integer: Int64? {
    switch self {
    case .integer(let value): value
    case .number(let value): Int64(exactly: value)
    default: nil
    }
  }

  /// Any number.
  public var number: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    default: nil
    }
  }

  /// What kind of value this is, for errors.
  public var kind: String {
    switch self {
    case .null: "null"
    case .bool: "a boolean"
    case .integer, .number: "a number"
    case .string: "a string"
    case .array: "an array"
    case .object: "an object"
    }
  }

  private static func value(_ scanner: inout JSONScanner) throws(JSONError) -> JSONValue {
    switch try scanner.next() {
    case .null: return .null
    case .bool(let value): return .bool(value)
    case .number(let range):
      if let integer = scanner.integer(range) { return .integer(integer) }
      return .number(scanner.double(range))
    case .string(let range, let escaped): return .string(scanner.text(range, escaped: escaped))
    case .beginArray:
      var items: [JSONValue] = []
      var first = true
      while try scanner.element(first: &first) { items.append(try value(&scanner)) }
      return .array(items)
    case .beginObject:
      var members: [Member] = []
      var seen: Set<String> = []
      var first = true
      while let (range, escaped) = try scanner.key(first: &first) {
        let key = scanner.text(range, escaped: escaped)
        guard seen.insert(key).inserted else { throw JSONError(repeated: key, at: range.lowerBound) }
        members.append(Member(key, try value(&scanner)))
      }
      return .object(members)
    case .endObject, .endArray: throw JSONError(scanner.position - 1, "a value")
    }
  }
}
