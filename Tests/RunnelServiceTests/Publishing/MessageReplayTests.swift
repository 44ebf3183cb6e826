import RunnelCore
import RunnelRecordings
import RunnelTesting
import RunnelWire
import RunnelZeroMQ
import Synchronization
import Testing

@testable import RunnelService

/// A recording sent again, over real sockets.
@Suite struct MessageReplayTests {
  private let context = ZeroMQContext()
  private let folder = TemporaryFolder()

  private typealias Timed = (time: UInt64, parts: [[UInt8]])

  /// As a recorder that heard them at these times would have written them, all as they came.
  private func record(_ messages: [Timed], as name: String, kind: String = "arrived") throws -> String {
    let path = folder.path + "/" + name
    let series = try RecordingSeries(RecordingSeries.Settings(path: path, metadata: ["kind": kind]), now: 1)
    var channels: [[UInt8]: Int] = [:]
    for message in messages {
      let topic = message.parts[0]
      let channel =
        channels[topic]
        ?? series.addChannel(
          MCAPChannel(topic: String(decoding: topic, as: UTF8.self), encoding: RecordedEncoding.multipart.rawValue))
      channels[topic] = channel
      var packed: [UInt8] = []
      OwnedMessage(message.parts).lend { RecordedEncoding.pack($0, into: &packed) }
      try packed.withUnsafeBytes {
        try series.append(channel, sequence: 0, logTime: message.time, publishTime: message.time, $0)
      }
    }
    try series.finish()
    return path
  }

  /// What a subscriber of everything receives of a replay, and when.
  private func replay(
    _ files: [String], speed: PublishSpeed, prefixes: [String] = [""]
  ) throws -> (heard: [[[UInt8]]], report: MessageReplayReport) {
    // A socket of this context frees its name some time after it is closed.
    let context = ZeroMQContext()
    let replayer = try MessageReplayer(
      files, MessageReplayer.Settings(endpoint: "inproc://\(folder.path)", speed: speed), context: context)
    let subscriber = Subscriber(replayer.endpoint, prefixes, in: context)
    let report = try replayer.run()
    return (try subscriber.stop(), report)
  }

