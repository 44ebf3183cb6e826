import RunnelCore
import RunnelWire
import RunnelZeroMQ

/// Subscribes to labels and tells what comes, what was lost, and why nothing comes.
///
///     let watcher = try LabelWatcher("tcp://127.0.0.1:9872", filter: LabelFilter(stream: "bed7"))
///     try watcher.run(stop: signal.fileDescriptor) { event in
///       if case .label(let label, let json) = event { … }
///       return true                                  // false ends it
///     }
///
/// It belongs to the thread that runs it. It only subscribes, so it never delays the daemon.
public final class LabelWatcher {
  public enum Event {
    /// A label, event or status that the filter shows, and its JSON as it came, valid during the call.
    case label(LabelMessage, json: UnsafeRawBufferPointer)
    case notice(LabelLedger.Notice)
    /// Something that is no label message came; each reason is told once.
    case rejected(DecodeError)
    case connection(PeerStatus)
    /// Not one message, heartbeats included, for the given time; told once per silence.
    case silence(String)
  }

  public let endpoint: String
  public private(set) var ledger = LabelLedger()
  public private(set) var peer = PeerStatus()
  public private(set) var rejected: Int64 = 0

  private let context = ZeroMQContext()
  private let filter: LabelFilter
  private let socket: Socket
  private var monitor: SocketMonitor
  private var receiver = MultipartReceiver()
  private let decoder = LabelDecoder()
  private let clock: Clock
  private var lastMessage: Int64
  private var silenceTold = false
  private var told: Set<RejectReason> = []

  /// After this much silence it says what it is connected to.
  public static let silence: Int64 = 3_000_000_000

  /// - Throws: `ServiceError`: 64 for an endpoint or a name that cannot be.
  public init(_ endpoint: String, filter: LabelFilter = LabelFilter(), clock: Clock = .system) throws(ServiceError) {
    self.filter = filter
    self.clock = clock
    lastMessage = clock.monotonic()
    let prefix: String
    do throws(TopicError) { prefix = try filter.prefix() } catch {
      throw ServiceError(.usage, "no topic can carry these names: expected \(error.expected)")
    }
    do throws(ZeroMQError) {
      socket = try Socket(.sub, in: context)
      monitor = try SocketMonitor(of: socket, in: context)
      try socket.subscribe(prefix)
      self.endpoint = try socket.connect(endpoint)
    } catch { throw ServiceError(error) }
  }

  /// Goes on until `body` returns false, `stop` becomes readable, or so many seconds have passed.
  public func run(
    stop: Int32? = nil, seconds: Double? = nil, _ body: (Event) throws -> Bool
  ) throws {
    var poller = Poller()
    let arriving = poller.add(socket)
    let connections = poller.add(monitor)
    let stopping = stop.map { poller.add(fileDescriptor: $0) }
    let end = seconds.map { clock.monotonic() + Int64($0 * 1e9) } ?? .max
    lastMessage = clock.monotonic()
    while true {
      let now = clock.monotonic()
      guard now < end else { return }
      if let event = silence(at: now), try !body(event) { return }
      let wake = min(end, silenceTold ? .max : lastMessage + Self.silence)
      let pause = wake == .max ? -1 : Int((max(0, wake - now) + 999_999) / 1_000_000)
      try poller.wait(milliseconds: pause)
      if let stopping, poller.ready(stopping).contains(.readable) { return }
      if poller.ready(connections).contains(.readable), try !tellConnections(body) { return }
      if poller.ready(arriving).contains(.readable), try !receive(body) { return }
    }
  }

  /// Messages taken before clock and signals are looked at again.
  private static let turn = 256

  private func receive(_ body: (Event) throws -> Bool) throws -> Bool {
    for _ in 0..<Self.turn {
      switch try receiver.receive(from: socket) {
      case .nothing: return true
      case .message(let parts):
        arrived()
        let message: LabelMessage
        do throws(DecodeError) { message = try decoder.decode(parts) } catch {
          if try !reject(error, body) { return false }
          continue
        }
        if try !take(message, json: parts[1], body) { return false }
      case .tooManyParts(let count, _):
        arrived()
        let error = DecodeError(
          .parts, part: MultipartReceiver.partLimit, byteOffset: 0, expected: "2 parts: topic and JSON",
          found: "\(count) parts")
        if try !reject(error, body) { return false }
      }
    }
    return true
  }

  private func reject(_ error: DecodeError, _ body: (Event) throws -> Bool) throws -> Bool {
    rejected += 1
    return try !told.insert(error.reason).inserted || body(.rejected(error))
  }

  private func arrived() {
    lastMessage = clock.monotonic()
    silenceTold = false
  }

  private func take(
    _ message: LabelMessage, json: UnsafeRawBufferPointer, _ body: (Event) throws -> Bool
  ) throws -> Bool {
    guard filter.covers(message), case .taken(let notices) = ledger.enter(message) else { return true }
    for notice in notices {
      if try !body(.notice(notice)) { return false }
    }
    return filter.shows(message) ? try body(.label(message, json: json)) : true
  }

  private func tellConnections(_ body: (Event) throws -> Bool) throws -> Bool {
    while let report = try monitor.next() {
      let before = peer.state
      peer.note(report.event)
      if peer.state != before, try !body(.connection(peer)) { return false }
    }
    return true
  }

  private func silence(at now: Int64) -> Event? {
    guard !silenceTold, now - lastMessage >= Self.silence else { return nil }
    silenceTold = true
    return .silence(Self.explanation(of: peer, endpoint: endpoint, hasSeen: ledger.topics > 0, filter: filter))
  }

  /// What a silence means, as far as the connection tells.
  static func explanation(of peer: PeerStatus, endpoint: String, hasSeen: Bool, filter: LabelFilter) -> String {
    let sentence = peer.sentence(of: endpoint, kind: .sub)
    guard peer.state == .connected else { return sentence + (peer.state == .gone ? "" : "; trying again") }
    if hasSeen { return "\(sentence), but its heartbeats have stopped too: does the daemon hang?" }
    let isFiltered = filter.stream != nil || filter.pipeline != nil || filter.channel != nil
    return sentence
      + (isFiltered
        ? ", but nothing comes under these names: watch without --stream, --pipeline and --channel shows all"
        : ", but there is no label yet: does a publisher send? `runnel status` tells what the daemon receives, and "
          + "`runnel discover` with the publisher's endpoint what is sent")
  }
}
