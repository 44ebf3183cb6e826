import Testing

@testable import RunnelService

@Suite struct HeartbeatRoundTests {
  @Test(arguments: [0, 1, 64, 65, 150, 6400])
  func `each topic has one heartbeat a round, whenever somebody asks`(topics: Int) {
    var round = HeartbeatRound(every: 1, from: 0)
    var beats = [Int](repeating: 0, count: topics)
    for now in stride(from: Int64(0), to: 3_000_000_000, by: 1_000_000) {
      for topic in round.take(now: now, topics: topics) { beats[topic] += 1 }
    }
    #expect(beats == Array(repeating: 3, count: topics))
  }

  @Test func `few topics have theirs together`() {
    var round = HeartbeatRound(every: 2, from: 7)
    #expect(round.take(now: 6, topics: 64) == 0..<0)
    #expect(round.take(now: 7, topics: 64) == 0..<64)
    #expect(round.next == 2_000_000_007)
    #expect(round.take(now: 2_000_000_006, topics: 64).isEmpty)
    #expect(round.take(now: 2_000_000_010, topics: 64) == 0..<64)
  }

  @Test func `many are spread over the round`() {
    var round = HeartbeatRound(every: 1, from: 0)
    #expect(round.take(now: 0, topics: 640) == 0..<64)
    #expect(round.next == 100_000_000)
    #expect(round.take(now: 99_999_999, topics: 640).isEmpty)
    #expect(round.take(now: 200_000_000, topics: 640) == 64..<192)
    #expect(round.next == 300_000_000)
  }

  @Test func `who comes late gets a few slices at a time, and no topic twice or never`() {
    var round = HeartbeatRound(every: 1, from: 0)
    #expect(round.take(now: 0, topics: 6400) == 0..<64)
    var next = 64
    while next < 6400 {
      let slice = round.take(now: 5_000_000_000, topics: 6400)
      #expect(slice.lowerBound == next && slice.count <= 256 && !slice.isEmpty)
      next = slice.upperBound
    }
    #expect(round.next == 1_000_000_000, "the next round is due at once")
  }

  @Test func `a topic that comes within a round waits for the next`() {
    var round = HeartbeatRound(every: 1, from: 0)
    #expect(round.take(now: 0, topics: 2) == 0..<2)
    #expect(round.take(now: 500_000_000, topics: 3).isEmpty)
    #expect(round.take(now: 1_000_000_000, topics: 3) == 0..<3)
  }
}
