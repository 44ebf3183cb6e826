import RunnelCore
import RunnelService
import RunnelWire
import RunnelZeroMQ
import Testing

@Suite struct SamplePublisherTests {
  private let context = ZeroMQContext()
  private let hands = ManualClock()

  private func publisher(
    _ source: any SampleSource, speed: PublishSpeed = .max, subscribers: Int = 0, loops: Bool = false,
    chunk: Int? = nil, isLive: Bool = false, queueBytes: Int = 16 << 20
  ) throws -> SamplePublisher {
    try .onAnyPort(
      source, speed: speed, subscribers: subscribers, loops: loops, chunk: chunk, isLive: isLive,
      queueBytes: queueBytes, clock: hands.clock,
      context: context)
  }

  // MARK: what arrives

  @Test(arguments: [(0, 1), (0, 7), (21_600, 4096), (Int64(1) << 33 + 5, 100)])
  func `a subscriber receives exactly the rows of the source, numbered`(first: Int64, chunk: Int) throws {
    let source = RampSource(rows: 5003, first: first)
    let publisher = try publisher(source, chunk: chunk)
    let listener = try Listener(publisher.endpoint, in: context)
    try publisher.turn(until: { publisher.phase == .done || listener.ends > 0 }) { try listener.take() }
    #expect(listener.samples == source.samples(rows: 0..<5003))
    var index = first
    for (number, heard) in listener.chunks.enumerated() {
      #expect(heard.sequence == UInt64(number) && heard.first == index && heard.time == nil)
      index += Int64(heard.samples.count / 3)
    }
    let messages = UInt64(listener.chunks.count)
    let epoch = try #require(listener.chunks.first?.epoch)
    #expect(listener.heard.last == .end(epoch: epoch, nextSequence: messages, nextIndex: first + 5003))
    #expect(listener.chunks.allSatisfy { $0.epoch == epoch } && messages == (5003 + chunk - 1) / chunk)
    #expect(publisher.report.rows == 5003 && publisher.report.dropped == 0 && publisher.report.percent == 100)
  }

  @Test func `the description comes before the samples, with epoch, element and channels`() throws {
    let source = RampSource(rows: 10)
    let publisher = try publisher(source)
    let listener = try Listener(publisher.endpoint, in: context)
    try publisher.turn(until: { listener.ends > 0 }) { try listener.take() }
    guard case .description(let description) = listener.heard.first else { throw Missed() }
    #expect(description.epoch == listener.chunks.first?.epoch && description.element == .int16)
    #expect(description.channels == source.description.channels && description.rate == 1000)
  }

  @Test func `a source whose description no subscriber would take is refused before anything is sent`() {
    let error = #expect(throws: ServiceError.self) { try publisher(RampSource(rows: 10, channels: 3000)) }
    #expect(error?.kind == .data && error?.description.contains("the 3000 channels of stream 'ramp'") == true)
  }

  @Test func `a late subscriber gets a description at once`() throws {
    let publisher = try publisher(RampSource(rows: nil), speed: .times(1), chunk: 50)
    let early = try Listener(publisher.endpoint, in: context)
    try publisher.turn(until: { early.descriptions > 0 }) { try early.take() }
    let late = try Listener(publisher.endpoint, in: context)
    // The clock stands still: neither rows nor the description of every 2 s are due.
    try publisher.turn(until: { late.descriptions > 0 }) { try late.take() }
    #expect(late.chunks.isEmpty)
  }

  @Test func `a description comes every two seconds`() throws {
    let publisher = try publisher(RampSource(rows: nil), speed: .times(1), chunk: 5000)
    let listener = try Listener(publisher.endpoint, in: context)
    try publisher.turn(until: { listener.descriptions > 0 }) { try listener.take() }
    let before = listener.descriptions
    hands.advance(milliseconds: 2000)
    try publisher.turn(until: { listener.descriptions > before }) { try listener.take() }
  }

  @Test func `each round of a loop is a session with a greater epoch, though the time stands still`() throws {
    let source = RampSource(rows: 100, first: 40)
    let publisher = try publisher(source, loops: true, chunk: 30)
    let listener = try Listener(publisher.endpoint, in: context)
    try publisher.turn(until: { listener.ends >= 3 }) { try listener.take() }
    publisher.stop()
    let epochs = listener.chunks.map(\.epoch)
    let rounds = Array(Set(epochs)).sorted()
    #expect(epochs == epochs.sorted() && rounds.count >= 3)
    for epoch in rounds.prefix(3) {
      let round = listener.chunks.filter { $0.epoch == epoch }
      #expect(round.flatMap(\.samples) == source.samples(rows: 0..<100))
      #expect(round.map(\.sequence) == [0, 1, 2, 3] && round.map(\.first) == [40, 70, 100, 130])
      #expect(listener.heard.contains(.end(epoch: epoch, nextSequence: 4, nextIndex: 140)))
    }
  }

