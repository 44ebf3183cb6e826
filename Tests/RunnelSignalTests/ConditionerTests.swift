import RunnelCore
import RunnelKernels
import Testing

@testable import RunnelSignal

/// Conditions samples in the given pieces and returns every frame.
private func run(
  _ conditioner: Conditioner, _ samples: [Float], at first: Int64 = 0, state: inout ConditionerState,
  cuts: [Int] = []
) -> (frames: [Float], indices: Range<Int64>) {
  var frames: [Float] = []
  var indices = conditioner.frames(upTo: first)..<conditioner.frames(upTo: first)
  let edges = [0] + cuts + [samples.count]
  for (from, to) in zip(edges, edges.dropFirst()) {
    var space = [Float](repeating: .nan, count: conditioner.frameCapacity(rows: to - from))
    let made = samples.withUnsafeBufferPointer { samples in
      space.withUnsafeMutableBufferPointer { space in
        // An empty buffer may have no address; nothing is written then.
        withUnsafeTemporaryAllocation(of: Float.self, capacity: 1) { nothing in
          conditioner.push(
            UnsafeBufferPointer(rebasing: samples[from..<to]), at: first + Int64(from), state: &state,
            into: space.baseAddress ?? nothing.baseAddress!)
        }
      }
    }
    #expect(made.lowerBound == indices.upperBound && made.count <= space.count)
    frames += space[..<made.count]
    indices = indices.lowerBound..<made.upperBound
  }
  return (frames, indices)
}

private func randomCuts(_ count: Int, _ random: inout SeededGenerator) -> [Int] {
  (0..<random.below(30)).map { _ in random.below(count + 1) }.sorted()
}

private let full = Conditioning(
  filters: [.bandPass(order: 2, low: 0.5, high: 40), .notch(frequency: 50, quality: 30)],
  normalisation: .running(timeConstant: 1, mean: 0.1, variance: 0.5, epsilon: 1e-6))

@Suite struct ResamplerTests {
  @Test func `frames are those of the formula evaluated directly`() throws {
    for golden in try Golden.cases("resampler.json") {
      let (p, q) = (golden.integer("p"), golden.integer("q"))
      let conditioner = try Conditioner(Conditioning(), inputRate: Double(q) * 10, modelRate: Double(p) * 10)
      #expect(conditioner.ratio == Ratio(p, q))
      var state = conditioner.makeState()
      let (frames, indices) = run(
        conditioner, Golden.signal(Int(golden.integer("count"))), at: golden.integer("first"), state: &state)
      let expected = golden.numbers("output")
      #expect(indices.lowerBound == golden.integer("firstFrame") && frames.count == expected.count)
      for (frame, value) in zip(frames, expected) {
        #expect((Double(frame) - value).magnitude <= Double(Float(value).ulp), "\(p)/\(q)")
      }
    }
  }

  @Test func `every phase sums to one, so that a constant stays itself`() {
    for ratio in [Ratio(1, 3), Ratio(12, 25), Ratio(4, 3), Ratio(160, 441), Ratio(4096, 4095), Ratio(1, 4096)] {
      let resampler = Resampler(ratio)
      #expect(resampler.taps.count == Int(ratio.p) * resampler.tapCount)
      for phase in 0..<Int(ratio.p) {
        let row = resampler.taps[(phase * resampler.tapCount)..<((phase + 1) * resampler.tapCount)]
        #expect((row.reduce(0, +) - 1).magnitude < 1e-13)
      }
    }
  }

  @Test func `360 to 120 Hz lags by exactly 15 input samples and uses 30`() {
    let resampler = Resampler(Ratio(1, 3))
    #expect(resampler.lag == (15, 1) && resampler.tapCount == 30)
    #expect(Resampler(Ratio(12, 25)).lag == (125, 12))
    #expect(Resampler(Ratio(3, 1)).lag == (15, 3))
    #expect(Resampler(Ratio(1, 1)).lag == (0, 1))
  }

  @Test func `a slow sine comes out as itself, late by the lag`() throws {
    let conditioner = try Conditioner(Conditioning(), inputRate: 250, modelRate: 120)
    var state = conditioner.makeState()
    let samples = (0..<1000).map { Float(Exact.sin(2 * Exact.pi * 10 * Double($0) / 250)) }
    let (frames, _) = run(conditioner, samples, state: &state)
    for k in 60..<frames.count {
      let seconds = Double(k) / 120 - 5.0 / 120
      #expect((Double(frames[k]) - Exact.sin(2 * Exact.pi * 10 * seconds)).magnitude < 2e-3)
    }
  }
}

