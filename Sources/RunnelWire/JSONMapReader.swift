import RunnelCore

/// Goes down a JSON text and the tree of paths together; what no path leads to is passed over.
struct JSONMapReader {
  private var scanner: JSONScanner
  private var sink: FieldSink
  private let tree: FieldTree

  init(
    _ bytes: UnsafeRawBufferPointer, part: Int, limits: WireLimits, tree: FieldTree, values: FieldValues
  ) throws(DecodeError) {
    try limits.check(json: bytes, part: part)
    scanner = JSONScanner(bytes, depthLimit: limits.jsonDepth)
    sink = FieldSink(bytes: bytes, part: part, values: values, limits: limits)
    self.tree = tree
  }

  mutating func read() throws(DecodeError) {
    let start = valueStart
    guard try token() == .beginObject else { throw sink.wrong(start, "a JSON object") }
    try object(FieldTree.root, inList: false)
    do throws(JSONError) { try scanner.end() } catch { throw located(error) }
  }

  /// - Parameter inList: rows of one channel come one after the other here; elsewhere a channel has its value once.
  private mutating func value(_ node: Int, inList: Bool) throws(DecodeError) {
    let start = valueStart
    let target = tree.target(node)
    switch (try token(), target) {
    case (.beginObject, nil): try object(node, inList: inList)
    case (.beginArray, nil): try list(node, inList: inList)
    case (.beginArray, .channel?) where !inList: try column(node, start)
    case (.number(let range), let target?):
      let number = scanner.integer(range).map(FieldValues.Number.integer) ?? .real(scanner.double(range))
      try sink.take(number, target, inList: inList, start)
    case (.null, let target?): try sink.take(.missing, target, inList: inList, start)
    // A whole number too long for other readers is written as text.
    case (.string(let range, escaped: false), let target?) where target.isWhole && isWhole(range):
      guard let value = scanner.integer(range) else { throw sink.wrong(start, "a number") }
      try sink.take(.integer(value), target, inList: inList, start)
    case (_, nil): break
    default: throw sink.wrong(start, "a number")
    }
  }

  private mutating func object(_ node: Int, inList: Bool) throws(DecodeError) {
    var first = true
    while let (key, escaped) = try key(&first) {
      if let child = child(node, key, escaped: escaped) { try value(child, inList: inList) } else { try skip() }
    }
  }

  private mutating func list(_ node: Int, inList: Bool) throws(DecodeError) {
    var first = true
    var place = 0
    while try element(&first) {
      if let child = tree.child(node, place: place) {
        try value(child, inList: inList || tree.isEvery(child))
      } else {
        try skip()
      }
      place += 1
    }
  }

  /// A channel's values, one after the other.
  private mutating func column(_ node: Int, _ start: Int) throws(DecodeError) {
    guard let target = tree.target(node), sink.values.count(target) == 0 else {
      throw sink.wrong(start, "each key once")
    }
    var first = true
    while try element(&first) { try value(node, inList: true) }
  }

  // MARK: leaves

  private func child(_ node: Int, _ key: Range<Int>, escaped: Bool) -> Int? {
    let raw = UnsafeRawBufferPointer(rebasing: scanner.bytes[key])
    guard escaped else { return tree.child(node, key: raw) }
    var text = scanner.text(key, escaped: true)
    return text.withUTF8 { tree.child(node, key: UnsafeRawBufferPointer($0)) }
  }

  /// An integer without a sign before nothing.
  private func isWhole(_ range: Range<Int>) -> Bool {
    !range.isEmpty && scanner.bytes[range.upperBound - 1] != UInt8(ascii: "-")
  }

  /// Where the next value begins.
  private var valueStart: Int {
    var start = scanner.position
    while start < scanner.bytes.count, isSpace(scanner.bytes[start]) { start += 1 }
    return start
  }

  private func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D }

  private mutating func token() throws(DecodeError) -> JSONScanner.Token {
    do throws(JSONError) { return try scanner.next() } catch { throw located(error) }
  }

  private mutating func key(_ first: inout Bool) throws(DecodeError) -> (range: Range<Int>, escaped: Bool)? {
    do throws(JSONError) { return try scanner.key(first: &first) } catch { throw located(error) }
  }

  private mutating func element(_ first: inout Bool) throws(DecodeError) -> Bool {
    do throws(JSONError) { return try scanner.element(first: &first) } catch { throw located(error) }
  }

  private mutating func skip() throws(DecodeError) {
    do throws(JSONError) { try scanner.skipValue() } catch { throw located(error) }
  }

  private func located(_ error: JSONError) -> DecodeError {
    DecodeError(error, part: sink.part, in: scanner.bytes)
  }
}
