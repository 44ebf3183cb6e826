import RunnelCore
import RunnelPipeline

@testable import RunnelWire

/// Messages written by hand to one stream, and a listener that writes down what it hears.
final class Publisher {
  final class Notebook: StreamListener {
    var heard: [String] = []
    var notes: [AdmissionEvent] = []
    /// Indexes at which the stream was called stale.
    var stale: [Int64] = []
    var refuse: (Session) -> Refusal? = { _ in nil }

    func start(_ session: Session, stream: Int) -> Refusal? {
      let refusal = refuse(session)
      let epoch = session.epoch.map { " epoch \($0)" } ?? ""
      heard.append("\(refusal == nil ? "start" : "refuse")\(epoch) \(session.cause.rawValue) at \(session.start)")
      return refusal
    }
    func chunk(_ chunk: Chunk, rows: Range<Int>, first: Int64, timestamp: Int64?, stream: Int) {
      heard.append("rows \(first)..<\(first + Int64(rows.count))" + (timestamp.map { " t \($0)" } ?? ""))
    }
    func gap(_ range: Range<Int64>, stream: Int) { heard.append("gap \(range)") }
    func unknownGap(at index: Int64, stream: Int) { heard.append("unknown gap at \(index)") }
    func end(at index: Int64, stream: Int) { heard.append("end at \(index)") }
    func stale(at index: Int64, stream: Int) { stale.append(index) }
    func note(_ event: AdmissionEvent, of stream: StreamIdentity) { notes.append(event) }
  }

  let notebook = Notebook()
  var stream: StreamAdmission
  /// Monotonic ns.
  var now: Int64 = 0

  init(channels: [String]? = nil, rate: Double? = nil, _ change: (inout StreamPolicy) -> Void = { _ in }) {
    var policy = StreamPolicy(input: "in", rate: rate, channels: channels?.map { Channel(name: $0) })
    change(&policy)
    let identity = StreamIdentity(input: "in", endpoint: "test", stream: "bed7")
    stream = StreamAdmission(identity: identity, index: 0, policy: policy)
  }

  /// What was heard since the last time.
  var heard: [String] {
    defer { notebook.heard = [] }
    return notebook.heard
  }

  var accounting: Accounting { stream.accounting }

  func describe(
    _ epoch: UInt64? = 1, rate: Double? = 100, channels: [String] = ["A"], unit: String? = nil, subject: String? = nil
  ) {
    let description = StreamDescription(
      stream: "bed7", epoch: epoch, rate: rate, channels: channels.map { Channel(name: $0, unit: unit) },
      subject: subject)
    stream.admit(description, now: now, to: notebook)
  }

  func send(
    _ rows: Int, epoch: UInt64? = 1, first: Int64? = nil, sequence: UInt64? = nil, rate: Double? = 100,
    channels: Int = 1, timestamp: Int64? = nil, jump: Bool = false, rateHolds: Bool = false
  ) {
    let values = [Int16](repeating: 7, count: rows * channels)
    values.withUnsafeBytes { payload in
      let chunk = Chunk(payload: payload, element: .int16, rows: rows, channels: channels)
      stream.admit(
        SampleMessage(
          epoch: epoch, sequence: sequence, first: first, timestamp: timestamp, rate: rate, rateHolds: rateHolds,
          discontinuity: jump, chunk: chunk), now: now, to: notebook)
    }
  }

  func beat(_ epoch: UInt64 = 1, next: Int64, sequence: UInt64 = 0) {
    let none = UnsafeRawBufferPointer(start: nil, count: 0)
    stream.admit(
      Heartbeat(
        topic: none, epoch: epoch, nextSequence: sequence, nextIndex: next, oldestSequence: 0, droppedMessages: 0,
        replayEndpointBytes: none, rate: 100, channels: 1), now: now, to: notebook)
  }

  func end(_ epoch: UInt64 = 1, at index: Int64, sequence: UInt64 = 0) {
    let none = UnsafeRawBufferPointer(start: nil, count: 0)
    stream.admit(
      EndOfStream(topic: none, epoch: epoch, nextSequence: sequence, nextIndex: index), now: now, to: notebook)
  }

  /// Lets so many milliseconds pass.
  func wait(_ milliseconds: Int64) {
    now += milliseconds * 1_000_000
    stream.tick(now: now, to: notebook)
  }
}