@Suite struct ConditionerTests {
  /// Two f32 roundings, and a deviation near 0.6 between.
  @Test func `the whole chain gives what scipy and numpy give`() throws {
    for golden in try Golden.cases("chain.json") {
      let rate = golden.number("rate")
      let modelRate = rate * Double(golden.integer("p")) / Double(golden.integer("q"))
      let conditioner = try Conditioner(full, inputRate: rate, modelRate: modelRate)
      var state = conditioner.makeState()
      let (frames, indices) = run(
        conditioner, Golden.signal(Int(golden.integer("count"))), at: golden.integer("first"), state: &state)
      let expected = golden.numbers("output")
      #expect(indices.lowerBound == golden.integer("firstFrame") && frames.count == expected.count)
      for (frame, value) in zip(frames, expected) { #expect((Double(frame) - value).magnitude < 5e-7) }
    }
  }

  @Test func `where the samples are cut changes no bit of frames or state`() throws {
    var random = SeededGenerator(seed: 11)
    for (inputRate, modelRate) in [(360.0, 120.0), (250, 120), (360, 360), (100, 250), (128, 120)] {
      let conditioner = try Conditioner(
        inputRate > 110 ? full : Conditioning(filters: [.highPass(order: 1, corner: 1)]), inputRate: inputRate,
        modelRate: modelRate)
      let samples = Golden.signal(700)
      var whole = conditioner.makeState()
      let expected = run(conditioner, samples, at: 17, state: &whole)
      for _ in 0..<10 {
        var state = conditioner.makeState()
        let cut = run(conditioner, samples, at: 17, state: &state, cuts: randomCuts(samples.count, &random))
        #expect(cut.frames.map(\.bitPattern) == expected.frames.map(\.bitPattern))
        #expect(cut.indices == expected.indices && state == whole)
      }
    }
  }

  @Test func `one sample at a time is the same as all at once`() throws {
    let conditioner = try Conditioner(full, inputRate: 360, modelRate: 120)
    let samples = Golden.signal(200)
    var (whole, single) = (conditioner.makeState(), conditioner.makeState())
    let expected = run(conditioner, samples, state: &whole)
    let cut = run(conditioner, samples, state: &single, cuts: Array(1..<200))
    #expect(cut.frames.map(\.bitPattern) == expected.frames.map(\.bitPattern) && single == whole)
  }

  @Test func `an empty push changes nothing, primed or not`() throws {
    let conditioner = try Conditioner(full, inputRate: 360, modelRate: 120)
    var state = conditioner.makeState()
    let before = state
    let made = run(conditioner, [], at: 5, state: &state)
    #expect(made.indices == 2..<2 && state == before)
  }

  @Test func `a copied state goes on as the original would have`() throws {
    let conditioner = try Conditioner(full, inputRate: 250, modelRate: 120)
    let samples = Golden.signal(600)
    var state = conditioner.makeState()
    _ = run(conditioner, Array(samples[..<251]), state: &state)
    var copy = state
    let original = run(conditioner, Array(samples[251...]), at: 251, state: &state)
    let resumed = run(conditioner, Array(samples[251...]), at: 251, state: &copy)
    #expect(original.frames.map(\.bitPattern) == resumed.frames.map(\.bitPattern) && copy == state)
  }

  @Test func `frames lie on the grid of the session, whatever the join`() throws {
    let conditioner = try Conditioner(Conditioning(), inputRate: 360, modelRate: 120)
    var state = conditioner.makeState()
    #expect(run(conditioner, Golden.signal(10), at: 100, state: &state).indices == 34..<37)
    #expect((34...36).map { conditioner.inputIndex(ofFrame: $0) } == [102, 105, 108])
    #expect(conditioner.frames(upTo: 102) == 34 && conditioner.frames(upTo: 103) == 35)
  }

  @Test func `grid arithmetic is exact near 2^53 and does not overflow`() throws {
    let huge: Int64 = 1 << 53
    for (input, model) in [(360.0, 120.0), (44100, 16000), (4095, 4096), (1, 500)] {
      let conditioner = try Conditioner(Conditioning(), inputRate: input, modelRate: model)
      let (p, q) = (conditioner.ratio.p, conditioner.ratio.q)
      for index: Int64 in [huge - 2, huge - 1, huge, 0x8000_0005] {
        let frame = conditioner.frames(upTo: index)
        #expect(conditioner.inputIndex(ofFrame: frame) >= index && conditioner.inputIndex(ofFrame: frame - 1) < index)
        let product = frame.multipliedFullWidth(by: q)
        #expect(conditioner.inputIndex(ofFrame: frame) == p.dividingFullWidth(product).quotient)
      }
    }
  }

  @Test func `a signal conditions the same at a huge index of the same phase`() throws {
    let conditioner = try Conditioner(full, inputRate: 250, modelRate: 120)
    let samples = Golden.signal(300)
    // A multiple of both the denominator (25) and the history length (21).
    let far = Int64(25 * 21) << 43
    var (near, remote) = (conditioner.makeState(), conditioner.makeState())
    let expected = run(conditioner, samples, at: 0, state: &near)
    let made = run(conditioner, samples, at: far, state: &remote)
    #expect(made.frames.map(\.bitPattern) == expected.frames.map(\.bitPattern))
    #expect(made.indices.lowerBound == far / 25 * 12)
  }

  @Test func `re-priming starts filters and resampler anew and keeps the normaliser`() throws {
    let conditioner = try Conditioner(full, inputRate: 360, modelRate: 120)
    var state = conditioner.makeState()
    _ = run(conditioner, Golden.signal(300), state: &state)
    let moments = state.moments
    conditioner.reprime(&state)
    #expect(state.moments == moments && !state.primed)
    conditioner.reset(&state)
    #expect(state == conditioner.makeState())
  }

  @Test func `after a re-prime a constant is steady at once`() throws {
    let conditioner = try Conditioner(
      Conditioning(filters: [.lowPass(order: 2, corner: 40)]), inputRate: 360, modelRate: 120)
    var state = conditioner.makeState()
    _ = run(conditioner, Golden.signal(300), state: &state)
    conditioner.reprime(&state)
    let (frames, _) = run(conditioner, [Float](repeating: 3, count: 90), at: 1000, state: &state)
    #expect(frames.allSatisfy { ($0 - 3).magnitude < 1e-6 })
  }

  /// What stands in the columns behind the samples is another's.
  @Test(arguments: 1...9)
  func `channels side by side have the bits that each has alone, however they are cut`(channels: Int) throws {
    let filters: [FilterDesign] = [
      .bandPass(order: 2, low: 0.5, high: 40), .notch(frequency: 50, quality: 30), .highPass(order: 4, corner: 1),
    ]
    let running = Normalisation.running(timeConstant: 1, mean: 0.1, variance: 0.5, epsilon: 1e-6)
    let fixed = Normalisation.fixed(mean: 0.25, deviation: 3)
    var random = SeededGenerator(seed: UInt64(channels))
    for (number, rate, normalisation) in [
      (0, 360.0, .none), (0, 360, fixed), (0, 360, running), (0, 120, running), (0, 250, fixed), (1, 360, running),
      (2, 120, running), (3, 360, running), (3, 500, .none),
    ] as [(Int, Double, Normalisation)] {
      let conditioning = Conditioning(filters: Array(filters.prefix(number)), normalisation: normalisation)
      let conditioner = try Conditioner(conditioning, inputRate: 360, modelRate: rate)
      // Now and then something that the network will refuse.
      let signals = (0..<channels).map { _ in
        (0..<300).map { _ in random.below(90) == 0 && number == 0 ? .infinity : Float(2 * random.uniform() - 1) }
      }
      var together = conditioner.makeState(channels: channels)
      var frames: [Float] = []
      var next = 0
      while next < 300 {
        let count = min(300 - next, random.below(40))
        let columns = signals.flatMap { $0[next..<next + count] + [Float](repeating: .nan, count: 3) }
        var space = [Float](repeating: 0, count: channels * (conditioner.frameCapacity(rows: count) + 1))
        let made = columns.withUnsafeBufferPointer {
          conditioner.push(
            $0.baseAddress!, count: count, column: count + 3, at: Int64(next), state: &together, into: &space)
        }
        frames += space[..<(channels * made.count)]
        next += count
      }
      for (d, signal) in signals.enumerated() {
        var alone = conditioner.makeState()
        let expected = run(conditioner, signal, state: &alone).frames
        let found = stride(from: d, to: frames.count, by: channels).map { frames[$0].bitPattern }
        #expect(found == expected.map(\.bitPattern) && together.moments[d] == alone.moments[0], "\(d) at \(rate) Hz")
        if number == 0, rate == 360, case .none = normalisation { #expect(found == signal.map(\.bitPattern)) }
      }
    }
  }

  @Test func `running normalisation follows its formula`() throws {
    let conditioner = try Conditioner(
      Conditioning(normalisation: .running(timeConstant: 0.5, mean: 1, variance: 4, epsilon: 0.01)), inputRate: 100,
      modelRate: 100)
    var state = conditioner.makeState()
    let samples = Golden.signal(50)
    let (frames, _) = run(conditioner, samples, state: &state)
    let a = 1 - Exact.exp(-1 / 50.0)
    var (m, v) = (1.0, 4.0)
    for (x, frame) in zip(samples.map(Double.init), frames) {
      let old = m
      m += a * (x - m)
      v += a * ((x - old) * (x - m) - v)
      #expect(frame == Float((x - m) / (v + 0.01).squareRoot()))
    }
  }

  @Test func `fixed normalisation subtracts and divides`() throws {
    let conditioner = try Conditioner(
      Conditioning(normalisation: .fixed(mean: 2, deviation: 4)), inputRate: 100, modelRate: 0)
    var state = conditioner.makeState()
    #expect(run(conditioner, [2, 6, -2], state: &state).frames == [0, 1, -1])
  }

  @Test func `settling is the longest of normaliser and lowest corner`() throws {
    #expect(try Conditioner(full, inputRate: 360, modelRate: 120).settlingSeconds == 10)
    let slow = Conditioning(
      filters: [.highPass(order: 1, corner: 1)],
      normalisation: .running(timeConstant: 30, mean: 0, variance: 1, epsilon: 0))
    #expect(try Conditioner(slow, inputRate: 360, modelRate: 120).settlingSeconds == 60)
    #expect(try Conditioner(Conditioning(), inputRate: 360, modelRate: 120).settlingSeconds == 0)
  }

  @Test func `an irregular stream takes no filter, resampling or running normalisation`() throws {
    let filtered = Conditioning(filters: [.lowPass(order: 2, corner: 40)])
    let running = Conditioning(normalisation: .running(timeConstant: 1, mean: 0, variance: 1, epsilon: 0))
    let error = #expect(throws: ConditioningError.self) { try Conditioner(filtered, inputRate: 0, modelRate: 0) }
    #expect(error?.description.hasPrefix("the stream is irregular (rate 0), so a low-pass filter") == true)
    #expect(throws: ConditioningError.self) { try Conditioner(running, inputRate: 0, modelRate: 0) }
    #expect(throws: ConditioningError.self) { try Conditioner(Conditioning(), inputRate: 0, modelRate: 120) }
    let plain = try Conditioner(
      Conditioning(normalisation: .fixed(mean: 0, deviation: 2)), inputRate: 0, modelRate: 0)
    var state = plain.makeState()
    #expect(run(plain, [4, 2], at: 9, state: &state).frames == [2, 1])
  }

  @Test func `rates without a small ratio are refused`() {
    #expect(throws: ConditioningError.ratio(inputRate: 1e7, modelRate: 120)) {
      try Conditioner(Conditioning(), inputRate: 1e7, modelRate: 120)
    }
    #expect(throws: ConditioningError.ratio(inputRate: 1, modelRate: 1000)) {
      try Conditioner(Conditioning(), inputRate: 1, modelRate: 1000)
    }
    #expect(throws: ConditioningError.rate(-1)) { try Conditioner(Conditioning(), inputRate: -1, modelRate: 120) }
  }

