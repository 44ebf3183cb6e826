import RunnelCore
import RunnelKernels

/// What electrodes pick up beside the heart: muscles and mains, in mV, one generator per lead.
struct SyntheticNoise: Sendable {
  private var random: SeededGenerator
  private let muscle: Double
  private let mains: Double
  private let turnsPerSample: Double
  private var phase: Double
  private var last = 0.0

  init(_ settings: SyntheticECG.Settings, seed: UInt64) {
    random = SeededGenerator(seed: seed)
    muscle = settings.muscle
    mains = settings.mains
    turnsPerSample = settings.mainsFrequency / settings.rate
    phase = random.uniform()
  }

  /// Muscles sound above the heart: Gaussian noise, differenced, with a deviation of `muscle`.
  mutating func next() -> Double {
    let white = gaussian()
    let noise = muscle * (white - last) * 0.7071067811865476 + mains * Exact.sin(2 * Exact.pi * phase)
    last = white
    phase += turnsPerSample
    phase -= phase.rounded(.down)
    return noise
  }

  /// Box and Muller's transform, the cosine half.
  private mutating func gaussian() -> Double {
    let radius = (-2 * Exact.log(1 - random.uniform())).squareRoot()
    return radius * Exact.cos(2 * Exact.pi * random.uniform())
  }
}
