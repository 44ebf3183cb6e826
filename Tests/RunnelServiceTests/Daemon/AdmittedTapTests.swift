import Glibc
import RunnelCore
import RunnelWire
import RunnelZeroMQ
import Testing

@testable import RunnelPipeline
@testable import RunnelRecordings
@testable import RunnelService

/// What lanes hear, written down.
private final class Lanes: LaneOwner {
  var laneCount: Int { 0 }
  var observe: (AdmissionEvent, StreamIdentity) -> Void = { _, _ in }
  var heard: [String] = []
  private var count = 0

  func drain() { heard.append("drain") }

  func addStream() -> Int {
    count += 1
    return count - 1
  }

  func arrive(monotonic: Int64, unix: Int64?) {}
  func start(_ session: Session, stream: Int) -> Refusal? {
    heard.append("start \(session.stream.stream) \(session.start) \(session.cause.rawValue)")
    return session.channels.isEmpty ? .unread(session.stream.input) : nil
  }
  func chunk(_ chunk: Chunk, rows: Range<Int>, first: Int64, timestamp: Int64?, stream: Int) {
    var values: [Int16] = []
    for row in rows {
      let place = chunk.layout == .interleaved ? row * chunk.channels : row
      let value = chunk.payload.loadUnaligned(fromByteOffset: 2 * place, as: Int16.self)
      values.append(chunk.byteOrder == .big ? Int16(bigEndian: value) : Int16(littleEndian: value))
    }
    heard.append("rows \(first) \(values.count > 8 ? "of \(values.count)" : "\(values)")")
  }
  func gap(_ range: Range<Int64>, stream: Int) { heard.append("gap \(range)") }
  func unknownGap(at index: Int64, stream: Int) { heard.append("gap at \(index)") }
  func end(at index: Int64, stream: Int) { heard.append("end \(index)") }
  func stale(at index: Int64, stream: Int) { heard.append("stale \(index)") }
  func note(_ event: AdmissionEvent, of stream: StreamIdentity) {}
}

@Suite final class AdmittedTapTests {
  private let lanes = Lanes()
  private let tap: AdmittedTap
  private let connection: ControlConnection
  private let client: Int32
  private var poller = Poller()

