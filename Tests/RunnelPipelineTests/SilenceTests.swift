import Testing

@testable import RunnelPipeline

@Suite struct SilenceTests {
  @Test func `a stream that has not begun is not silent`() {
    var silence = Silence()
    expect(&silence, at: 1 << 60, after: nil, false)
  }

  @Test func `it is told once, after two seconds, and again after it was heard`() {
    var silence = Silence()
    silence.hear(at: 0)
    silence.hear(at: 50_000_000)
    expect(&silence, at: 2_050_000_000, after: nil, false)
    expect(&silence, at: 2_050_000_001, after: nil, true)
    expect(&silence, at: 9_000_000_000, after: nil, false)
    silence.hear(at: 10_000_000_000)
    expect(&silence, at: 12_100_000_000, after: nil, true)
  }

  @Test func `a stream of rare messages is given four of its intervals`() {
    var silence = Silence()
    for second in stride(from: Int64(0), through: 50, by: 5) { silence.hear(at: second * 1_000_000_000) }
    expect(&silence, at: 70_000_000_000, after: nil, false)
    expect(&silence, at: 70_000_000_001, after: nil, true)
  }

  @Test func `long intervals are learned though each was called stale, and a pause between short ones is not`() {
    // Being looked at between its messages, a publisher of one in five seconds was called stale before each of them.
    var silence = Silence()
    for second in Int64(0)...60 {
      if second % 5 == 0 { silence.hear(at: second * 1_000_000_000) }
      expect(&silence, at: second * 1_000_000_000 + 1, after: nil, second == 2 || second == 7)
    }
    var paused = Silence()
    paused.hear(at: 0)
    paused.hear(at: 20_000_000)
    expect(&paused, at: 60_000_000_000, after: nil, true)
    paused.hear(at: 60_000_000_000)
    paused.hear(at: 60_020_000_000)
    expect(&paused, at: 62_020_000_001, after: nil, true)
  }

  @Test func `a silence as long as the one before is a habit, but in a session that just began`() {
    var silence = Silence()
    silence.begin(at: 0)
    #expect(silence.outlasts(2_000_000_000, at: 2_000_000_000) && !silence.outlasts(2_000_000_000, at: 1_999_999_999))
    silence.hear(at: 5_000_000_000)
    #expect(!silence.outlasts(2_000_000_000, at: 24_999_999_999) && silence.outlasts(2_000_000_000, at: 25_000_000_000))
    silence.begin(at: 90_000_000_000)
    #expect(silence.outlasts(2_000_000_000, at: 92_000_000_000))
  }

  @Test func `the configuration can say how long`() {
    var silence = Silence()
    silence.hear(at: 0)
    expect(&silence, at: 300_000_001, after: 300_000_000, true)
  }

  private func expect(
    _ silence: inout Silence, at now: Int64, after limit: Int64?, _ expected: Bool,
    place: SourceLocation = #_sourceLocation
  ) {
    let becomesStale = silence.becomesStale(at: now, after: limit)
    #expect(becomesStale == expected, sourceLocation: place)
  }
}
