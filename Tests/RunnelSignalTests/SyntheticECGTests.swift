import RunnelCore
import Testing

@testable import RunnelSignal

private struct Recording {
  var settings: SyntheticECG.Settings
  var samples: [Float]
  var beats: [Annotation]

  init(_ settings: SyntheticECG.Settings, rows: Int, cuts: [Int] = []) throws {
    var ecg = try SyntheticECG(settings)
    self.settings = settings
    samples = [Float](repeating: .nan, count: rows * settings.leads)
    beats = []
    let edges = [0] + cuts + [rows]
    for (from, to) in zip(edges, edges.dropFirst()) {
      samples.withUnsafeMutableBufferPointer {
        ecg.next(rows: to - from, into: $0.baseAddress! + from * settings.leads)
      }
      beats += ecg.takeAnnotations()
    }
  }

  /// The first lead.
  func sample(_ at: Int64) -> Double { Double(samples[Int(at) * settings.leads]) }
  var seconds: [Double] { beats.map { Double($0.at) / settings.rate } }
  func symbol(_ beat: Int) -> Character { beats[beat].code.symbol }

  /// Milliseconds over which the signal departs from its level before the beat by 5 % of the peak, until it comes back.
  func width(_ beat: Annotation, levelBefore seconds: Double) -> Double {
    let level = sample(beat.at - Int64(seconds * settings.rate))
    let threshold = 0.05 * (sample(beat.at) - level)
    let quiet = Int64(0.012 * settings.rate)
    func isQuiet(_ at: Int64, _ way: Int64) -> Bool {
      (1...quiet).allSatisfy { (sample(at + way * $0) - level).magnitude <= threshold }
    }
    var (first, last) = (beat.at, beat.at)
    while !isQuiet(first, -1) { first -= 1 }
    while !isQuiet(last, 1) { last += 1 }
    return Double(last - first) / settings.rate * 1000
  }
}

private func clean(_ seed: UInt64 = 1, ventricular: Double = 0, supraventricular: Double = 0) -> SyntheticECG.Settings {
  SyntheticECG.Settings(
    seed: seed, ventricularFraction: ventricular, supraventricularFraction: supraventricular, wander: 0, muscle: 0,
    mains: 0)
}

private let busy = SyntheticECG.Settings(
  seed: 7, ventricularFraction: 0.1, supraventricularFraction: 0.1, leads: 2)

@Suite struct SyntheticECGTests {
  @Test func `however many rows are asked for at once, the bytes and beats are the same`() throws {
    var random = SeededGenerator(seed: 3)
    let whole = try Recording(busy, rows: 3000)
    for _ in 0..<3 {
      let cuts = (0..<40).map { _ in random.below(3001) }.sorted()
      let cut = try Recording(busy, rows: 3000, cuts: cuts)
      #expect(cut.samples.map(\.bitPattern) == whole.samples.map(\.bitPattern) && cut.beats == whole.beats)
    }
  }

  /// The digest was taken from this generator itself: it says that nothing has changed, on any machine.
  @Test func `a seed gives the same bytes everywhere`() throws {
    let recording = try Recording(busy, rows: 3600)
    let digest = recording.samples.withUnsafeBytes { SHA256.hex($0) }
    #expect(digest == "938a78419963003f34f9985d7ead0e853e3026078a48b215d8e3bea40f09f484")
  }

  @Test func `another seed gives another recording`() throws {
    #expect(try Recording(clean(1), rows: 500).samples != Recording(clean(2), rows: 500).samples)
  }

  @Test func `the second lead leaves the first as it is`() throws {
    var single = busy
    single.leads = 1
    let (one, two) = (try Recording(single, rows: 1000), try Recording(busy, rows: 1000))
    #expect((0..<1000).allSatisfy { one.samples[$0] == two.samples[2 * $0] } && one.beats == two.beats)
    #expect(single.channels.map(\.name) == ["MLII"] && busy.channels.map(\.name) == ["MLII", "V5"])
  }

  @Test func `beats keep the asked rate and their annotations stand on the highest sample`() throws {
    let recording = try Recording(clean(4), rows: 360 * 45)
    #expect((51...57).contains(recording.beats.count))
    for beat in recording.beats {
      #expect(beat.code.symbol == "N" && (1.0...1.4).contains(recording.sample(beat.at)))
      #expect((-14...14).allSatisfy { recording.sample(beat.at + $0) <= recording.sample(beat.at) })
    }
  }

  @Test func `a normal beat has P before, a narrow QRS and T after`() throws {
    let recording = try Recording(clean(5), rows: 360 * 20)
    for beat in recording.beats.dropFirst().dropLast() {
      #expect((70...110).contains(recording.width(beat, levelBefore: 0.07)))
      let before = (43...90).max { recording.sample(beat.at - $0) < recording.sample(beat.at - $1) }!
      let after = (60...150).max { recording.sample(beat.at + $0) < recording.sample(beat.at + $1) }!
      #expect((0.12...0.2).contains(Double(before) / 360) && (0.23...0.33).contains(Double(after) / 360))
    }
  }