  init() throws {
    tap = AdmittedTap(lanes, clock: Clock(monotonic: { 0 }, unix: { 1_700_000_000_000_000_000 }))
    var ends: [Int32] = [0, 0]
    try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0, &ends) == 0)
    client = ends[1]
    connection = ControlConnection(ends[0], entry: poller.add(fileDescriptor: ends[0]), now: 0)
  }

  deinit { close(client) }

  private func session(_ stream: String = "bed7", channels: Int = 2, start: Int64 = 0) -> Session {
    Session(
      stream: StreamIdentity(input: "beds", endpoint: "tcp://a:1", stream: stream), epoch: 5, start: start, rate: 360,
      channels: (0..<channels).map { Channel(name: "c\($0)", unit: "mV") }, level: .sequenced)
  }

  private func send(
    _ values: [Int16], first: Int64, rows: Range<Int>? = nil, layout: SampleLayout = .interleaved,
    byteOrder: ByteOrder = .little, stream: Int
  ) {
    let stored = values.map { byteOrder == .big ? $0.bigEndian : $0.littleEndian }
    stored.withUnsafeBytes { payload in
      let chunk = Chunk(
        payload: payload, element: .int16, byteOrder: byteOrder, layout: layout, rows: values.count / 2, channels: 2)
      tap.chunk(chunk, rows: rows ?? 0..<chunk.rows, first: first, timestamp: nil, stream: stream)
    }
  }

  /// All that the recorder is told until now, told to lanes once more.
  private func replayed() throws -> (heard: [String], remarks: [String]) {
    var bytes: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 1 << 20)
    while true {
      connection.flush(now: 0)
      let count = read(client, &block, block.count)
      guard count > 0 else { break }
      bytes += block[..<count]
    }
    let again = Lanes()
    let replay = AdmittedReplay(again, input: "beds")
    var rest = bytes[...]
    while let end = rest.firstIndex(of: 10) {
      let line = try JSONValue(parsing: String(decoding: rest[..<end], as: UTF8.self))
      rest = rest[(end + 1)...]
      guard let topic = line["topic"]?.string else { continue }
      let body = Array(rest.prefix(Int(line["bytes"]?.integer ?? 0)))
      rest = rest.dropFirst(body.count)
      let encoding: RecordedEncoding = topic.hasPrefix("s/") ? .samples : .json
      let message = MCAPMessage(channel: 1, sequence: 0, logTime: 0, publishTime: 0, data: body[...])
      let recorded = RecordedMessages.Message(
        recorded: message, channel: MCAPChannel(topic: topic, encoding: encoding.rawValue), encoding: encoding,
        file: "x.mcap", place: 0)
      let outcome: Result<Void, DecodeError> = try recorded.withParts { parts in
        do throws(DecodeError) { return .success(try replay.take(parts, recorded)) } catch { return .failure(error) }
      }
      try outcome.get()
    }
    return (again.heard, replay.remarks)
  }

  @Test func `what is told to a recorder is what the lanes hear, in its order`() throws {
    tap.add(connection)
    let (a, b) = (tap.addStream(), tap.addStream())
    _ = tap.start(session(), stream: a)
    send([1, 10, 2, 20, 3, 30], first: 0, stream: a)
    tap.gap(3..<7, stream: a)
    // Pieces of chunks, in either layout and byte order.
    send([8, 80, 9, 90], first: 7, rows: 1..<2, stream: a)
    send([11, 12, 13, 110, 120, 130], first: 8, rows: 1..<3, layout: .planar, stream: a)
    send([14, 140], first: 10, byteOrder: .big, stream: a)
    tap.unknownGap(at: 11, stream: a)
    tap.stale(at: 11, stream: a)
    _ = tap.start(session("bed8"), stream: b)
    send([5, 50], first: 0, stream: b)
    tap.end(at: 11, stream: a)
    _ = tap.start(session(), stream: a)
    let (heard, remarks) = try replayed()
    #expect(heard == lanes.heard)
    #expect(heard.contains("rows 7 [9]") && heard.contains("rows 8 [12, 13]") && heard.contains("rows 10 [14]"))
    #expect(remarks.isEmpty)
  }

  @Test func `a session that is left for one that is refused ends in the recording too, and a stop is told`() throws {
    tap.add(connection)
    let stream = tap.addStream()
    _ = tap.start(session(), stream: stream)
    send([1, 10], first: 0, stream: stream)
    #expect(tap.start(session(channels: 0, start: 7), stream: stream) != nil)
    send([2, 20], first: 7, stream: stream)
    let other = tap.addStream()
    _ = tap.start(session("bed8"), stream: other)
    tap.drain()
    tap.close()
    let (heard, remarks) = try replayed()
    #expect(heard == lanes.heard.filter { $0 != "rows 7 [2]" })
    #expect(remarks.count == 1)
  }

  @Test(arguments: ["session", "rows", "gap", "gap at", "end", "stale"])
  func `a place that no daemon admits is refused when it is read, for lanes count no further`(kind: String) throws {
    let last = StreamAdmission.lastIndex
    tap.add(connection)
    let stream = tap.addStream()
    _ = tap.start(session(start: kind == "session" ? last + 1 : last - 1), stream: stream)
    switch kind {
    case "rows": send([1, 10, 2, 20], first: last - 1, stream: stream)
    case "gap": tap.gap(last - 1..<last + 1, stream: stream)
    case "gap at": tap.unknownGap(at: last + 1, stream: stream)
    case "end": tap.end(at: last + 1, stream: stream)
    case "stale": tap.stale(at: last + 1, stream: stream)
    default: break
    }
    let error = #expect(throws: DecodeError.self) { try replayed() }
    #expect(error?.reason == .limit && error?.found == "\(last + 1)")
  }

  @Test func `a recorder that does not read holds up nothing, and the recording says what it missed`() throws {
    tap.add(connection)
    let stream = tap.addStream()
    _ = tap.start(session(), stream: stream)
    let rows = 1 << 18
    let values = [Int16](repeating: 1, count: 2 * rows)
    for k in 0..<24 { send(values, first: Int64(k * rows), stream: stream) }
    // Sixteen MiB of them found room.
    let (_, _) = try replayed()
    let next = Int64(24 * rows)
    send([7, 70], first: next, stream: stream)
    tap.end(at: next + 1, stream: stream)
    var (heard, remarks): ([String], [String]) = ([], [])
    (heard, remarks) = try replayed()
    #expect(lanes.heard.count == 1 + 24 + 1 + 1, "the lanes have all of it")
    // What was read before is not told again: of the second reading only what belongs to no session is left.
    #expect(heard.isEmpty && remarks.count == 1 && remarks[0].contains("events before row"))
  }

  @Test func `a recorder that comes in the middle hears where every session stands`() throws {
    let stream = tap.addStream()
    _ = tap.start(session(), stream: stream)
    send([1, 10, 2, 20], first: 0, stream: stream)
    tap.add(connection)
    send([3, 30], first: 2, stream: stream)
    let (heard, remarks) = try replayed()
    #expect(heard == ["start bed7 2 first", "rows 2 [3]"])
    #expect(remarks.count == 1 && remarks[0].contains("under way when the recording began, at row 2"))
  }

  @Test func `two streams of one name are recorded under two`() throws {
    tap.add(connection)
    for endpoint in ["tcp://a:1", "tcp://b:1"] {
      var session = session()
      session.stream.endpoint = endpoint
      let stream = tap.addStream()
      _ = tap.start(session, stream: stream)
      send([Int16(stream), 0], first: 0, stream: stream)
    }
    let (heard, _) = try replayed()
    #expect(heard == ["start bed7 0 first", "rows 0 [0]", "start bed7 0 first", "rows 0 [1]"])
  }
}
