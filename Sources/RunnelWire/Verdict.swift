import RunnelCore

/// What happened to a stream that its samples do not say: a session that began, what was found to be missing, what a clock
/// or a connection decided. Messages of topic `j/<stream>/`, one JSON object, written where a daemon is recorded and obeyed
/// where the recording is labelled (law 4).
///
///     {"v":1,"kind":"session","input":"beds","number":0,"stream":"bed7","endpoint":"tcp://…","epoch":"5","cause":"first",
///      "start":0,"level":"sequenced"}
///     {"v":1,"kind":"gap","input":"beds","number":0,"first":720,"end":1080}
///     {"v":1,"kind":"gap","input":"beds","number":0,"at":1440}
///     {"v":1,"kind":"end","input":"beds","number":0,"at":21600}
///
/// `number` is the stream's in the daemon: one session follows another under it. A gap without an end is of unknown length.
/// What the samples of a session mean stands in the description of topic `m/<stream>/` before it.
public struct Verdict: Sendable, Equatable {
  public enum Kind: Sendable, Equatable {
    case session(Start)
    /// These rows did not come.
    case gap(Range<Int64>)
    /// Something is missing before this row, nobody knows how much.
    case unknownGap(at: Int64)
    /// The publisher said that nothing follows.
    case end(at: Int64)
    /// Nothing has come for longer than `stale_after`; this row would be next.
    case stale(at: Int64)
    /// The daemon was stopped: what waited for more rows got none.
    case drain
    /// So many events that belong here were not recorded, for the recorder was too slow.
    case overflow(UInt64)
  }

  /// How a session begins.
  public struct Start: Sendable, Equatable {
    public var stream: String
    public var endpoint: String
    public var epoch: UInt64?
    /// As the `reason` of a `start` status.
    public var cause: String
    /// The first row that is heard.
    public var start: Int64
    public var level: Level
    /// The session was under way when the recording began: the daemon's state then is not in it.
    public var isJoined: Bool
    /// The daemon could not read it: the session before it ended here, and of this one nothing was admitted.
    public var isRefused: Bool

    public init(
      stream: String, endpoint: String, epoch: UInt64?, cause: String, start: Int64, level: Level,
      isJoined: Bool = false, isRefused: Bool = false
    ) {
      self.stream = stream
      self.endpoint = endpoint
      self.epoch = epoch
      self.cause = cause
      self.start = start
      self.level = level
      self.isJoined = isJoined
      self.isRefused = isRefused
    }
  }

  public var kind: Kind
  /// The input's name in the configuration.
  public var input: String
  public var number: Int

  public init(_ kind: Kind, input: String, number: Int) {
    self.kind = kind
    self.input = input
    self.number = number
  }

  // MARK: writing

  private var name: String {
    switch kind {
    case .session: "session"
    case .gap, .unknownGap: "gap"
    case .end: "end"
    case .stale: "stale"
    case .drain: "drain"
    case .overflow: "overflow"
    }
  }

  public func write(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.pair("v", 1)
    writer.pair("kind", name)
    writer.pair("input", input)
    writer.pair("number", number)
    switch kind {
    case .session(let start): start.write(to: &writer)
    case .gap(let range):
      writer.pair("first", range.lowerBound)
      writer.pair("end", range.upperBound)
    case .unknownGap(let at), .end(let at), .stale(let at):
      writer.pair("at", at)
    case .drain: break
    case .overflow(let events):
      writer.pair("events", Int64(clamping: events))
    }
    writer.endObject()
  }

  // MARK: reading

  /// - Throws: with the byte where the JSON is none, else with what is wanted of it.
  public init(_ json: UnsafeRawBufferPointer) throws(DecodeError) {
    let value: JSONValue
    do throws(JSONError) { value = try JSONValue(parsing: json, depthLimit: 4) } catch {
      throw DecodeError(
        .malformed, part: 1, byteOffset: error.byteOffset, expected: error.expected, found: excerpt(json, at: 0))
    }
    func wrong(_ expected: String) -> DecodeError {
      DecodeError(.malformed, part: 1, byteOffset: 0, expected: expected, found: excerpt(json, at: 0))
    }
    guard value["v"]?.integer == 1 else { throw wrong("\"v\": 1") }
    guard let kind = value["kind"]?.string, let input = value["input"]?.string,
      let number = value["number"]?.integer.flatMap({ Int(exactly: $0) }), (0..<1 << 20).contains(number)
    else { throw wrong("a verdict's kind, input and number") }
    self.input = input
    self.number = number
    /// A place in a stream.
    func index(_ key: String) -> Int64? {
      value[key]?.integer.flatMap { $0 >= 0 && UInt64($0) < WireLimits.largestIndex ? $0 : nil }
    }
    switch kind {
    case "session":
      guard let start = Start(value, at: index("start")) else { throw wrong("how a session begins") }
      self.kind = .session(start)
    case "gap":
      if let first = index("first"), let end = index("end"), first <= end {
        self.kind = .gap(first..<end)
      } else if let at = index("at") {
        self.kind = .unknownGap(at: at)
      } else {
        throw wrong("where a gap is")
      }
    case "end", "stale":
      guard let at = index("at") else { throw wrong("where it happened") }
      self.kind = kind == "end" ? .end(at: at) : .stale(at: at)
    case "drain": self.kind = .drain
    case "overflow": self.kind = .overflow(UInt64(clamping: value["events"]?.integer ?? 0))
    default: throw wrong("a verdict of session, gap, end, stale, drain or overflow")
    }
  }
}

extension Verdict.Start {
  fileprivate func write(to writer: inout JSONWriter) {
    writer.pair("stream", stream)
    writer.pair("endpoint", endpoint)
    writer.pair("cause", cause)
    writer.pair("level", level.rawValue)
    if let epoch {
      writer.key("epoch")
      writer.writeQuoted(epoch)
    }
    writer.pair("start", start)
    if isJoined { writer.pair("joined", true) }
    if isRefused { writer.pair("refused", true) }
  }

  fileprivate init?(_ value: JSONValue, at start: Int64?) {
    guard let stream = value["stream"]?.string, let endpoint = value["endpoint"]?.string,
      let cause = value["cause"]?.string, let level = value["level"]?.string.flatMap(Level.init), let start
    else { return nil }
    let epoch = value["epoch"]?.string
    if let epoch, UInt64(epoch) == nil { return nil }
    self.init(
      stream: stream, endpoint: endpoint, epoch: epoch.flatMap { UInt64($0) }, cause: cause, start: start, level: level,
      isJoined: value["joined"]?.bool ?? false, isRefused: value["refused"]?.bool ?? false)
  }
}
