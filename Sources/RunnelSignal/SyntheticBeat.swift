import RunnelCore

/// One heart beat of the synthetic ECG: its kind and its waves, each a Gaussian in time.
///
/// McSharry and Clifford's table I gives P, Q, R, S and T as angle, strength a and width b of a cycle of 1 s. Here they
/// are seconds and millivolts, from which the generator makes angles and strengths for each cycle
/// (θ = ω t, b = ω σ, a = A ω / b²), so that a QRS complex keeps its width in an early beat and in a pause. Two
/// departures: table I's QRS measures 136 ms from 5 % to 5 %, a bundle branch block; it is narrowed to about 85 ms, and
/// P from σ = 40 to 24 ms. T lies at table I's 0.3 s (its time column), moved and widened with √RR as in Bazett's rule.
struct SyntheticBeat: Sendable {
  enum Kind: Sendable {
    case normal
    case ventricular
    case supraventricular

    var code: AnnotationCode {
      switch self {
      case .normal: AnnotationCode(rawValue: 1)
      case .ventricular: AnnotationCode(rawValue: 5)
      case .supraventricular: AnnotationCode(rawValue: 8)
      }
    }
  }

  struct Wave: Sendable {
    /// Seconds from R.
    var at: Double
    /// σ in seconds.
    var width: Double
    /// Millivolts in MLII and V5.
    var heights: (Double, Double)
  }

  var kind: Kind
  var waves: [Wave]

  /// `sinus`: the interval in seconds that the heart keeps where nothing is early. `size`: of the beat, about 1.
  init(_ kind: Kind, sinus: Double, size: Double) {
    self.kind = kind
    let stretch = sinus.squareRoot()
    waves = Self.shape(of: kind).map { wave in
      let isRepolarisation = wave.at > 0.2
      return Wave(
        at: isRepolarisation ? wave.at * stretch : wave.at,
        width: isRepolarisation ? wave.width * stretch : wave.width,
        heights: (wave.heights.0 * size, wave.heights.1 * size))
    }
  }

  private static func shape(of kind: Kind) -> [Wave] {
    switch kind {
    case .normal: [Wave(at: -0.160, width: 0.024, heights: (0.15, 0.10))] + conducted
    // From elsewhere in the atria, nearer the node: another P wave, a shorter way.
    case .supraventricular: [Wave(at: -0.130, width: 0.018, heights: (-0.10, 0.06))] + conducted
    case .ventricular:
      [
        Wave(at: 0, width: 0.033, heights: (1.75, -1.30)),
        Wave(at: 0.076, width: 0.026, heights: (-0.55, 0.45)),
        Wave(at: 0.330, width: 0.055, heights: (-0.50, 0.40)),
      ]
    }
  }

  /// Q R S T of a beat that came down the usual way.
  private static let conducted = [
    Wave(at: -0.030, width: 0.0090, heights: (-0.12, -0.10)),
    Wave(at: 0, width: 0.0115, heights: (1.30, 1.50)),
    Wave(at: 0.030, width: 0.0100, heights: (-0.25, -0.15)),
    Wave(at: 0.300, width: 0.0450, heights: (0.30, 0.35)),
  ]
}
