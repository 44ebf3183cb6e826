import RunnelCore
import RunnelWire
import RunnelZeroMQ
import Testing

@testable import RunnelService

/// Watching and discovering over real sockets: the publisher sends when it has seen the subscription.
@Suite struct WatchingSocketTests {
  private let context = ZeroMQContext()

  struct Missed: Error {}

  /// Waits until a subscriber is there, then sends.
  private func send(_ messages: [[[UInt8]]], on publisher: borrowing Socket) throws {
    var poller = Poller()
    _ = poller.add(publisher)
    guard try poller.wait(milliseconds: 10_000) == 1 else { throw Missed() }
    for parts in messages {
      for (index, part) in parts.enumerated() {
        _ = try part.withUnsafeBytes { try publisher.send($0, more: index + 1 < parts.count) }
      }
    }
  }

  private func label(_ sequence: UInt64, _ label: String) throws -> [[UInt8]] {
    var encoder = LabelEncoder()
    let message = LabelMessage(
      kind: .label, stream: "bed7", channel: "MLII", pipeline: "beats", epoch: 5, sequence: sequence, at: 1, first: 0,
      last: 2, decided: 3, label: label, level: .sequenced, quality: .ok, missing: 0)
    return [
      try Topic.labels(stream: "bed7", pipeline: "beats", channel: "MLII").bytes, Array(encoder.text(message).utf8),
    ]
  }

  @Test func `a watcher shows the labels asked for, as they came, and counts the others too`() throws {
    let publisher = try Socket(.xpub, in: context)
    let endpoint = try publisher.bind("tcp://127.0.0.1:*")
    let watcher = try LabelWatcher(endpoint, filter: LabelFilter(stream: "bed7", labels: ["V"]))
    let messages = [
      try label(0, "V"), try label(1, "N"), try label(1, "N"), [Array("l/bed7/x".utf8), [1]], try label(4, "V"),
    ]
    try send(messages, on: publisher)
    var lines: [[UInt8]] = []
    var notices: [LabelLedger.Notice] = []
    try watcher.run(seconds: 10) { event in
      if case .label(_, let json) = event { lines.append(Array(json)) }
      if case .notice(let notice) = event { notices.append(notice) }
      return lines.count < 2
    }
    #expect(lines == [messages[0][1], messages[4][1]])
    #expect(notices == [.lost(2, topic: LabelTopic(stream: "bed7", pipeline: "beats", channel: "MLII"))])
    #expect(watcher.ledger.labels == 3 && watcher.ledger.repeats == 1 && watcher.rejected == 1)
    #expect(watcher.peer.wasConnected)
  }

  @Test func `a probe hears what is published`() throws {
    let publisher = try Socket(.xpub, in: context)
    let probe = try EndpointProbe(try publisher.bind("tcp://127.0.0.1:*"))
    let head = Array("{\"dtype\": \"<f4\", \"shape\": [2]}".utf8)
    try send([[head, [UInt8](repeating: 0, count: 8)], [Array("x".utf8)]], on: publisher)
    let discovery = try probe.listen(seconds: 10) { $0.messages == 2 }
    #expect(discovery.topics.map(\.format) == [.array, .text] && discovery.peer.wasConnected)
  }

  @Test func `a probe of a PUSH as a subscriber learns that the kinds do not fit`() throws {
    let pusher = try Socket(.push, in: context)
    let probe = try EndpointProbe(try pusher.bind("tcp://127.0.0.1:*"))
    let discovery = try probe.listen(seconds: 0.3)
    #expect(discovery.refusal?.kind == .unavailable && discovery.messages == 0)
  }
}
