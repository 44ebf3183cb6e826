import RunnelCore
import RunnelKernels

/// Turns the physical samples of a lane's inputs into what the network was trained on: filters at the stream's rate,
/// resampling to the model's, normalisation. An immutable plan; what is carried is its `ConditionerState`.
///
///     sample f32 → biquads f64 → resampler f64 → f32 → normaliser f64 → frame value f32
///
/// The same samples give the same bits however they are cut. Frame k lies at input time k q/p of the session, whatever
/// the join or the resets. It knows nothing of gaps: who finds one calls `reprime` (the normaliser stays) or `reset`.
/// An object, so that a look at it copies nothing.
///
/// ```swift
/// let conditioner = try Conditioner(model.conditioning, inputRate: 360, modelRate: 120)
/// var state = conditioner.makeState()
/// let produced = conditioner.push(samples, at: next, state: &state, into: frames)
/// ```
public final class Conditioner: Sendable {
  /// Model rate over stream rate.
  public let ratio: Ratio
  /// How far the resampler's output lags, in input samples; exact. Filters have their own lag, which depends on the
  /// frequency and belongs to the model's `delay`.
  public let lag: (numerator: Int64, denominator: Int64)
  /// The longest of twice the normaliser's time constant and five periods of the lowest corner (of a notch: of its
  /// width), in seconds.
  public let settlingSeconds: Double

  private let cascade: BiquadCascade
  private let resampler: Resampler
  private let normaliser: Normaliser

  /// Rates in Hz. A stream of rate 0 is irregular: no filters, no resampling, no running normalisation. A model of
  /// rate 0 steps once per sample of whatever rate it meets.
  public init(
    _ conditioning: Conditioning, inputRate: Double, modelRate: Double
  ) throws(ConditioningError) {
    ratio = try Self.ratio(inputRate: inputRate, modelRate: modelRate)
    try Self.check(conditioning, inputRate: inputRate)
    var sections: [Biquad] = []
    for filter in conditioning.filters { sections += try ButterworthDesign.sections(of: filter, rate: inputRate) }
    cascade = BiquadCascade(sections: sections)
    resampler = Resampler(ratio)
    lag = resampler.lag
    normaliser = Normaliser(conditioning.normalisation, rate: modelRate > 0 ? modelRate : inputRate)
    settlingSeconds = Self.settling(conditioning)
  }

  /// What is carried of so many channels, none of which has begun.
  public func makeState(channels: Int = 1) -> ConditionerState {
    ConditionerState(
      memories: Array(repeating: 0, count: channels * cascade.memoryCount),
      history: Array(repeating: 0, count: channels * resampler.tapCount),
      moments: Array(repeating: normaliser.start, count: channels))
  }

  /// Filters and resampler start anew with the next sample; the normaliser keeps what it knows.
  public func reprime(_ state: inout ConditionerState) {
    for i in state.memories.indices { state.memories[i] = 0 }
    for i in state.history.indices { state.history[i] = 0 }
    state.primed = false
  }

  /// Everything starts anew: another session, another subject.
  public func reset(_ state: inout ConditionerState) {
    reprime(&state)
    for d in state.moments.indices { state.moments[d] = normaliser.start }
  }

  /// Conditions contiguous, valid samples of one channel. As below.
  public func push(
    _ samples: UnsafeBufferPointer<Float>, at first: Int64, state: inout ConditionerState,
    into frames: UnsafeMutablePointer<Float>
  ) -> Range<Int64> {
    precondition(state.channels == 1, "samples of one channel")
    guard let base = samples.baseAddress else { return self.frames(upTo: first)..<self.frames(upTo: first) }
    return push(base, count: samples.count, column: samples.count, at: first, state: &state, into: frames)
  }

  /// Conditions contiguous, valid samples (D, count), channels `column` apart, the first of session index `first`; frame k of
  /// those produced goes to `frames[(k − lowerBound) × D]` and what follows it, and there are at most
  /// `frameCapacity(rows: count)` of them. A channel has the bits that it has alone.
  public func push(
    _ samples: UnsafePointer<Float>, count: Int, column: Int, at first: Int64, state: inout ConditionerState,
    into frames: UnsafeMutablePointer<Float>
  ) -> Range<Int64> {
    precondition(first >= 0, "a sample index is 0 or more")
    let due = self.frames(upTo: first)..<self.frames(upTo: first + Int64(count))
    guard count > 0 else { return due }
    if !state.primed { prime(&state, with: samples, column) }
    let channels = state.channels
    if resampler.tapCount > 0 || !cascade.sections.isEmpty {
      filter(samples, count, column, at: first, due, &state, into: frames)
    } else if channels == 1 {
      frames.update(from: samples, count: count)
    } else {
      for t in 0..<count {
        for d in 0..<channels { frames[t * channels + d] = samples[d * column + t] }
      }
    }
    normaliser.apply(frames, count: due.count, moments: &state.moments)
    return due
  }