  @Test func `a normalisation that divides by zero is refused`() {
    for normalisation in [
      Normalisation.fixed(mean: 0, deviation: 0), .running(timeConstant: 0, mean: 0, variance: 1, epsilon: 0),
      .running(timeConstant: 1, mean: 0, variance: 0, epsilon: 0),
      .running(timeConstant: 1, mean: .nan, variance: 1, epsilon: 0),
    ] {
      #expect(throws: ConditioningError.self) {
        try Conditioner(Conditioning(normalisation: normalisation), inputRate: 360, modelRate: 120)
      }
    }
  }
}

@Suite struct OverflowTests {
  @Test func `a value beyond what a float holds is forgotten by the running normalisation`() throws {
    let conditioner = try Conditioner(
      Conditioning(normalisation: .running(timeConstant: 1, mean: 0, variance: 1, epsilon: 1e-6)), inputRate: 150,
      modelRate: 100)
    var state = conditioner.makeState()
    // The resampler rings beyond the largest float at each edge.
    let edges = (0..<600).map { $0 / 30 % 2 == 0 ? Float.greatestFiniteMagnitude : -Float.greatestFiniteMagnitude }
    let (frames, _) = run(conditioner, edges, state: &state)
    #expect(frames.contains { !$0.isFinite }, "the case is a case")
    let (after, _) = run(conditioner, [Float](repeating: 1, count: 300), at: 600, state: &state)
    #expect(!after.suffix(100).contains { !$0.isFinite })
  }
}
