import RunnelCore

/// Goes down a MessagePack map and the tree of paths together (github.com/msgpack/msgpack); what no path leads
/// to is passed over.
struct MessagePackReader {
  private var scanner: MessagePackScanner
  private var sink: FieldSink
  private let tree: FieldTree

  init(
    _ bytes: UnsafeRawBufferPointer, part: Int, limits: WireLimits, tree: FieldTree, values: FieldValues
  ) throws(DecodeError) {
    scanner = MessagePackScanner(bytes, part: part, depthLimit: limits.jsonDepth)
    sink = FieldSink(bytes: bytes, part: part, values: values, limits: limits)
    self.tree = tree
  }

  mutating func read() throws(DecodeError) {
    guard case .map(let count) = try scanner.next() else { throw sink.wrong(0, "a MessagePack map") }
    try map(count, FieldTree.root, inList: false)
    guard scanner.position == scanner.bytes.count else {
      throw sink.wrong(scanner.position, "the end of the part")
    }
  }

  /// - Parameter inList: rows of one channel come one after the other here; elsewhere a channel has its value once.
  private mutating func value(_ node: Int, inList: Bool) throws(DecodeError) {
    let start = scanner.position
    let target = tree.target(node)
    switch (try scanner.next(), target) {
    case (.map(let count), nil): try map(count, node, inList: inList)
    case (.list(let count), nil): try list(count, node, inList: inList)
    case (.list(let count), .channel?) where !inList: try column(count, node, start)
    case (.integer(let value), let target?): try sink.take(.integer(value), target, inList: inList, start)
    case (.unsigned(let value), let target?): try sink.take(.unsigned(value), target, inList: inList, start)
    case (.real(let value), let target?): try sink.take(.real(value), target, inList: inList, start)
    case (.null, let target?): try sink.take(.missing, target, inList: inList, start)
    case (.extended(let type, let range), .time?): try time(type, range, start)
    case (_, nil): break
    default: throw sink.wrong(start, "a number")
    }
  }

  private mutating func map(_ count: Int, _ node: Int, inList: Bool) throws(DecodeError) {
    try scanner.enter()
    for _ in 0..<count {
      if case .text(let key) = try scanner.key(),
        let child = tree.child(node, key: UnsafeRawBufferPointer(rebasing: scanner.bytes[key]))
      {
        try value(child, inList: inList)
      } else {
        try scanner.skip()
      }
    }
    scanner.leave()
  }

  private mutating func list(_ count: Int, _ node: Int, inList: Bool) throws(DecodeError) {
    try scanner.enter()
    for place in 0..<count {
      if let child = tree.child(node, place: place) {
        try value(child, inList: inList || tree.isEvery(child))
      } else {
        try scanner.skip()
      }
    }
    scanner.leave()
  }

  /// A channel's values, one after the other.
  private mutating func column(_ count: Int, _ node: Int, _ start: Int) throws(DecodeError) {
    guard let target = tree.target(node), sink.values.count(target) == 0 else {
      throw sink.wrong(start, "each key once")
    }
    for _ in 0..<count { try value(node, inList: true) }
  }

  /// MessagePack's own timestamp, extension type −1: seconds, or nanoseconds and seconds in one or two numbers.
  private mutating func time(_ type: Int8, _ range: Range<Int>, _ start: Int) throws(DecodeError) {
    guard type == -1, let time = scanner.timestamp(range), time.magnitude < WireLimits.largestIndex else {
      throw sink.wrong(start, "a time within 146 years of its zero")
    }
    sink.values.take(timestamp: time)
  }
}