  @Test func `a recording's own time is on its rows, and a live source's that of its sending`() throws {
    let recorded = try publisher(RampSource(rows: 4, first: 500, start: 10_000_000_000), chunk: 1)
    let listener = try Listener(recorded.endpoint, in: context)
    try recorded.turn(until: { listener.ends > 0 }) { try listener.take() }
    #expect(listener.chunks.map(\.time) == [10_500_000_000, 10_501_000_000, 10_502_000_000, 10_503_000_000])

    let live = try publisher(RampSource(rows: 2), chunk: 1, isLive: true)
    let other = try Listener(live.endpoint, in: context)
    try live.turn(until: { other.ends > 0 }) { try other.take() }
    #expect(other.chunks.map(\.time) == [1_700_000_000_000_000_000, 1_700_000_000_001_000_000])
  }

  // MARK: timing

  @Test func `a chunk goes out when its last row is due, not a nanosecond earlier`() throws {
    let publisher = try publisher(RampSource(rows: 300), speed: .times(2), chunk: 100)
    let listener = try Listener(publisher.endpoint, in: context)
    try publisher.turn(until: { listener.descriptions > 0 }) { try listener.take() }
    hands.advance(milliseconds: 49)
    for _ in 0..<10 { try publisher.turn(within: 0) }
    #expect(publisher.report.rows == 0)
    hands.advance(milliseconds: 1)
    try publisher.turn(within: 0)
    #expect(publisher.report.rows == 100)
    // One that was late sends all that is due and is on time again.
    hands.advance(milliseconds: 100)
    try publisher.turn(until: { listener.ends > 0 }) { try listener.take() }
    #expect(publisher.report.rows == 300 && listener.samples.count == 900)
  }

  @Test func `a stream that falls idle says within 100 ms where it stands, and then every second`() throws {
    let publisher = try publisher(RampSource(rows: nil), speed: .times(0.001), chunk: 1)
    let listener = try Listener(publisher.endpoint, in: context)
    try publisher.turn(until: { listener.descriptions > 0 }) { try listener.take() }
    hands.advance(milliseconds: 1000)
    try publisher.turn(until: { listener.chunks.count == 1 }) { try listener.take() }
    let before = listener.heard.count { if case .heartbeat = $0 { true } else { false } }
    hands.advance(milliseconds: 100)
    let now = Listener.Heard.heartbeat(nextSequence: 1, nextIndex: 1)
    try publisher.turn(until: { listener.heard.last == now }) { try listener.take() }
    hands.advance(milliseconds: 900)
    try publisher.turn(until: { listener.chunks.count == 2 }) { try listener.take() }
    #expect(before <= 1)
  }

  // MARK: subscribers

  @Test func `it waits for a subscriber of its own stream, and says so after a second`() throws {
    let publisher = try publisher(RampSource(rows: 10))
    var told: [PublishEvent] = []
    publisher.tell = { told.append($0) }
    let stranger = try Listener(publisher.endpoint, in: context, topics: ["s/ramps/", "m/"])
    try publisher.turn(until: { publisher.phase != .waiting || stranger.monitor.connections.count > 0 }) {
      while try stranger.monitor.next() != nil {}
    }
    #expect(publisher.phase == .waiting && told.isEmpty)
    hands.advance(milliseconds: 1000)
    for _ in 0..<3 { try publisher.turn(within: 0) }
    #expect(told == [.waiting(topic: "s/ramp/", connected: 1, of: 0)])
    let listener = try Listener(publisher.endpoint, in: context)
    try publisher.turn(until: { listener.ends > 0 }) { try listener.take() }
    #expect(listener.samples.count == 30 && stranger.chunks.isEmpty)
  }

