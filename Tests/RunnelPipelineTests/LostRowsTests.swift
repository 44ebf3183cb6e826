import RunnelCore
import RunnelPipeline
import Testing

@testable import RunnelWire

/// Lost is what never came: not what came and was dropped or rejected.
@Suite struct LostRowsTests {
  let publisher = Publisher()

  @Test func `rows of another shape came, and what never came beside them is lost`() {
    publisher.describe()
    publisher.send(10, first: 0)
    publisher.send(10, first: 10, channels: 2)
    publisher.send(10, first: 20, rate: 101)
    publisher.send(10, first: 40)
    #expect(publisher.heard.dropFirst(2) == ["gap 10..<40", "rows 40..<50"])
    #expect(publisher.accounting.rejected[.shapeChanged] == 2 && publisher.accounting.gaps == 1)
    #expect(publisher.accounting.rowsLost == 10)
  }

  @Test func `where only a sequence tells, a message that was rejected is not lost`() {
    let publisher = Publisher(channels: ["A"], rate: 100)
    publisher.send(10, epoch: nil, sequence: 0)
    publisher.send(10, epoch: nil, sequence: 1, channels: 2)
    publisher.send(10, epoch: nil, sequence: 2)
    #expect(publisher.heard == ["start first at 0", "rows 0..<10", "unknown gap at 10", "rows 10..<20"])
    #expect(publisher.accounting.messagesLost == 0 && publisher.accounting.gaps == 1)
    publisher.send(10, epoch: nil, sequence: 4, channels: 2)
    publisher.send(10, epoch: nil, sequence: 6)
    #expect(publisher.notebook.notes.suffix(2) == [.lostMessages(1), .lostMessages(1)])
    #expect(publisher.accounting.messagesLost == 2)
  }

  @Test func `heartbeats of a session that was refused count as lost only what never came`() {
    publisher.notebook.refuse = { _ in Refusal(.unit, "no") }
    publisher.describe()
    publisher.send(10, first: 0)
    publisher.beat(next: 10)
    publisher.send(10, first: 10)
    publisher.beat(next: 20)
    #expect(publisher.accounting.rejected[.unit] == 2)
    #expect(publisher.accounting.rowsLost == 0 && publisher.accounting.gaps == 0)
    publisher.send(10, first: 30)
    publisher.end(at: 45)
    #expect(publisher.accounting.rowsLost == 15 && publisher.accounting.gaps == 1)
    #expect(publisher.heard == ["refuse epoch 1 first at 0"])
  }

  @Test func `rows of a rival that waited too long were dropped, and are not lost when it takes over`() {
    for epoch in [UInt64(1), 2] { publisher.describe(epoch) }
    publisher.send(10, epoch: 1, first: 0)
    publisher.send(10, epoch: 2, first: 10)
    publisher.wait(1000)
    publisher.send(10, epoch: 2, first: 0)
    publisher.beat(1, next: 10)
    publisher.wait(1500)
    #expect(publisher.accounting.dropped[.rivalEpoch] == 10)
    publisher.end(1, at: 10)
    publisher.send(10, epoch: 2, first: 20)
    #expect(
      publisher.heard.dropFirst(3) == [
        "start epoch 2 new-epoch at 0", "rows 0..<10", "gap 10..<20", "rows 20..<30",
      ])
    #expect(publisher.accounting.rowsLost == 0)
  }

  @Test func `what found no room to wait is one stretch, though smaller messages between would have found some`() {
    let publisher = Publisher { $0.holdBytes = 10_000 }
    publisher.send(1, first: 0)
    for pair in Int64(0)..<100 {
      publisher.send(9999, first: 1 + 10_000 * pair)
      publisher.send(1, first: 10_000 * (pair + 1))
    }
    publisher.describe()
    publisher.end(at: 1_000_001)
    #expect(publisher.accounting.dropped[.overflow] == 1_000_000 && publisher.accounting.rowsLost == 0)
    #expect(publisher.heard == ["start epoch 1 first at 0", "rows 0..<1", "gap 1..<1000001", "end at 1000001"])
  }

  @Test func `without epochs, what a run had rejected says nothing of the next`() {
    let publisher = Publisher(channels: ["A"], rate: 100)
    publisher.send(10, epoch: nil, first: 0)
    publisher.send(10, epoch: nil, first: 10, channels: 2)
    publisher.stream.disconnected(now: 0, to: publisher.notebook)
    publisher.send(5, epoch: nil, first: 0)
    publisher.send(5, epoch: nil, first: 20)
    #expect(publisher.heard.dropFirst(2) == ["start reconnected at 0", "rows 0..<5", "gap 5..<20", "rows 20..<25"])
    #expect(publisher.accounting.rowsLost == 15)
  }

  @Test(arguments: 0..<100)
  func `of a session that is heard from its start every row is used, dropped, rejected or lost, and is so once`(
    seed: UInt64
  ) {
    var random = SeededGenerator(seed: seed)
    let publisher = Publisher { $0.holdBytes = random.below(2000) + 200 }
    let described = random.below(60)
    var (next, rejected) = (Int64(0), Int64(0))
    for message in 0..<60 {
      if message == described { publisher.describe() }
      let rows = random.below(20) + 1
      if message == 0 || random.below(4) > 0 {
        let before = publisher.accounting.rejected.total
        publisher.send(rows, first: next, channels: message > 0 && random.below(4) == 0 ? 2 : 1)
        if publisher.accounting.rejected.total > before { rejected += Int64(rows) }
      }
      next += Int64(rows)
      if random.below(10) == 0 { publisher.beat(next: next) }
    }
    publisher.end(at: next)
    let books = publisher.accounting
    #expect(books.rowsUsed + books.dropped.total + rejected + books.rowsLost == next && books.balances)
  }

  @Test(arguments: 0..<200)
  func `whoever rivals whom and whatever is refused, no more rows are lost than were never sent`(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let publisher = Publisher { $0.holdBytes = 2000 }
    publisher.notebook.refuse = { $0.channels.count == 2 ? Refusal(.channelMissing, "no") : nil }
    var next: [Int64] = [0, 0, 0, 0]
    var neverSent: Int64 = 0
    for _ in 0..<400 {
      let pick = random.below(4)
      let epoch = UInt64(pick)
      let rows = random.below(20)
      switch random.below(12) {
      case 0: publisher.describe(epoch, channels: pick == 3 ? ["A", "B"] : ["A"])
      case 1: if random.below(8) == 0 { publisher.end(epoch, at: next[pick]) }
      case 2, 3: publisher.beat(epoch, next: next[pick])
      case 4: publisher.stream.disconnected(now: publisher.now, to: publisher.notebook)
      case 5: publisher.wait(Int64(random.below(1500)))
      case 6:
        next[pick] += Int64(rows)
        neverSent += Int64(rows)
      default:
        publisher.send(
          rows, epoch: epoch, first: next[pick], rate: random.below(6) == 0 ? 102 : 100,
          channels: random.below(6) == 0 || pick == 3 ? 2 : 1)
        next[pick] += Int64(rows)
      }
      #expect(publisher.accounting.rowsLost <= neverSent)
    }
  }
}
