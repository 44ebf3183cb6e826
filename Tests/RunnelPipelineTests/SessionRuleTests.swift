import RunnelCore
import RunnelPipeline
import RunnelWire
import Testing

/// Who may take a stream over, when, and what becomes of the messages that wait.
@Suite struct SessionRuleTests {
  let publisher = Publisher()

  @Test func `after an end another epoch takes over at once, smaller or greater`() {
    publisher.describe(5)
    publisher.send(10, epoch: 5, first: 0)
    publisher.end(5, at: 10)
    publisher.describe(3)
    publisher.send(10, epoch: 3, first: 0)
    #expect(publisher.heard.dropFirst(3) == ["start epoch 3 new-epoch at 0", "rows 0..<10"])
    publisher.send(10, epoch: 5, first: 10)
    #expect(publisher.accounting.dropped[.oldEpoch] == 10 && publisher.heard.isEmpty)
  }

  @Test func `a rival is held until the current one is silent for two seconds`() {
    publisher.describe(1)
    publisher.describe(2)
    publisher.send(10, epoch: 1, first: 0)
    publisher.wait(100)
    publisher.send(10, epoch: 2, first: 0)
    #expect(publisher.accounting.rowsHeld == 10)
    publisher.wait(1899)
    #expect(publisher.accounting.rowsHeld == 10)
    publisher.wait(1)
    #expect(publisher.heard.dropFirst(2) == ["start epoch 2 new-epoch at 0", "rows 0..<10"])
    publisher.send(10, epoch: 1, first: 10)
    #expect(publisher.accounting.dropped[.oldEpoch] == 10 && publisher.accounting.balances)
  }

  @Test func `a heartbeat keeps the current session, that of another epoch does not`() {
    publisher.describe(1)
    publisher.describe(2)
    publisher.send(10, epoch: 1, first: 0)
    publisher.send(10, epoch: 2, first: 0)
    publisher.wait(1000)
    publisher.beat(1, next: 10)
    publisher.wait(1500)
    publisher.beat(2, next: 10)
    #expect(publisher.accounting.dropped[.rivalEpoch] == 10)
    publisher.wait(600)
    publisher.send(10, epoch: 2, first: 10)
    #expect(publisher.heard.dropFirst(2) == ["start epoch 2 joined-mid-stream at 10", "rows 10..<20"])
  }

