import RunnelCore
import RunnelWire
import Testing

@testable import RunnelService

@Suite struct LabelLedgerTests {
  private let topic = LabelTopic(stream: "bed7", pipeline: "beats", channel: "MLII")

  private func message(_ sequence: UInt64, epoch: UInt64 = 5, kind: LabelMessage.Kind = .label) -> LabelMessage {
    LabelMessage(
      kind: kind, stream: "bed7", channel: "MLII", pipeline: "beats", epoch: epoch, sequence: sequence, label: "N")
  }

  @Test func `a late subscriber has lost nothing`() {
    var ledger = LabelLedger()
    #expect(ledger.enter(message(1 << 40)) == .taken([]))
    #expect(ledger.enter(message(1 << 40 + 1)) == .taken([]))
    #expect(ledger.lost == 0 && ledger.labels == 2)
  }

  @Test func `a label seen before is a repeat, and a jump is a loss of so many`() {
    var ledger = LabelLedger()
    _ = ledger.enter(message(7))
    #expect(ledger.enter(message(7)) == .repeated)
    #expect(ledger.enter(message(11)) == .taken([.lost(3, topic: topic)]))
    #expect(ledger.lost == 3 && ledger.repeats == 1 && ledger.labels == 2)
  }

  @Test func `an end is no label, and is counted in seq as one`() {
    var ledger = LabelLedger()
    _ = ledger.enter(message(0))
    _ = ledger.enter(message(1, kind: .status(.end, reason: nil)))
    _ = ledger.enter(message(2, kind: .status(.stale, reason: nil)))
    #expect(ledger.labels == 1 && ledger.statuses == 1 && ledger.lost == 0)
  }

  @Test func `a heartbeat tells of a loss at the tail, and a repeat of the last takes it back`() {
    var ledger = LabelLedger()
    _ = ledger.enter(message(3))
    #expect(ledger.enter(message(4, kind: .heartbeat)) == .taken([]))
    #expect(ledger.enter(message(6, kind: .heartbeat)) == .taken([.lost(2, topic: topic)]))
    #expect(ledger.enter(message(6, kind: .heartbeat)) == .taken([]))
    #expect(ledger.enter(message(5)) == .taken([]))
    #expect(ledger.lost == 1 && ledger.enter(message(5)) == .repeated)
  }

  @Test func `the last label that is sent again after the first heartbeat is new to who comes late`() {
    var ledger = LabelLedger()
    _ = ledger.enter(message(43, kind: .heartbeat))
    #expect(ledger.enter(message(42)) == .taken([]))
    #expect(ledger.lost == 0 && ledger.labels == 1)
  }

  @Test func `a later epoch begins at zero and says so once; stragglers of the one before count with it`() {
    var ledger = LabelLedger()
    _ = ledger.enter(message(9))
    #expect(ledger.enter(message(2, epoch: 6)) == .taken([.newEpoch(6, topic: topic), .lost(2, topic: topic)]))
    #expect(ledger.enter(message(10)) == .taken([]))
    #expect(ledger.enter(message(3, epoch: 6)) == .taken([]))
  }

  @Test func `daemons that say they lost more than can be counted stop the count, not the watcher`() {
    var ledger = LabelLedger()
    let most = WireLimits.largestIndex - 1
    for epoch in UInt64(1)...3 {
      _ = ledger.enter(message(0, epoch: epoch, kind: .heartbeat))
      let entry = ledger.enter(message(most, epoch: epoch, kind: .heartbeat))
      #expect(entry == .taken([.lost(Int64(most), topic: topic)]))
    }
    #expect(ledger.lost == .max)
  }

  @Test func `whatever is lost or sent twice, what came and what was lost are what was sent`() {
    var generator = SeededGenerator(seed: 11)
    for _ in 0..<200 {
      var ledger = LabelLedger()
      _ = ledger.enter(message(0))
      var arrived: Int64 = 1
      for sequence in 1..<UInt64(40) where generator.below(4) > 0 {
        _ = ledger.enter(message(sequence))
        arrived += 1
        if generator.below(3) == 0 { #expect(ledger.enter(message(sequence)) == .repeated) }
      }
      _ = ledger.enter(message(40, kind: .heartbeat))
      #expect(ledger.labels == arrived && ledger.labels + ledger.lost == 40)
    }
  }

  @Test func `a filter subscribes to as much of the topic as it fixes`() throws {
    #expect(try LabelFilter().prefix() == "l/")
    #expect(try LabelFilter(stream: "a b").prefix() == "l/a%20b/")
    #expect(try LabelFilter(stream: "a", pipeline: "p").prefix() == "l/a/p/")
    #expect(try LabelFilter(stream: "a", pipeline: "p", channel: "V5").prefix() == "l/a/p/V5/")
    #expect(try LabelFilter(stream: "a", channel: "V5").prefix() == "l/a/")
  }

  @Test func `a line tells time, place, label, score, quality and latency`() {
    var label = message(1)
    label.timestamp = 1_763_923_532_123_456_789
    (label.at, label.p, label.quality, label.latencyMicroseconds) = (98_765_530, 0.9734, .ok, 184)
    #expect(LabelLine.text(label) == "2025-11-23 18:45:32.123  bed7/MLII  at 98765530  N  0.973  ok  184 µs")
    #expect(
      LabelLine.time(-1) == "1969-12-31 23:59:59.999"
        && LabelLine.time(951_782_400_000_000_000).hasPrefix("2000-02-29 "))
    label.steps = LabelSequence(labels: ["N", "N", "V"], ids: [0, 0, 1], ps: [0.9, 0.8, 0.7])
    #expect(LabelLine.text(label) == "2025-11-23 18:45:32.123  bed7/MLII  at 98765530  N N V  ok  184 µs")
    #expect(LabelFilter(labels: ["V"]).shows(label) && !LabelFilter(labels: ["S"]).shows(label))
    label.steps = LabelSequence(labels: Array(repeating: "N", count: 40), ids: [], ps: [])
    #expect(LabelLine.text(label).contains("N N … (40 steps)"))
    label.steps = LabelSequence()
    #expect(LabelLine.text(label).contains("(empty)"))
    label.steps = nil
    label.label = "\u{1B}[31m"
    #expect(!LabelLine.text(label).contains("\u{1B}"))
  }
}