  @Test func `a ventricular beat is early, wide, large, with an opposite T and a compensatory pause`() throws {
    let recording = try Recording(clean(6, ventricular: 0.15), rows: 360 * 45)
    let seconds = recording.seconds
    let found = (2..<recording.beats.count - 1).filter { recording.symbol($0) == "V" }
    #expect(found.count > 4)
    for i in found {
      let beat = recording.beats[i]
      #expect(seconds[i] - seconds[i - 1] < 0.7 * 60 / 72)
      #expect((seconds[i + 1] - seconds[i - 1] - 2 * 60 / 72).magnitude < 0.25)
      #expect(recording.sample(beat.at) > 1.4)
      #expect((100...119).allSatisfy { recording.sample(beat.at + $0) < -0.3 })
      let half = 0.5 * recording.sample(beat.at)
      // At half its height a normal R is 27 ms wide.
      #expect((-10...10).allSatisfy { recording.sample(beat.at + $0) > half })
    }
  }

  @Test func `a supraventricular beat is early and narrow with another P, and its pause does not compensate`() throws {
    let recording = try Recording(clean(7, supraventricular: 0.15), rows: 360 * 45)
    let seconds = recording.seconds
    let found = (2..<recording.beats.count - 1).filter { recording.symbol($0) == "A" }
    #expect(found.count > 4)
    for i in found {
      let beat = recording.beats[i]
      #expect(seconds[i] - seconds[i - 1] < 0.8 * 60 / 72)
      #expect(seconds[i + 1] - seconds[i - 1] < 1.85 * 60 / 72)
      #expect((70...115).contains(recording.width(beat, levelBefore: 0.065)))
      #expect(recording.sample(beat.at - 47) < recording.sample(beat.at - 25) - 0.05)
    }
  }

  @Test func `early beats come as often as asked and never in twos`() throws {
    var rhythm = SyntheticRhythm(clean(8, ventricular: 0.1, supraventricular: 0.05), seed: 8)
    let beats = (0..<20_000).map { _ in rhythm.next() }
    let (v, s) = (beats.count { $0.kind == .ventricular }, beats.count { $0.kind == .supraventricular })
    #expect((1850...2150).contains(v) && (900...1100).contains(s))
    #expect(zip(beats, beats.dropFirst()).allSatisfy { $0.kind == .normal || $1.kind == .normal })
  }

  @Test func `normal intervals have the asked mean and deviation`() {
    var rhythm = SyntheticRhythm(clean(), seed: 9)
    let intervals = (0..<20_000).map { _ in rhythm.next().interval }
    let mean = intervals.reduce(0, +) / 20_000
    let variance = intervals.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 20_000
    #expect((mean - 60 / 72.0).magnitude < 0.002 && (variance.squareRoot() - 0.03).magnitude < 0.002)
  }

  @Test func `other rates draw the same heart`() throws {
    var fast = clean(10)
    fast.rate = 1000
    let (a, b) = (try Recording(clean(10), rows: 3600), try Recording(fast, rows: 10_000))
    #expect(a.beats.count == b.beats.count)
    for (x, y) in zip(a.seconds, b.seconds) { #expect((x - y).magnitude < 0.005) }
  }

  @Test func `noise has the asked size and wander moves the baseline`() throws {
    var loud = clean(11)
    loud.muscle = 0.1
    let (quiet, noisy) = (try Recording(clean(11), rows: 7200), try Recording(loud, rows: 7200))
    let noise = zip(noisy.samples, quiet.samples).map { Double($0 - $1) }
    let deviation = (noise.reduce(0) { $0 + $1 * $1 } / 7200).squareRoot()
    #expect((deviation - 0.1).magnitude < 0.005)
    var moving = clean(11)
    moving.wander = 0.5
    let wander = zip(try Recording(moving, rows: 7200).samples, quiet.samples).map { $0 - $1 }
    #expect((0.35...0.55).contains(wander.max()!) && (-0.55 ... -0.35).contains(wander.min()!))
  }

  @Test func `settings that no heart could follow are refused by name`() {
    var settings = SyntheticECG.Settings()
    settings.ventricularFraction = 0.4
    settings.supraventricularFraction = 0.2
    let error = #expect(throws: SyntheticECGError.self) { try SyntheticECG(settings) }
    #expect(error?.description.hasPrefix("the fraction of early beats is 0.6") == true)
    #expect(throws: SyntheticECGError.self) { try SyntheticECG(.init(rate: .nan)) }
    #expect(throws: SyntheticECGError.self) { try SyntheticECG(.init(leads: 3)) }
    #expect(throws: SyntheticECGError.self) { try SyntheticECG(.init(seconds: 0)) }
    #expect(SyntheticECG.Settings(seconds: 1.5).rows == 540)
  }
}
