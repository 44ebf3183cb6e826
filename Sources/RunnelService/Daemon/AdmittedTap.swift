import RunnelCore
import RunnelPipeline
import RunnelWire

/// Stands between admission and the lanes: hands everything on, and tells it to whoever records this daemon, in the order
/// in which the lanes hear it (law 4).
///
///     admission ─▶ tap ─▶ lanes
///                   └──▶ control connections of recorders, 16 MiB each
///
/// Nothing here waits: what finds no room is left out, counted, and said in the recording. Where nobody records it costs
/// one call a chunk.
final class AdmittedTap: LaneOwner {
  private let lanes: any LaneOwner
  private let clock: Clock
  private var streams: [TappedStream?] = []
  /// Names under which streams are recorded; two of one name are told apart.
  private var names: [String: Int] = [:]
  private var recorders: [Recorder] = []
  private var arrivedAt: Int64?
  private var lastEpoch: UInt64 = 0
  private var nextSign: Int64 = 0
  private var json = JSONWriter()
  private var bytes: [UInt8] = []

  private final class Recorder {
    let connection: ControlConnection
    /// Events that found no room since the last that did.
    var missed: UInt64 = 0
    init(_ connection: ControlConnection) { self.connection = connection }
  }

  /// A recorder that hears nothing for longer takes the daemon for dead.
  private static let signEvery: Int64 = 1_000_000_000

  init(_ lanes: any LaneOwner, clock: Clock) {
    self.lanes = lanes
    self.clock = clock
  }

  // MARK: recorders

  /// Whoever asked hears what is admitted from now on, sessions that are under way first.
  func add(_ connection: ControlConnection) {
    connection.stream()
    recorders.append(Recorder(connection))
    _ = connection.offer(Array("{\"recording\":true}".utf8))
    for (number, stream) in streams.enumerated() {
      if let stream, !stream.isOver { announce(stream, number, isJoined: true, to: recorders.suffix(1)) }
    }
  }

  /// Time passes: recorders that are gone are forgotten, and the others learn that the daemon lives.
  func tick(now: Int64) {
    recorders.removeAll { !$0.connection.isOpen }
    guard now >= nextSign else { return }
    nextSign = now + Self.signEvery
    for recorder in recorders { _ = recorder.connection.offer(Array("{\"alive\":true}".utf8)) }
  }

  /// Nothing more will be told.
  func close() {
    for recorder in recorders {
      _ = recorder.connection.offer(Array("{\"ended\":true}".utf8))
      recorder.connection.endStream()
    }
    recorders.removeAll()
  }

  // MARK: LaneOwner

  var laneCount: Int { lanes.laneCount }
  var observe: (AdmissionEvent, StreamIdentity) -> Void {
    get { lanes.observe }
    set { lanes.observe = newValue }
  }

  func drain() {
    lanes.drain()
    for number in streams.indices { tell(.drain, number) }
  }

  func addStream() -> Int {
    let number = lanes.addStream()
    while streams.count <= number { streams.append(nil) }
    return number
  }

  func arrive(monotonic: Int64, unix: Int64?) {
    arrivedAt = unix
    lanes.arrive(monotonic: monotonic, unix: unix)
  }

  func start(_ session: Session, stream number: Int) -> Refusal? {
    let refusal = lanes.start(session, stream: number)
    // An epoch tells the sessions apart in the recording, where the format has none.
    lastEpoch = max(lastEpoch + 1, UInt64(clamping: clock.unix()))
    let stream = TappedStream(session, name: name(of: session.stream, number), epoch: session.epoch ?? lastEpoch)
    streams[number] = stream
    announce(stream, number, isRefused: refusal != nil, to: recorders[...])
    // The lanes have left the session before it, so a recording says so; of this one it has no more.
    if refusal != nil { streams[number] = nil }
    return refusal
  }

  func chunk(_ chunk: Chunk, rows: Range<Int>, first: Int64, timestamp: Int64?, stream number: Int) {
    lanes.chunk(chunk, rows: rows, first: first, timestamp: timestamp, stream: number)
    guard let stream = streams[number] else { return }
    stream.next = first + Int64(rows.count)
    guard !recorders.isEmpty else { return }
    stream.encode(chunk, rows: rows, first: first, timestamp: timestamp, into: &bytes)
    bytes.withUnsafeBytes { offer($0, topic: stream.samplesTopic, at: arrivedAt, number, to: recorders[...]) }
  }

  func gap(_ range: Range<Int64>, stream: Int) {
    lanes.gap(range, stream: stream)
    streams[stream]?.next = range.upperBound
    tell(.gap(range), stream)
  }

  func unknownGap(at index: Int64, stream: Int) {
    lanes.unknownGap(at: index, stream: stream)
    tell(.unknownGap(at: index), stream)
  }

  func end(at index: Int64, stream: Int) {
    lanes.end(at: index, stream: stream)
    streams[stream]?.isOver = true
    tell(.end(at: index), stream)
  }

  func stale(at index: Int64, stream: Int) {
    lanes.stale(at: index, stream: stream)
    tell(.stale(at: index), stream)
  }

  func note(_ event: AdmissionEvent, of stream: StreamIdentity) { lanes.note(event, of: stream) }

  // MARK: telling

  private func name(of stream: StreamIdentity, _ number: Int) -> String {
    // A name that no topic can carry is not a publisher's of runnel.
    let wanted = (try? Topic.samples(stream.stream)) == nil ? "stream" : stream.stream
    var name = wanted
    var count = 1
    while names[name, default: number] != number {
      count += 1
      name = "\(wanted)@\(count)"
    }
    names[name] = number
    return name
  }

