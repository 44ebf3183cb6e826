import RunnelCore
import RunnelPipeline
import RunnelWire
import Testing

/// The rules of sessions and order, each as what a listener hears.
@Suite struct AdmissionTests {
  let publisher = Publisher()

  // MARK: order

  @Test func `rows in order are heard as they come`() {
    publisher.describe()
    publisher.send(10, first: 0)
    publisher.send(0, first: 10)
    publisher.send(5, first: 10)
    publisher.end(at: 15)
    #expect(publisher.heard == ["start epoch 1 first at 0", "rows 0..<10", "rows 10..<15", "end at 15"])
    #expect(publisher.accounting.rowsUsed == 15 && publisher.accounting.balances)
  }

  @Test func `a newer index is a gap, an older one a duplicate, a partly older one both used and dropped`() {
    publisher.describe()
    publisher.send(10, first: 0)
    publisher.send(10, first: 20)
    publisher.send(10, first: 0)
    publisher.send(10, first: 25)
    #expect(
      publisher.heard == ["start epoch 1 first at 0", "rows 0..<10", "gap 10..<20", "rows 20..<30", "rows 30..<35"])
    #expect(publisher.accounting.dropped[.duplicate] == 15 && publisher.accounting.rowsLost == 10)
  }

  @Test func `the time of a partly repeated chunk is that of its first new row`() {
    publisher.describe()
    publisher.send(10, first: 0, timestamp: 0)
    publisher.send(10, first: 5, timestamp: 50_000_000)
    #expect(publisher.heard.last == "rows 10..<15 t 100000000")
  }

  @Test func `a discontinuity is a gap of unknown length, flagged on an empty message too`() {
    publisher.describe()
    publisher.send(10, first: 0, sequence: 0)
    publisher.send(0, first: 10, sequence: 1, jump: true)
    publisher.send(10, first: 10, sequence: 2)
    publisher.send(10, first: 20, sequence: 3, jump: true)
    #expect(publisher.heard.dropFirst(2) == ["unknown gap at 10", "rows 10..<20", "unknown gap at 20", "rows 20..<30"])
  }

  @Test func `a discontinuity before the first row of all is none, however many empty messages come before`() {
    publisher.describe()
    publisher.send(0, first: 0, sequence: 0)
    publisher.send(10, first: 0, sequence: 1, jump: true)
    #expect(publisher.heard == ["start epoch 1 first at 0", "rows 0..<10"])
  }

  @Test func `a discontinuity before a row that came already is none`() {
    publisher.describe()
    publisher.send(10, first: 0, sequence: 0)
    publisher.send(10, first: 5, sequence: 1, jump: true)
    publisher.send(0, first: 10, sequence: 0, jump: true)
    #expect(publisher.heard.dropFirst(2) == ["rows 10..<15"])
  }

  @Test func `where only a sequence tells, a lost message is a gap of unknown length`() {
    let publisher = Publisher(channels: ["A"], rate: 100)
    publisher.send(10, epoch: nil, sequence: 4)
    publisher.send(10, epoch: nil, sequence: 5)
    publisher.send(10, epoch: nil, sequence: 5)
    publisher.send(10, epoch: nil, sequence: 8)
    #expect(
      publisher.heard == ["start first at 0", "rows 0..<10", "rows 10..<20", "unknown gap at 20", "rows 20..<30"])
    #expect(publisher.accounting.messagesLost == 2 && publisher.accounting.dropped[.duplicate] == 10)
  }

  @Test func `a message that lacks its number takes the next, so that what is lost behind it still counts`() {
    let publisher = Publisher(channels: ["A"], rate: 100)
    publisher.send(10, epoch: nil, sequence: 4)
    publisher.send(10, epoch: nil)
    publisher.send(10, epoch: nil, sequence: 6)
    #expect(publisher.heard == ["start first at 0", "rows 0..<10", "rows 10..<20", "rows 20..<30"])
    publisher.send(10, epoch: nil)
    publisher.send(10, epoch: nil, sequence: 9)
    #expect(publisher.heard == ["rows 30..<40", "unknown gap at 40", "rows 40..<50"])
    #expect(publisher.accounting.messagesLost == 1)
  }

  @Test func `a heartbeat and an end tell what was lost at the tail`() {
    publisher.describe()
    publisher.send(10, first: 0)
    publisher.beat(next: 12)
    publisher.beat(next: 12)
    publisher.beat(2, next: 900)
    publisher.end(at: 20)
    publisher.end(at: 30)
    publisher.beat(next: 40)
    #expect(publisher.heard.dropFirst(2) == ["gap 10..<12", "gap 12..<20", "end at 20"])
    #expect(publisher.accounting.rowsLost == 10)
  }

  @Test func `a stream joined in the middle starts there, without a gap`() {
    publisher.describe()
    publisher.send(10, first: 1 << 40)
    #expect(publisher.heard.first == "start epoch 1 joined-mid-stream at \(1 << 40)")
    #expect(publisher.accounting.rowsLost == 0)
  }

  @Test func `an index beyond 2^53 is refused, for no arithmetic of positions holds there`() {
    publisher.describe()
    publisher.send(10, first: 1 << 61)
    #expect(publisher.heard.isEmpty && publisher.accounting.rejected[.limit] == 1)
    publisher.send(10, first: 0)
    publisher.beat(next: 1 << 61)
    publisher.end(at: 1 << 61)
    #expect(publisher.heard == ["start epoch 1 first at 0", "rows 0..<10"])
    #expect(publisher.accounting.rejected[.limit] == 3 && publisher.accounting.balances)
  }

  @Test func `the time of a repeated chunk at the lowest rate is unknown rather than out of range`() {
    publisher.describe(rate: 1e-6)
    publisher.send(10_000_000, first: 0, rate: 1e-6)
    publisher.send(10_000_001, first: 0, rate: 1e-6, timestamp: 1 << 61)
    #expect(publisher.heard.last == "rows 10000000..<10000001")
  }

  @Test func `a time that would lie beyond those of messages is unknown`() {
    publisher.describe()
    publisher.send(10, first: 0, timestamp: 1 << 62 - 1)
    publisher.send(10, first: 5, timestamp: 1 << 62 - 1)
    #expect(publisher.heard.dropFirst() == ["rows 0..<10 t \(Int64(1) << 62 - 1)", "rows 10..<15"])
  }

  @Test func `publishers that lie about what was sent cannot overflow the books`() {
    for epoch in UInt64(1)..<2200 {
      publisher.describe(epoch)
      publisher.send(1, epoch: epoch, first: 0, sequence: 0)
      publisher.end(epoch, at: 1 << 53)
    }
    #expect(publisher.accounting.rowsLost == .max && publisher.accounting.balances)
  }

  // MARK: descriptions

  @Test func `a silent stream is called stale once, and again after it was heard, but never after its end`() {
    let publisher = Publisher()
    publisher.describe()
    publisher.wait(5000)
    #expect(publisher.notebook.stale == [])
    publisher.send(10, first: 0)
    publisher.wait(1900)
    publisher.beat(next: 10)
    publisher.wait(1900)
    #expect(publisher.notebook.stale == [])
    publisher.wait(6000)
    publisher.wait(6000)
    #expect(publisher.notebook.stale == [10])
    publisher.send(10, first: 10)
    publisher.end(at: 20)
    publisher.wait(60_000)
    #expect(publisher.notebook.stale == [10])
  }

  @Test func `samples wait for their description, then are used in order`() {
    publisher.send(10, first: 0)
    publisher.send(10, first: 10)
    #expect(publisher.heard.isEmpty && publisher.accounting.rowsHeld == 20 && publisher.accounting.balances)
    publisher.describe()
    #expect(publisher.heard == ["start epoch 1 first at 0", "rows 0..<10", "rows 10..<20"])
    #expect(publisher.accounting.rowsHeld == 0 && publisher.accounting.balances)
  }

  @Test func `samples that nobody describes within two seconds are dropped`() {
    publisher.send(10, first: 0)
    publisher.wait(1999)
    #expect(publisher.accounting.rowsHeld == 10)
    publisher.wait(2)
    #expect(publisher.accounting.dropped[.undescribed] == 10 && publisher.accounting.balances)
    publisher.describe()
    publisher.send(10, first: 10)
    #expect(publisher.heard == ["start epoch 1 joined-mid-stream at 10", "rows 10..<20"])
  }

  @Test func `held messages of another shape than the description are dropped, never read by it`() {
    publisher.send(10, first: 0, channels: 1)
    publisher.send(10, first: 10, channels: 2)
    publisher.send(10, first: 20, rate: 50, channels: 2)
    publisher.describe(channels: ["A", "B"])
    publisher.send(10, first: 30, channels: 2)
    #expect(
      publisher.heard == ["start epoch 1 joined-mid-stream at 10", "rows 10..<20", "gap 20..<30", "rows 30..<40"])
    #expect(publisher.accounting.dropped[.refused] == 20 && publisher.accounting.balances)
  }

  @Test func `a description said again and again changes nothing`() {
    publisher.describe()
    publisher.send(10, first: 0)
    publisher.describe()
    publisher.describe(nil)
    publisher.send(10, first: 10)
    #expect(publisher.heard == ["start epoch 1 first at 0", "rows 0..<10", "rows 10..<20"])
    #expect(publisher.accounting.rejected.total == 0)
  }

  @Test func `a description that comes late to configured channels is taken, however often it is said`() {
    let publisher = Publisher(channels: ["A"], rate: 100)
    publisher.send(10, first: 0)
    for _ in 0..<3 { publisher.describe(channels: ["MLII"], subject: "p1") }
    publisher.send(10, first: 10)
    #expect(publisher.heard == ["start epoch 1 first at 0", "rows 0..<10", "rows 10..<20"])
    #expect(publisher.accounting.rejected.total == 0)
    publisher.describe(channels: ["MLII"], subject: "p2")
    #expect(publisher.heard == ["start epoch 1 new-subject at 20"])
  }

  @Test func `another subject starts a new session where the stream stands`() {
    publisher.describe(subject: "p1")
    publisher.send(10, first: 0)
    publisher.describe(subject: "p2")
    publisher.send(10, first: 10)
    #expect(publisher.heard.dropFirst(2) == ["start epoch 1 new-subject at 10", "rows 10..<20"])
  }

  @Test func `a changed shape is refused inside a session`() {
    publisher.describe()
    publisher.send(10, first: 0)
    publisher.describe(channels: ["B"])
    publisher.describe(rate: 200)
    publisher.send(10, first: 10, rate: 101)
    publisher.send(10, first: 10, channels: 2)
    #expect(publisher.accounting.rejected[.shapeChanged] == 4)
    publisher.send(10, first: 10)
    #expect(publisher.heard.last == "rows 10..<20")
  }

  @Test func `a changed shape is told at its byte in runnel's own messages, and without one in those of others`() {
    func sentences(_ publisher: Publisher, epoch: UInt64?) -> [String] {
      publisher.send(10, epoch: epoch, first: 0)
      publisher.send(10, epoch: epoch, first: 10, rate: 101)
      publisher.send(10, epoch: epoch, first: 10, channels: 2)
      publisher.send(10, epoch: epoch, first: 1 << 53)
      return publisher.notebook.notes.compactMap {
        if case .rejected(let error) = $0 { error.description } else { nil }
      }
    }
    let own = Publisher()
    own.describe()
    #expect(
      sentences(own, epoch: 1) == [
        "shape-changed: part 1, byte 48: expected 100.0 Hz, the rate this session began with, found 101.0 Hz",
        "shape-changed: part 1, byte 56: expected 1 channel (A), found 2",
        "limit: part 1, byte 32: expected indexes up to 2^53, found 9007199254741002",
      ])
    #expect(
      sentences(Publisher(channels: ["A"], rate: 100), epoch: nil) == [
        "shape-changed: expected 100.0 Hz, the rate this session began with, found 101.0 Hz",
        "shape-changed: expected 1 channel (A), found 2",
        "limit: expected indexes up to 2^53, found 9007199254741002",
      ])
  }

  @Test func `a description that names no channels leaves those of the configuration`() {
    let publisher = Publisher(channels: ["A"], rate: 100)
    publisher.describe(channels: [])
    publisher.send(10, first: 0)
    publisher.describe(channels: [])
    publisher.send(10, first: 10)
    #expect(publisher.heard == ["start epoch 1 first at 0", "rows 0..<10", "rows 10..<20"])
    #expect(publisher.stream.session?.channels.map(\.name) == ["A"])
  }

  @Test func `a stream without any channel names is refused with a sentence`() {
    publisher.describe(channels: [])
    publisher.send(10, first: 0)
    #expect(publisher.heard.isEmpty && publisher.accounting.rejected[.channelMissing] == 1)
  }
}