  @Test func `it waits for as many subscribers as are wanted, and none misses a row`() throws {
    let publisher = try publisher(RampSource(rows: 10), subscribers: 2)
    var told: [PublishEvent] = []
    publisher.tell = { told.append($0) }
    let first = try Listener(publisher.endpoint, in: context)
    try publisher.turn(until: { publisher.phase != .waiting || first.monitor.connections.count > 0 }) {
      while try first.monitor.next() != nil {}
    }
    hands.advance(milliseconds: 1000)
    for _ in 0..<3 { try publisher.turn(within: 0) }
    #expect(told == [.waiting(topic: "s/ramp/", connected: 1, of: 2)])
    let second = try Listener(publisher.endpoint, in: context)
    try publisher.turn(until: { first.ends + second.ends == 2 }) {
      try first.take()
      try second.take()
    }
    #expect(first.samples.count == 30 && second.samples == first.samples)
  }

  @Test func `a subscriber of samples alone is waited for no longer than a breath`() throws {
    let publisher = try publisher(RampSource(rows: 10))
    let listener = try Listener(publisher.endpoint, in: context, topics: ["s/"])
    try publisher.turn(until: { listener.ends > 0 }) {
      hands.advance(milliseconds: 10)
      try listener.take()
    }
    #expect(listener.samples.count == 30)
  }

  @Test func `nothing is dropped at max when a subscriber reads slowly`() throws {
    let rows = 1_500_000
    let source = RampSource(rows: rows)
    let publisher = try publisher(source, queueBytes: 1 << 16)
    let listener = try Listener(publisher.endpoint, in: context, highWater: 1)
    try publisher.turn(until: { listener.ends > 0 }) { try listener.take(atMost: 1) }
    #expect(listener.samples.count == 3 * rows)
    #expect(listener.chunks.map(\.sequence) == (0..<UInt64(listener.chunks.count)).map { $0 })
    #expect(listener.samples == source.samples(rows: 0..<rows))
    #expect(publisher.report.rowsUnheard == 0 && publisher.report.dropped == 0)
  }

  @Test func `a subscriber that hangs makes it wait, and it is the one that is named`() throws {
    let source = RampSource(rows: 8_000_000)
    let publisher = try publisher(source, queueBytes: 1 << 16)
    var told: [PublishEvent] = []
    publisher.tell = { told.append($0) }
    let reader = try Listener(publisher.endpoint, in: context)
    let hung = try Listener(publisher.endpoint, in: context, highWater: 1)
    // It begins with whoever is there first; the other may join a little later.
    try publisher.turn(until: { reader.descriptions > 0 && hung.descriptions > 0 }) {
      try reader.take(atMost: 1)
      try hung.take(atMost: 1)
    }
    // Full is when nothing moves any more: the queue here and the kernel's on both sides.
    var quiet = 0
    var rows = Int64(-1)
    try publisher.turn(until: { quiet > 200 }) {
      try reader.take()
      quiet = publisher.report.rows == rows ? quiet + 1 : 0
      rows = publisher.report.rows
    }
    #expect(rows < 8_000_000)
    hands.advance(milliseconds: 1000)
    try publisher.turn(until: { told.contains { if case .stalled = $0 { true } else { false } } }) { try reader.take() }
    #expect(told.last == .stalled(peer: try hung.address(), seconds: 1))
    let complaints = told.count
    for _ in 0..<50 { try publisher.turn(within: 0) }
    #expect(told.count == complaints)
    hands.advance(milliseconds: 1000)
    try publisher.turn(within: 0)
    #expect(told.last == .stalled(peer: try hung.address(), seconds: 2))

    try publisher.turn(until: { reader.ends > 0 && hung.ends > 0 }) {
      try reader.take()
      try hung.take()
    }
    #expect(told.contains(.resumed(afterSeconds: 2)))
    #expect(reader.chunks.last?.sequence == hung.chunks.last?.sequence)
    let whole = source.samples(rows: 0..<8_000_000)
    for listener in [reader, hung] {
      let start = listener.chunks.first?.sequence ?? 0
      #expect(listener.chunks.enumerated().allSatisfy { $1.sequence == start + UInt64($0) })
      let samples = listener.samples
      #expect(samples.count > 3_000_000 && samples == Array(whole.suffix(samples.count)))
    }
  }