  @Test func `what was published, recorded and replayed is the same bytes, from both encodings and over a split`()
    throws
  {
    var encoder = try RunnelEncoder(
      StreamDescription(stream: "bed7", rate: 360, channels: [Channel(name: "MLII")]), epoch: 5, element: .int16,
      checksums: true)
    func copy(_ parts: MessageParts) -> [[UInt8]] { (0..<parts.count).map { Array(parts[$0]) } }
    var sent = [encoder.withDescription(copy)]
    for k in 0..<200 {
      let values = [Int16](repeating: Int16(k), count: 40)
      sent.append(values.withUnsafeBytes { encoder.withSamples($0, rows: 40, copy) })
      if k % 10 == 0 { sent.append([Array("gaze".utf8), [UInt8(k)], [], [1, 2, 3]]) }
    }
    sent.append(encoder.withEnd(copy))

    let publisher = try Socket(.xpub, in: context)
    let endpoint = try publisher.bind("tcp://127.0.0.1:*")
    var settings = Recorder.Settings(path: folder.path + "/x.mcap")
    settings.splitSize = 12_000
    settings.messages = UInt64(sent.count)
    settings.seconds = 20
    let recorder = try Recorder([.bare([endpoint])], settings)
    var poller = Poller()
    _ = poller.add(publisher)
    #expect(try poller.wait(milliseconds: 10_000) == 1)
    for message in sent { #expect(try OwnedMessage(message).lend { try publisher.send($0) } == .sent) }
    let report = try recorder.run()
    #expect(report.files.count > 1)

    let (heard, replayed) = try replay(report.files, speed: .max)
    #expect(heard == sent)
    #expect(replayed.messages == Int64(sent.count) && replayed.unheard == 0 && !replayed.isStopped)
  }

  @Test func `messages are due when they came, and at a speed so many times sooner`() throws {
    let second: UInt64 = 1_000_000_000
    let file = try record(
      (0..<4).map { (second + UInt64($0) * second / 5, [Array("a".utf8), [UInt8($0)]]) }, as: "x.mcap")
    let (heard, report) = try replay([file], speed: .times(2))
    #expect(heard.map { $0[1] } == [[0], [1], [2], [3]])
    // 0.6 s at twice the speed; more where the machine is busy, never less.
    #expect(report.seconds >= 0.3)
    #expect(try replay([file], speed: .max).report.seconds < report.seconds)
  }

  @Test func `a clock that went back while it was recorded is no wait`() throws {
    let file = try record([(9_000_000_000, [[1], [0]]), (1_000_000_000, [[1], [1]])], as: "x.mcap")
    #expect(try replay([file], speed: .times(1)).heard.map { $0[1] } == [[0], [1]])
  }

  @Test func `what nobody subscribed to is counted`() throws {
    let file = try record([(1, [Array("a".utf8), [0]]), (2, [Array("b".utf8), [1]])], as: "x.mcap")
    let (heard, report) = try replay([file], speed: .max, prefixes: ["b"])
    #expect(heard == [[Array("b".utf8), [1]]] && report.messages == 2 && report.unheard == 1)
  }

  @Test func `where two subscribers are wanted it waits for the second, and both hear all of it`() throws {
    let file = try record((0..<3).map { (UInt64($0), [[1], [UInt8($0)]]) }, as: "x.mcap")
    let context = ZeroMQContext()
    let replayer = try MessageReplayer(
      [file], MessageReplayer.Settings(endpoint: "tcp://127.0.0.1:*", speed: .max, subscribers: 2), context: context)
    let first = Subscriber(replayer.endpoint, [""], in: context)
    var second: Subscriber?
    replayer.tell = { event in
      guard case .waiting(_, connected: 1, of: 2) = event else { return }
      second = Subscriber(replayer.endpoint, [""], in: context)
    }
    #expect(try replayer.run().messages == 3)
    #expect(try first.stop().count == 3 && second?.stop().count == 3)
  }

  @Test func `a daemon's own description that no subscriber would take is refused, one that arrived is sent`() throws {
    let message = [Array("m/a/".utf8), [UInt8](repeating: 0x20, count: 70_000)]
    #expect(try replay([try record([(1, message)], as: "x.mcap")], speed: .max).heard == [message])
    let admitted = try record([(1, message)], as: "y.mcap", kind: RecordedMessages.admitted)
    let context = ZeroMQContext()
    let replayer = try MessageReplayer(
      [admitted], MessageReplayer.Settings(endpoint: "inproc://\(folder.path)", speed: .max), context: context)
    let subscriber = Subscriber(replayer.endpoint, [""], in: context)
    let error = #expect(throws: ServiceError.self) { try replayer.run() }
    #expect(error?.kind == .data && error?.description.contains("a description of 70000 bytes") == true)
    #expect(try subscriber.stop().isEmpty)
  }

  @Test func `only what a recorder wrote is a recording of messages`() throws {
    let file = try record([(1, [[1], [0]])], as: "x.mcap")
    var writer = try MCAPWriter(folder.path + "/y.mcap")
    try writer.finish()
    folder.write(Array("sample,a\n0,1\n".utf8), to: "z.csv")
    #expect(try RecordedMessages.isOne(file))
    #expect(try !RecordedMessages.isOne(folder.path + "/y.mcap") && !RecordedMessages.isOne(folder.path + "/z.csv"))
  }

  @Test func `a file that was cut is sent up to the cut, and the program says so`() throws {
    let file = try record((0..<3).map { (UInt64($0), [[1], [UInt8($0)]]) }, as: "x.mcap")
    let bytes = folder.read("x.mcap")
    folder.write(Array(bytes.dropLast(40)), to: "cut.mcap")
    var messages = try RecordedMessages([folder.path + "/cut.mcap", file])
    var count = 0
    while try messages.next() != nil { count += 1 }
    #expect(count == 6 && messages.remarks.count == 1 && messages.remarks[0].contains("cut.mcap was cut short"))
  }
}

/// Receives on a thread of its own until it is told to stop.
private final class Subscriber: @unchecked Sendable {
  private let heard = Mutex<[[[UInt8]]]>([])
  private let failure = Mutex<ZeroMQError?>(nil)
  private let isOver = Atomic<Bool>(false)
  private var thread: OwnThread?

  init(_ endpoint: String, _ prefixes: [String], in context: ZeroMQContext) {
    thread = OwnThread { [self] in
      do throws(ZeroMQError) { try work(endpoint, prefixes, context) } catch { failure.withLock { $0 = error } }
    }
  }

  private func work(_ endpoint: String, _ prefixes: [String], _ context: ZeroMQContext) throws(ZeroMQError) {
    let socket = try Socket(.sub, in: context)
    for prefix in prefixes { try socket.subscribe(prefix) }
    try socket.connect(endpoint)
    var poller = Poller()
    _ = poller.add(socket)
    var receiver = MultipartReceiver()
    while true {
      // Looked at before it is read for the last time.
      let isLast = isOver.load(ordering: .acquiring)
      while case .message(let parts) = try receiver.receive(from: socket) {
        let message = (0..<parts.count).map { Array(parts[$0]) }
        heard.withLock { $0.append(message) }
      }
      if isLast { return }
      try poller.wait(milliseconds: 10)
    }
  }

  func stop() throws -> [[[UInt8]]] {
    isOver.store(true, ordering: .releasing)
    thread?.join()
    if let error = failure.withLock({ $0 }) { throw error }
    return heard.withLock { $0 }
  }
}