  private func prime(_ state: inout ConditionerState, with samples: UnsafePointer<Float>, _ column: Int) {
    let channels = state.channels
    for d in 0..<channels {
      let output = state.memories.withUnsafeMutableBufferPointer {
        cascade.prime($0, channel: d, of: channels, with: Double(samples[d * column]))
      }
      // The resampler has always seen what the filters make of this sample.
      for place in stride(from: d, to: state.history.count, by: channels) { state.history[place] = output }
    }
    state.primed = true
  }

  private func filter(
    _ samples: UnsafePointer<Float>, _ count: Int, _ column: Int, at first: Int64, _ due: Range<Int64>,
    _ state: inout ConditionerState, into frames: UnsafeMutablePointer<Float>
  ) {
    let (channels, taps) = (state.channels, resampler.tapCount)
    cascade.coefficients.withUnsafeBufferPointer { coefficients in
      state.memories.withUnsafeMutableBufferPointer { memories in
        let filtering = ConditioningKernel.Filtering(
          sections: cascade.sections.count, coefficients: coefficients.baseAddress, memories: memories.baseAddress)
        guard taps > 0 else {
          return ConditioningKernel.run(
            samples, count: count, column: column, channels: channels, filtering, nil, into: frames)
        }
        resampler.taps.withUnsafeBufferPointer { rows in
          state.history.withUnsafeMutableBufferPointer { history in
            let resampling = ConditioningKernel.Resampling(
              p: ratio.p, q: ratio.q, taps: taps, rows: rows.baseAddress, history: history.baseAddress,
              place: Int(first % Int64(taps)), phase: due.lowerBound % ratio.p * ratio.q % ratio.p,
              wait: inputIndex(ofFrame: due.lowerBound) - first)
            ConditioningKernel.run(
              samples, count: count, column: column, channels: channels, filtering, resampling, into: frames)
          }
        }
      }
    }
  }
}

/// Where frames lie, in integers.
extension Conditioner {
  /// The most frames that this many contiguous samples can make.
  public func frameCapacity(rows: Int) -> Int { Int(ratio.frames(before: Int64(rows))) }

  /// The first frame not yet due when all samples before `index` have come: ⌈index p/q⌉. Good up to 2⁵³.
  public func frames(upTo index: Int64) -> Int64 { ratio.frames(before: index) }

  /// The newest input sample that frame k depends on: ⌊k q/p⌋.
  public func inputIndex(ofFrame k: Int64) -> Int64 { ratio.inputIndex(ofFrame: k) }
}

/// What can be wrong with a conditioning, found before the first sample.
extension Conditioner {
  /// More would overflow the frame index of sample 2⁵³.
  private static let mostFramesPerSample: Int64 = 512

  private static func ratio(inputRate: Double, modelRate: Double) throws(ConditioningError) -> Ratio {
    for rate in [inputRate, modelRate] {
      guard rate >= 0, rate.isFinite else { throw .rate(rate) }
    }
    guard modelRate > 0 else { return Ratio(1, 1) }
    guard inputRate > 0 else { throw .irregular(wanted: "resampling to the model's \(modelRate) Hz") }
    guard let ratio = Ratio(output: modelRate, input: inputRate), ratio.p / ratio.q < mostFramesPerSample else {
      throw .ratio(inputRate: inputRate, modelRate: modelRate)
    }
    return ratio
  }

  private static func check(_ conditioning: Conditioning, inputRate: Double) throws(ConditioningError) {
    if inputRate == 0, let filter = conditioning.filters.first {
      throw .irregular(wanted: "a \(filter.name) filter")
    }
    switch conditioning.normalisation {
    case .none, .window: return
    case .fixed(let mean, let deviation):
      guard deviation > 0, deviation.isFinite, mean.isFinite else {
        throw .normalisation(
          "a fixed normalisation by mean \(mean) and deviation \(deviation) has no result: give a deviation above 0")
      }
    case .running(let timeConstant, let mean, let variance, let epsilon):
      if inputRate == 0 { throw .irregular(wanted: "a running normalisation over \(timeConstant) s") }
      guard timeConstant > 0, timeConstant.isFinite else {
        throw .normalisation("a running normalisation over \(timeConstant) s has no memory: give a time above 0 s")
      }
      guard variance >= 0, epsilon >= 0, variance + epsilon > 0, (mean + variance + epsilon).isFinite else {
        throw .normalisation(
          "a running normalisation from mean \(mean), variance \(variance) and epsilon \(epsilon) has no result: "
            + "give a variance of 0 or more and an epsilon above 0")
      }
    }
  }

  private static func settling(_ conditioning: Conditioning) -> Double {
    var seconds = 0.0
    if case .running(let timeConstant, _, _, _) = conditioning.normalisation { seconds = 2 * timeConstant }
    for filter in conditioning.filters { seconds = max(seconds, 5 / filter.lowestCorner) }
    return seconds
  }
}