  private func announce(
    _ stream: TappedStream, _ number: Int, isJoined: Bool = false, isRefused: Bool = false,
    to recorders: ArraySlice<Recorder>
  ) {
    guard !recorders.isEmpty else { return }
    let description = stream.description
    json.clear()
    description.write(to: &json)
    json.withBytes { offer($0, topic: stream.descriptionTopic, at: nil, number, to: recorders) }
    let session = stream.session
    tell(
      .session(
        Verdict.Start(
          stream: session.stream.stream, endpoint: session.stream.endpoint, epoch: session.epoch,
          cause: session.cause.rawValue, start: isJoined ? stream.next : session.start, level: session.level,
          isJoined: isJoined, isRefused: isRefused)), number, to: recorders)
  }

  private func tell(_ kind: Verdict.Kind, _ number: Int) { tell(kind, number, to: recorders[...]) }

  private func tell(_ kind: Verdict.Kind, _ number: Int, to recorders: ArraySlice<Recorder>) {
    guard let stream = streams[number], !recorders.isEmpty else { return }
    json.clear()
    Verdict(kind, input: stream.session.stream.input, number: number).write(to: &json)
    json.withBytes { offer($0, topic: stream.verdictsTopic, at: nil, number, to: recorders) }
  }

  /// - Parameter time: Unix ns of its arrival; nil: now.
  private func offer(
    _ body: UnsafeRawBufferPointer, topic: String, at time: Int64?, _ number: Int, to recorders: ArraySlice<Recorder>
  ) {
    let line = Self.line(topic, time ?? clock.unix(), body.count)
    for recorder in recorders {
      if recorder.missed > 0 {
        guard sayMissed(recorder, number) else {
          recorder.missed += 1
          continue
        }
        recorder.missed = 0
      }
      if !recorder.connection.offer(line, bytes: body) { recorder.missed += 1 }
    }
  }

  private func sayMissed(_ recorder: Recorder, _ number: Int) -> Bool {
    guard let stream = streams[number] else { return false }
    var json = JSONWriter()
    Verdict(.overflow(recorder.missed), input: stream.session.stream.input, number: number).write(to: &json)
    return json.withBytes { body in
      recorder.connection.offer(Self.line(stream.verdictsTopic, clock.unix(), body.count), bytes: body)
    }
  }

  private static func line(_ topic: String, _ time: Int64, _ size: Int) -> [UInt8] {
    var json = JSONWriter()
    json.beginObject()
    json.key("topic")
    json.write(topic)
    json.key("time")
    json.writeQuoted(time)
    json.key("bytes")
    json.write(size)
    json.endObject()
    return json.bytes
  }
}

/// One stream as it is told of: its session, and the encoder of its rows.
private final class TappedStream {
  let session: Session
  let samplesTopic: String
  let descriptionTopic: String
  let verdictsTopic: String
  let description: StreamDescription
  var next: Int64
  var isOver = false
  private let epoch: UInt64
  private var encoder: RunnelEncoder?
  private var sequence: UInt64 = 0
  private var rows: [UInt8] = []

  init(_ session: Session, name: String, epoch: UInt64) {
    self.session = session
    self.epoch = epoch
    next = session.start
    let rate = session.rate == 0 || WireLimits.rates.contains(session.rate) ? session.rate : 0
    description = StreamDescription(
      stream: name, epoch: epoch, rate: rate, channels: session.channels, subject: session.subject,
      synthetic: session.synthetic ? true : nil)
    guard let samples = try? Topic.samples(name), let described = try? Topic.description(name),
      let verdicts = try? Topic.verdicts(name)
    else { preconditionFailure("the name was chosen so that a topic can carry it") }
    samplesTopic = samples.description
    descriptionTopic = described.description
    verdictsTopic = verdicts.description
  }

  /// Header and rows of a sample message, little-endian, in the layout that they came in.
  func encode(_ chunk: Chunk, rows range: Range<Int>, first: Int64, timestamp: Int64?, into bytes: inout [UInt8]) {
    if encoder?.element != chunk.element || encoder?.layout != chunk.layout {
      encoder = try! RunnelEncoder(
        description, epoch: epoch, element: chunk.element, layout: chunk.layout, checksums: true)
    }
    encoder?.nextSequence = sequence
    encoder?.nextIndex = first
    sequence += 1
    let size = range.count * chunk.channels * chunk.element.size
    if rows.count < size { rows = [UInt8](repeating: 0, count: size) }
    rows.withUnsafeMutableBytes { target in
      guard size > 0, let base = target.baseAddress else { return }
      chunk.copy(rows: range, to: base)
      if chunk.byteOrder == .big {
        Self.turn(UnsafeMutableRawBufferPointer(rebasing: target[..<size]), chunk.element.size)
      }
    }
    bytes.removeAll(keepingCapacity: true)
    rows.withUnsafeBytes { payload in
      encoder?.withSamples(
        UnsafeRawBufferPointer(rebasing: payload[..<size]), rows: range.count, timestamp: timestamp
      ) { parts in
        bytes.append(contentsOf: parts[1])
        bytes.append(contentsOf: parts[2])
      }
    }
  }

  private static func turn(_ bytes: UnsafeMutableRawBufferPointer, _ size: Int) {
    for start in stride(from: 0, to: bytes.count, by: size) {
      for place in 0..<size / 2 { bytes.swapAt(start + place, start + size - 1 - place) }
    }
  }
}