  @Test func `a rival that comes and ends while the current one lives is applied whole when that one ends`() {
    publisher.describe(1)
    publisher.describe(2)
    publisher.send(10, epoch: 1, first: 0)
    publisher.send(10, epoch: 2, first: 0)
    publisher.end(2, at: 12)
    publisher.send(10, epoch: 1, first: 10)
    publisher.end(1, at: 20)
    #expect(
      publisher.heard == [
        "start epoch 1 first at 0", "rows 0..<10", "rows 10..<20", "end at 20", "start epoch 2 new-epoch at 0",
        "rows 0..<10", "gap 10..<12", "end at 12",
      ])
    #expect(publisher.accounting.rowsHeld == 0 && publisher.accounting.balances)
  }

  @Test func `of two rivals one that cannot begin yet does not stop the other`() {
    publisher.describe(1)
    publisher.describe(3)
    publisher.send(10, epoch: 1, first: 0)
    publisher.send(10, epoch: 2, first: 0)
    publisher.send(10, epoch: 3, first: 0)
    publisher.end(1, at: 10)
    publisher.send(10, epoch: 3, first: 10)
    #expect(publisher.heard.dropFirst(3) == ["start epoch 3 new-epoch at 0", "rows 0..<10", "rows 10..<20"])
    #expect(publisher.accounting.rowsHeld == 10 && publisher.accounting.balances)
    publisher.wait(2001)
    #expect(publisher.accounting.rowsHeld == 0)
  }

  @Test func `the wait of a held message counts from when it came`() {
    publisher.describe(1)
    publisher.describe(3)
    publisher.send(10, epoch: 1, first: 0)
    publisher.wait(1000)
    publisher.send(10, epoch: 3, first: 0)
    publisher.send(10, epoch: 2, first: 0)
    publisher.wait(900)
    publisher.end(1, at: 10)
    publisher.send(10, epoch: 3, first: 10)
    publisher.wait(1050)
    publisher.send(10, epoch: 3, first: 20)
    publisher.wait(60)
    #expect(publisher.accounting.dropped[.rivalEpoch] == 10 && publisher.accounting.rowsHeld == 0)
  }

  @Test func `a dropped connection lets the next epoch in at once`() {
    publisher.describe(1)
    publisher.describe(2)
    publisher.send(10, epoch: 1, first: 0)
    publisher.send(10, epoch: 2, first: 0)
    publisher.stream.disconnected(now: publisher.now, to: publisher.notebook)
    #expect(publisher.heard.dropFirst(2) == ["start epoch 2 new-epoch at 0", "rows 0..<10"])
  }

  @Test func `a connection that dropped and came back with the same epoch goes on`() {
    publisher.describe(1)
    publisher.send(10, epoch: 1, first: 0)
    publisher.stream.disconnected(now: publisher.now, to: publisher.notebook)
    publisher.send(10, epoch: 1, first: 15)
    #expect(publisher.heard.dropFirst(2) == ["gap 10..<15", "rows 15..<25"])
  }

  @Test func `without epochs a reconnect and a long way back start anew`() {
    let publisher = Publisher(channels: ["A"], rate: 100)
    publisher.send(10, epoch: nil)
    publisher.stream.disconnected(now: 0, to: publisher.notebook)
    publisher.send(10, epoch: nil)
    #expect(publisher.heard == ["start first at 0", "rows 0..<10", "start reconnected at 0", "rows 0..<10"])
    let indexed = Publisher(channels: ["A"], rate: 100)
    indexed.send(300, epoch: nil, first: 0)
    indexed.send(10, epoch: nil, first: 100)
    indexed.send(10, epoch: nil, first: 99)
    #expect(indexed.heard == ["start first at 0", "rows 0..<300", "start restarted at 99", "rows 99..<109"])
    #expect(indexed.accounting.dropped[.duplicate] == 10)
  }

  @Test func `without epochs a restart may bring another shape, and a refused stream may come back right`() {
    let publisher = Publisher(channels: ["A"])
    publisher.notebook.refuse = { $0.rate == 50 ? Refusal(.rate, "no") : nil }
    publisher.send(10, epoch: nil, rate: 50)
    publisher.send(10, epoch: nil, rate: 50)
    #expect(publisher.accounting.rejected[.rate] == 2)
    publisher.stream.disconnected(now: 0, to: publisher.notebook)
    publisher.send(10, epoch: nil, rate: 100)
    publisher.stream.disconnected(now: 0, to: publisher.notebook)
    publisher.send(10, epoch: nil, rate: 200)
    #expect(
      publisher.heard == [
        "refuse first at 0", "start reconnected at 0", "rows 0..<10", "start reconnected at 0", "rows 0..<10",
      ])
    #expect(publisher.accounting.balances)
  }

  @Test func `without epochs a message of a wrong rate whose index went back is rejected, and its stream goes on`() {
    // It began a session, which was refused, and all that followed was rejected until the connection dropped.
    let publisher = Publisher(channels: ["A"], rate: 100)
    publisher.send(300, epoch: nil, first: 0)
    publisher.send(10, epoch: nil, first: 0, rate: 50)
    publisher.send(10, epoch: nil, first: 300)
    #expect(publisher.heard == ["start first at 0", "rows 0..<300", "rows 300..<310"])
    let told = DecodeError(.rate, expected: "100.0 Hz, as the configuration says", found: "50.0 Hz")
    #expect(publisher.notebook.notes.last == .rejected(told))
    #expect(publisher.accounting.rejected[.rate] == 1 && publisher.accounting.sessions == 1)
    #expect(publisher.accounting.rowsLost == 0 && publisher.accounting.balances)
  }

  @Test func `without epochs the first message after a reconnect may be bad, and the next begins the session`() {
    let publisher = Publisher(channels: ["A"], rate: 100)
    publisher.send(10, epoch: nil, first: 0)
    publisher.stream.disconnected(now: 0, to: publisher.notebook)
    publisher.send(10, epoch: nil, first: 0, rate: 50)
    publisher.send(10, epoch: nil, first: 0, channels: 2)
    publisher.send(10, epoch: nil, first: 0)
    #expect(publisher.heard.dropFirst(2) == ["start reconnected at 0", "rows 0..<10"])
    #expect(publisher.accounting.rejected[.rate] == 1 && publisher.accounting.rejected[.shapeChanged] == 1)
  }

  @Test(arguments: [100, nil]) func `without epochs a first message of a wrong rate is refused, and the next begins`(
    rate: Double?
  ) {
    let publisher = Publisher(channels: ["A"], rate: 100)
    publisher.send(10, epoch: nil, first: 0, rate: 50)
    publisher.send(10, epoch: nil, first: 10, rate: 50)
    #expect(publisher.stream.phase == .refused)
    publisher.send(10, epoch: nil, first: 20, rate: rate)
    publisher.send(10, epoch: nil, first: 30, rate: rate)
    #expect(publisher.heard == ["start new-rate at 20", "rows 20..<30", "rows 30..<40"])
    #expect(publisher.stream.phase == .live)
    #expect(publisher.accounting.rejected[.rate] == 2 && publisher.accounting.rowsLost == 0)
  }

  @Test func `without epochs a message that states no rate where it is needed ends no session`() {
    let publisher = Publisher(channels: ["A"])
    publisher.send(300, epoch: nil, first: 0)
    publisher.send(10, epoch: nil, first: 0, rate: nil)
    publisher.send(10, epoch: nil, first: 300)
    #expect(publisher.heard == ["start first at 0", "rows 0..<300", "rows 300..<310"])
    #expect(publisher.accounting.rejected[.rate] == 1)
  }

  @Test func `without epochs a session that no pipeline takes lasts no longer than its rate`() {
    let publisher = Publisher(channels: ["A"])
    publisher.notebook.refuse = { $0.rate == 50 ? Refusal(.rate, "no") : nil }
    publisher.send(300, epoch: nil, first: 0)
    publisher.send(10, epoch: nil, first: 0, rate: 50)
    publisher.send(10, epoch: nil, first: 10, rate: 50)
    publisher.send(10, epoch: nil, first: 300)
    #expect(
      publisher.heard == [
        "start first at 0", "rows 0..<300", "refuse restarted at 0", "start new-rate at 300", "rows 300..<310",
      ])
    #expect(publisher.accounting.rejected[.rate] == 2 && publisher.accounting.sessions == 3)
    #expect(publisher.accounting.balances)
  }

  @Test func `without epochs a rate that is not heard for two seconds gives way to another`() {
    // Open Ephys, stopped after a second and started at another rate: its indexes go back by less than two seconds, and
    // every block was rejected for good.
    let publisher = Publisher(channels: ["A"])
    publisher.send(10, epoch: nil, first: 0, rate: 50)
    publisher.send(10, epoch: nil, first: 0)
    publisher.wait(1999)
    publisher.send(10, epoch: nil, first: 10)
    #expect(publisher.accounting.rejected[.shapeChanged] == 2)
    publisher.wait(1)
    publisher.send(10, epoch: nil, first: 20)
    publisher.send(10, epoch: nil, first: 30, rate: 50)
    publisher.send(10, epoch: nil, first: 40)
    #expect(
      publisher.heard == [
        "start first at 0", "rows 0..<10", "start new-rate at 20", "rows 20..<30", "gap 30..<40", "rows 40..<50",
      ])
    #expect(publisher.accounting.rejected[.shapeChanged] == 3 && publisher.accounting.rowsLost == 0)
  }

  @Test func `without epochs a publisher that is slow by habit loses its session to no single bad message`() {
    let publisher = Publisher(channels: ["A"])
    for n in 0..<4 {
      publisher.send(10, epoch: nil, first: Int64(10 * n))
      publisher.wait(5000)
    }
    publisher.send(10, epoch: nil, first: 40, rate: 50)
    publisher.send(10, epoch: nil, first: 40)
    #expect(publisher.accounting.rejected[.shapeChanged] == 1 && publisher.accounting.sessions == 1)
    #expect(publisher.heard.last == "rows 40..<50")
  }

  @Test func `where a rate holds until another is said, as GNU Radio's does, it is refused as long`() {
    let publisher = Publisher(channels: ["A"], rate: 100)
    publisher.send(10, epoch: nil, first: 0, rate: 50, rateHolds: true)
    publisher.send(10, epoch: nil, first: 10, rate: nil, rateHolds: true)
    #expect(publisher.heard.isEmpty && publisher.stream.phase == .refused)
    publisher.send(300, epoch: nil, first: 20, rateHolds: true)
    publisher.send(10, epoch: nil, first: 320, rate: nil, rateHolds: true)
    #expect(publisher.heard == ["start new-rate at 20", "rows 20..<320", "rows 320..<330"])
    publisher.stream.disconnected(now: 0, to: publisher.notebook)
    publisher.send(10, epoch: nil, first: 0, rate: 50, rateHolds: true)
    publisher.send(10, epoch: nil, first: 10, rate: nil, rateHolds: true)
    #expect(publisher.heard.isEmpty && publisher.stream.phase == .refused)
    publisher.send(10, epoch: nil, first: 20, rateHolds: true)
    #expect(publisher.heard == ["start new-rate at 20", "rows 20..<30"])
  }

  @Test func `an epoch that gave way to a message without one may come back`() {
    // The head of one array lacked its epoch, and its index lay far back: everything after it was a straggler, for good.
    let publisher = Publisher(channels: ["A"], rate: 100)
    publisher.send(300, epoch: 5, first: 0)
    publisher.send(10, epoch: nil, first: 0)
    publisher.send(10, epoch: 5, first: 300)
    #expect(publisher.accounting.rowsHeld == 10)
    publisher.wait(2000)
    publisher.send(10, epoch: 5, first: 310)
    #expect(
      publisher.heard.dropFirst(2) == [
        "start restarted at 0", "rows 0..<10", "start epoch 5 joined-mid-stream at 300", "rows 300..<310",
        "rows 310..<320",
      ])
    #expect(publisher.accounting.dropped.total == 0 && publisher.accounting.balances)
  }

  @Test func `a first message that lacks its index loses no rows before the second`() {
    // The session began at row 0, and all rows up to the second message's index counted as lost.
    let publisher = Publisher(channels: ["A"], rate: 100)
    publisher.send(10, epoch: nil)
    publisher.send(10, epoch: nil, first: 100_000)
    publisher.send(10, epoch: nil)
    publisher.send(10, epoch: nil, first: 100_020)
    #expect(
      publisher.heard == [
        "start first at 0", "rows 0..<10", "start joined-mid-stream at 100000", "rows 100000..<100010",
        "rows 100010..<100020", "rows 100020..<100030",
      ])
    #expect(publisher.stream.session?.level == .sequenced && publisher.accounting.rowsLost == 0)
  }

  @Test func `with epochs a refused session lasts, whatever rate its messages state`() {
    let publisher = Publisher(rate: 100)
    publisher.describe(1, rate: nil)
    publisher.send(10, epoch: 1, first: 0, rate: 50)
    publisher.wait(3000)
    publisher.send(10, epoch: 1, first: 10)
    #expect(publisher.heard.isEmpty && publisher.accounting.rejected[.rate] == 2)
    publisher.describe(2, rate: nil)
    publisher.send(10, epoch: 2, first: 0)
    #expect(publisher.heard == ["start epoch 2 new-epoch at 0", "rows 0..<10"])
  }

  @Test func `a refused session is rejected message by message, and a good epoch after its end is taken`() {
    publisher.notebook.refuse = { $0.channels[0].unit == "kg" ? Refusal(.unit, "no") : nil }
    publisher.send(10, epoch: 1, first: 0)
    publisher.describe(1, unit: "kg")
    publisher.send(10, epoch: 1, first: 10)
    #expect(publisher.accounting.dropped[.refused] == 10 && publisher.accounting.rejected[.unit] == 1)
    publisher.end(1, at: 20)
    publisher.describe(2, unit: "mV")
    publisher.send(10, epoch: 2, first: 0)
    #expect(publisher.heard == ["refuse epoch 1 first at 0", "start epoch 2 new-epoch at 0", "rows 0..<10"])
    #expect(publisher.accounting.balances)
  }

  @Test func `header, description and configuration must agree on the rate within half a percent`() {
    publisher.describe(rate: 100)
    publisher.send(10, first: 0, rate: 100.4)
    #expect(publisher.heard.count == 2)
    let wrong = Publisher(rate: 360)
    wrong.describe(rate: 100)
    wrong.send(10, first: 0)
    #expect(wrong.heard.isEmpty && wrong.accounting.rejected[.rate] == 1)
  }

  @Test func `what is held is bounded in bytes, the newest dropped`() {
    let publisher = Publisher { $0.holdBytes = 3 * (20 + 64) }
    for n in 0..<5 { publisher.send(10, first: Int64(10 * n)) }
    #expect(publisher.accounting.rowsHeld == 30 && publisher.accounting.dropped[.overflow] == 20)
    publisher.describe()
    #expect(publisher.heard == ["start epoch 1 first at 0", "rows 0..<10", "rows 10..<20", "rows 20..<30"])
    #expect(publisher.accounting.balances)
  }

  @Test func `rows that found no room to wait are dropped, and only what never came beside them is lost`() {
    let publisher = Publisher { $0.holdBytes = 2 * (20 + 64) }
    for first in [0, 10, 20, 40] { publisher.send(10, first: Int64(first)) }
    publisher.describe()
    publisher.send(10, first: 60)
    #expect(publisher.heard.dropFirst(3) == ["gap 20..<60", "rows 60..<70"])
    #expect(publisher.accounting.dropped[.overflow] == 20 && publisher.accounting.rowsLost == 20)
    #expect(
      publisher.notebook.notes.filter { if case .lost = $0 { true } else { false } } == [
        .lost(rows: 30..<40), .lost(rows: 50..<60),
      ])
  }

  @Test func `rows that waited and do not fit their description are dropped, not lost`() {
    publisher.send(10, first: 0)
    publisher.send(10, first: 10, channels: 2)
    publisher.describe()
    publisher.send(10, first: 20)
    #expect(publisher.heard.dropFirst(2) == ["gap 10..<20", "rows 20..<30"])
    #expect(publisher.accounting.dropped[.refused] == 10 && publisher.accounting.rowsLost == 0)
  }

  @Test(arguments: 0..<200)
  func `whatever comes in whatever order, the books balance, calls continue each other, and a drain leaves nothing`(
    seed: UInt64
  ) {
    var random = SeededGenerator(seed: seed)
    let publisher = Publisher { $0.holdBytes = 2000 }
    publisher.notebook.refuse = { $0.channels.count == 2 ? Refusal(.channelMissing, "no") : nil }
    var next: [Int64] = [0, 0, 0, 0]
    for _ in 0..<300 {
      let pick = random.below(4)
      let epoch = UInt64(pick)
      switch random.below(12) {
      case 0:
        publisher.describe(epoch, rate: random.below(9) == 0 ? 101 : 100, channels: pick == 3 ? ["A", "B"] : ["A"])
      case 1: publisher.end(epoch, at: next[pick] + Int64(random.below(2)))
      case 2: publisher.beat(epoch, next: next[pick])
      case 3: publisher.stream.disconnected(now: publisher.now, to: publisher.notebook)
      case 4: publisher.wait(Int64(random.below(1500)))
      case 5: next[pick] += Int64(random.below(20))
      default:
        let back = random.below(5) == 0 ? Int64(random.below(15)) : 0
        let rows = random.below(12)
        publisher.send(
          rows, epoch: epoch, first: max(0, next[pick] - back), sequence: UInt64(max(0, next[pick])),
          channels: random.below(15) == 0 ? 2 : pick == 3 ? 2 : 1, jump: random.below(20) == 0)
        next[pick] = max(0, next[pick] - back) + Int64(rows)
      }
      #expect(publisher.accounting.balances)
    }
    publisher.stream.drain(to: publisher.notebook)
    #expect(publisher.accounting.balances && publisher.accounting.rowsHeld == 0)
    #expect(isContinuous(publisher.heard))
  }

  @Test(arguments: 0..<200)
  func `without epochs good messages are used again soon, whatever came before them`(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let configured: Double? = random.below(2) == 0 ? 100 : nil
    let publisher = Publisher(channels: ["A"], rate: configured)
    publisher.notebook.refuse = { $0.rate == 50 ? Refusal(.rate, "no") : nil }
    // Of the good ones: what tells their place, and whether they state their rate.
    let (hasIndex, hasSequence) = (random.below(2) == 0, random.below(2) == 0)
    let statesRate = configured == nil || random.below(2) == 0
    var (next, number): (Int64, UInt64) = (Int64(random.below(1000)), UInt64(random.below(100)))
    func sendGood() {
      publisher.send(
        10, epoch: nil, first: hasIndex ? next : nil, sequence: hasSequence ? number : nil,
        rate: statesRate ? 100 : nil)
      (next, number) = (next + 10, number + 1)
    }
    let rates: [Double?] = [100, 100, 50, 80, 0, nil]
    for _ in 0..<random.below(60) {
      switch random.below(12) {
      case 0: publisher.stream.disconnected(now: publisher.now, to: publisher.notebook)
      case 1...3:
        let places: [Int64] = [0, next - 100, next + 100, next + 1 << 40, 1 << 53 - 12, 1 << 60]
        publisher.send(
          random.below(12), epoch: nil, first: random.below(4) == 0 ? nil : max(0, places[random.below(6)]),
          sequence: random.below(2) == 0 ? nil : UInt64(max(0, places[random.below(6)])), rate: rates[random.below(6)],
          channels: random.below(6) == 0 ? 2 : 1)
      default: sendGood()
      }
      publisher.wait(Int64(random.below(150)))
      #expect(publisher.accounting.balances)
    }
    for _ in 0..<50 {
      sendGood()
      publisher.wait(100)
    }
    let used = publisher.accounting.rowsUsed
    for _ in 0..<10 { sendGood() }
    #expect(publisher.accounting.rowsUsed == used + 100)
    #expect(publisher.accounting.balances && isContinuous(publisher.heard))
  }

  /// Whether indexes continue each other between a start and the next, as `StreamListener` promises.
  private func isContinuous(_ heard: [String]) -> Bool {
    var at: Int64?
    for line in heard {
      let numbers = line.split { !$0.isNumber }.compactMap { Int64($0) }
      if line.hasPrefix("start") {
        at = numbers.last
      } else if line.hasPrefix("refuse") {
        at = nil
      } else {
        guard let now = at, numbers[0] == now else { return false }
        if line.hasPrefix("rows") || line.hasPrefix("gap") { at = numbers[1] }
        if line.hasPrefix("end") { at = nil }
      }
    }
    return true
  }
}