  @Test func `at max it waits where its subscriber has left, and goes on for the next`() throws {
    // 48 MB: far more than the kernel's queues take for a subscriber that is leaving.
    let publisher = try publisher(RampSource(rows: 8_000_000), queueBytes: 1 << 16)
    var told: [PublishEvent] = []
    publisher.tell = { told.append($0) }
    var first: Listener? = try Listener(publisher.endpoint, in: context, highWater: 1)
    try publisher.turn(until: { publisher.report.rows > 0 }) { try first?.take(atMost: 1) }
    first = nil
    try publisher.turn(until: { publisher.phase == .waiting })
    let reached = publisher.report.rows
    #expect(reached < 8_000_000)
    for _ in 0..<20 { try publisher.turn(within: 0) }
    #expect(publisher.report.rows == reached)
    let second = try Listener(publisher.endpoint, in: context)
    try publisher.turn(until: { second.ends > 0 }) { try second.take() }
    #expect(second.chunks.first?.first == reached)
    #expect(publisher.report.rows == 8_000_000 && publisher.report.subscribersLeft == 1)
    #expect(told.contains { if case .left = $0 { true } else { false } })
  }

  // MARK: the end

  @Test func `stopped, it ends the session after the message sent last`() throws {
    let publisher = try publisher(RampSource(rows: nil), speed: .times(1), chunk: 10)
    let listener = try Listener(publisher.endpoint, in: context)
    try publisher.turn(until: { listener.descriptions > 0 }) { try listener.take() }
    hands.advance(milliseconds: 35)
    try publisher.turn(until: { listener.chunks.count == 3 }) { try listener.take() }
    publisher.stop()
    try publisher.turn(until: { listener.ends > 0 }) { try listener.take() }
    let epoch = try #require(listener.chunks.first?.epoch)
    #expect(listener.heard.last == .end(epoch: epoch, nextSequence: 3, nextIndex: 30))
    #expect(publisher.report.isStopped && publisher.report.rows == 30)
  }

  @Test func `stopped while nobody listens, it is done`() throws {
    let publisher = try publisher(RampSource(rows: 10))
    try publisher.turn(within: 0)
    publisher.stop()
    #expect(publisher.phase == .done && publisher.report.rows == 0)
  }

  @Test func `it is done when everything was read and stayed so for 200 ms`() throws {
    let publisher = try publisher(RampSource(rows: 10))
    let listener = try Listener(publisher.endpoint, in: context)
    try publisher.turn(until: { listener.ends > 0 }) { try listener.take() }
    for _ in 0..<20 { try publisher.turn(within: 0) }
    #expect(publisher.phase == .delivering)
    try publisher.turn(until: { publisher.phase == .done }) { hands.advance(milliseconds: 50) }
  }

  @Test func `an end that a full queue does not take is given up when stopped, and said`() throws {
    let publisher = try publisher(RampSource(rows: nil), queueBytes: 1 << 16)
    var told: [PublishEvent] = []
    publisher.tell = { told.append($0) }
    let hung = try Listener(publisher.endpoint, in: context, highWater: 1)
    try publisher.turn(until: { hung.descriptions > 0 }) { try hung.take(atMost: 1) }
    var quiet = 0
    var rows = Int64(-1)
    try publisher.turn(until: { quiet > 200 }) {
      quiet = publisher.report.rows == rows ? quiet + 1 : 0
      rows = publisher.report.rows
    }
    publisher.stop()
    hands.advance(milliseconds: 1000)
    try publisher.turn(until: { publisher.phase == .delivering })
    #expect(told.contains(.endUnsaid) && publisher.report.rows == rows)
    // Without this the first look at the queues would be the last one as well.
    try publisher.turn(within: 0)
    hands.advance(milliseconds: 5000)
    try publisher.turn(until: { publisher.phase == .done })
    guard case .undelivered(let peer, let bytes) = told.last else { throw Missed() }
    #expect(try peer == hung.address() && bytes > 0)
  }

  // MARK: mistakes

  @Test func `an endpoint in use is refused with 69`() throws {
    let first = try publisher(RampSource(rows: 1))
    let error = #expect(throws: ServiceError.self) {
      _ = try SamplePublisher(RampSource(rows: 1), SamplePublisher.Settings(endpoint: first.endpoint))
    }
    #expect(error?.kind == .unavailable && error?.description.contains("another program") == true)
  }

  @Test(arguments: ["tcp://127.0.0.1", "udp://127.0.0.1:5", "tcp://127.0.0.1:70000", "here"])
  func `an endpoint that is none is a mistake of usage`(endpoint: String) {
    let error = #expect(throws: ServiceError.self) {
      _ = try SamplePublisher(RampSource(rows: 1), SamplePublisher.Settings(endpoint: endpoint))
    }
    #expect(error?.kind == .usage)
  }

  @Test func `a name that no topic can carry is a mistake of usage`() {
    let error = #expect(throws: ServiceError.self) { _ = try publisher(RampSource(rows: 1, stream: "")) }
    #expect(error?.kind == .usage)
  }
}
