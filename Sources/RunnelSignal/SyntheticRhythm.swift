import RunnelCore
import RunnelKernels

/// When the heart beats: normal intervals with the bimodal spectrum of McSharry and Clifford (eq. 2: Gaussian bands at
/// 0.1 Hz and 0.25 Hz, power ratio 0.5), ventricular and supraventricular beats coming early.
///
/// The series is a sum of 32 sinusoids of seeded phase, each at the middle of a slice of equal power of its band:
/// endless, without a transform of fixed length, and with exactly the asked deviation.
struct SyntheticRhythm: Sendable {
  private var random: SeededGenerator
  private let mean: Double
  private var oscillators: [Oscillator] = []
  private let ventricular: Double
  private let supraventricular: Double
  /// What follows an early beat instead of a normal interval, in sinus intervals.
  private var pause: Double?

  private struct Oscillator: Sendable {
    var frequency: Double
    var amplitude: Double
    /// In turns, 0..<1: an angle that grew for days would lose its precision.
    var phase: Double
  }

  /// Probabilities are of a beat that follows a normal one: early beats never come in twos.
  init(_ settings: SyntheticECG.Settings, seed: UInt64) {
    random = SeededGenerator(seed: seed)
    mean = 60 / settings.meanHeartRate
    let normal = 1 - settings.ventricularFraction - settings.supraventricularFraction
    ventricular = settings.ventricularFraction / normal
    supraventricular = settings.supraventricularFraction / normal
    for (centre, power) in [(0.1, 1.0 / 3), (0.25, 2.0 / 3)] {
      for quantile in Self.quantiles {
        for side in [-1.0, 1.0] {
          let variance = settings.heartRateVariability * settings.heartRateVariability * power / 16
          oscillators.append(
            Oscillator(
              frequency: centre + side * 0.01 * quantile, amplitude: (2 * variance).squareRoot(),
              phase: random.uniform()))
        }
      }
    }
  }

  /// Of the standard normal distribution at (n + ½)/16, n = 8 to 15.
  private static let quantiles = [
    0.0784124127, 0.2372021093, 0.4022500653, 0.5791321623, 0.7764217611, 1.0099901692, 1.3180108973, 1.8627318674,
  ]

  /// The next beat, its distance from the one before and the sinus interval of the moment, both in seconds.
  mutating func next() -> (kind: SyntheticBeat.Kind, interval: Double, sinus: Double) {
    let sinus = min(2.5, max(0.3, mean + variation()))
    let (kind, parts) = beat()
    let interval = parts * sinus
    for i in oscillators.indices {
      let turns = oscillators[i].phase + oscillators[i].frequency * interval
      oscillators[i].phase = turns - turns.rounded(.down)
    }
    return (kind, interval, sinus)
  }

  private func variation() -> Double {
    oscillators.reduce(0) { $0 + $1.amplitude * Exact.sin(2 * Exact.pi * $1.phase) }
  }

  /// A ventricular beat leaves the sinus node alone, so that the next normal one comes when it would have come (a
  /// compensatory pause); a supraventricular one resets it.
  private mutating func beat() -> (SyntheticBeat.Kind, parts: Double) {
    let draw = random.uniform()
    let scatter = random.uniform() * 0.1 - 0.05
    if let pause {
      self.pause = nil
      return (.normal, pause)
    }
    if draw < ventricular {
      pause = 2 - (0.6 + scatter)
      return (.ventricular, 0.6 + scatter)
    }
    if draw < ventricular + supraventricular {
      pause = 1.05
      return (.supraventricular, 0.68 + scatter)
    }
    return (.normal, 1)
  }
}
