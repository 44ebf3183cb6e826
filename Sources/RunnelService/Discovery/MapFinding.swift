import RunnelCore
import RunnelWire

/// What a JSON or MessagePack map of unknown meaning could be: which paths lead to numbers, and which of their names
/// say that they tell the time or count messages.
public struct MapFinding: Sendable {
  /// In their order; at most sixty-four.
  public private(set) var channels: [String] = []
  public private(set) var time: String?
  /// As the size of the number tells; nil where it could be any.
  public private(set) var timeUnit: TimeUnit?
  public private(set) var sequence: String?
  public private(set) var index: String?
  /// Rows of one message: the longest list of numbers.
  public private(set) var rows = 1

  private static let timeNames: Set<String> = ["t", "time", "timestamp", "ts", "t_ns", "stamp", "time_s", "unix_time"]
  private static let sequenceNames: Set<String> = [
    "seq", "sequence", "counter", "message_num", "msg_id", "frame_id", "n",
  ]
  private static let indexNames: Set<String> = ["first", "index", "sample_index", "sample_num", "offset"]
  /// A longer list is a channel's rows; a shorter one is a vector, such as a position.
  private static let longestVector = 4
  private static let limit = 64

  public init() {}

  /// - Parameter map: the first message of its topic.
  init(_ map: JSONValue) { note(map, path: "", name: "") }

  private mutating func note(_ value: JSONValue, path: String, name: String) {
    // What a configuration cannot say is left out.
    guard path.isEmpty || path.isChannelName && (try? FieldPath(path)) != nil else { return }
    switch value {
    case .object(let members):
      var seen: Set<String> = []
      for member in members where !member.key.isEmpty && seen.insert(member.key).inserted {
        note(member.value, path: Self.joined(path, member.key), name: member.key)
      }
    case .array(let items):
      let isNumbers = !items.isEmpty && items.allSatisfy { $0.number != nil || $0.kind == JSONValue.null.kind }
      if isNumbers, items.count > Self.longestVector {
        rows = max(rows, items.count)
        add(path)
      } else if items.count > Self.longestVector, let width = Self.width(items) {
        rows = max(rows, items.count)
        for place in 0..<width { add(Self.joined(path, "*", isPath: true) + ".\(place)") }
      } else if items.count <= Self.longestVector {
        for (place, item) in items.enumerated() { note(item, path: Self.joined(path, String(place)), name: name) }
      }
    case .integer, .number: note(value.number ?? 0, path: path, name: name)
    case .null, .bool, .string: break
    }
  }

  private mutating func note(_ number: Double, path: String, name: String) {
    let folded = name.lowercased()
    if Self.timeNames.contains(folded), time == nil {
      time = path
      // A time of this century, in whichever unit it is one.
      timeUnit =
        [(TimeUnit.seconds, 1e9), (.milliseconds, 1e12), (.microseconds, 1e15), (.nanoseconds, 1e18)]
        .first { (0.9...4).contains(number / $0.1) }?.0
    } else if Self.sequenceNames.contains(folded), sequence == nil, number.rounded() == number {
      sequence = path
    } else if Self.indexNames.contains(folded), index == nil, number.rounded() == number {
      index = path
    } else {
      add(path)
    }
  }

  private mutating func add(_ path: String) { if channels.count < Self.limit { channels.append(path) } }

  /// Of rows that are lists of so many numbers, all alike.
  private static func width(_ rows: [JSONValue]) -> Int? {
    let width = rows.first?.array?.count ?? 0
    let isTable = rows.allSatisfy { row in
      row.array.map { $0.count == width && $0.allSatisfy { $0.number != nil } } ?? false
    }
    return isTable && width > 0 && width <= limit ? width : nil
  }

  private static func joined(_ path: String, _ key: String, isPath: Bool = false) -> String {
    let name =
      isPath
      ? key
      : key.unicodeScalars.reduce(into: "") { text, scalar in
        if scalar == "." || scalar == "\\" || scalar == "*" { text.unicodeScalars.append("\\") }
        text.unicodeScalars.append(scalar)
      }
    return path.isEmpty ? name : "\(path).\(name)"
  }
}

extension JSONValue {
  /// A MessagePack map as a tree; what JSON has no word for is null. Nil where the bytes are none.
  init?(messagePack bytes: UnsafeRawBufferPointer) {
    var scanner = MessagePackScanner(bytes)
    guard MessagePackScanner.isMap(bytes), let value = try? Self.next(&scanner) else { return nil }
    self = value
  }

  private static func next(_ scanner: inout MessagePackScanner) throws(DecodeError) -> JSONValue {
    switch try scanner.next() {
    case .map(let count):
      var members: [Member] = []
      for _ in 0..<count {
        guard case .text(let range) = try scanner.key() else {
          try scanner.skip()
          continue
        }
        members.append(Member(text(range, scanner), try next(&scanner)))
      }
      return .object(members)
    case .list(let count):
      var items: [JSONValue] = []
      for _ in 0..<count { items.append(try next(&scanner)) }
      return .array(items)
    case .integer(let value): return .integer(value)
    case .unsigned(let value): return .number(Double(value))
    case .real(let value): return .number(value)
    case .bool(let value): return .bool(value)
    case .text(let range): return .string(text(range, scanner))
    case .binary, .extended, .null: return .null
    }
  }

  private static func text(_ range: Range<Int>, _ scanner: MessagePackScanner) -> String {
    String(decoding: UnsafeRawBufferPointer(rebasing: scanner.bytes[range]), as: UTF8.self)
  }
}
