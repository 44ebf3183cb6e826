import RunnelCore
import RunnelKernels

/// An endless electrocardiogram that no patient gave, with the truth about every beat: the dynamical model of McSharry,
/// Clifford, Tarassenko and Smith, "A dynamical model for generating synthetic electrocardiogram signals", IEEE
/// Transactions on Biomedical Engineering 50(3):289-294, 2003.
///
/// ```swift
/// var ecg = try SyntheticECG(.init(seed: 7, ventricularFraction: 0.1))
/// ecg.next(rows: 360, into: millivolts)  // one second
/// let beats = ecg.takeAnnotations()
/// ```
///
/// Equation 1, integrated by classical Runge-Kutta at a fixed step of at most 2 ms:
///
///     ẋ = α x − ω y    ẏ = α y + ω x    ż = −Σ a_i Δθ_i exp(−Δθ_i² / 2 b_i²) − (z − z₀),    α = 1 − √(x² + y²)
///
/// One turn goes from R to R, so that ω = 2π / RR of that very interval; Σ is over the waves of the beat behind
/// (angles ω t) and of the beat ahead (2π + ω t), in place of Δθ mod 2π, because the two may be of different kinds. z is
/// in millivolts, one per lead. Made of `Exact` and `SeededGenerator` only: the same seed gives the same bytes
/// on any machine, whatever rows are asked for at once.
public struct SyntheticECG: Sendable {
  public struct Settings: Sendable, Hashable {
    /// Hz.
    public var rate: Double
    /// How long a recording of it is to be, in seconds; nil: until stopped. The generator itself never ends.
    public var seconds: Double?
    public var seed: UInt64
    /// Beats per minute.
    public var meanHeartRate: Double
    /// Standard deviation of the normal intervals, in seconds.
    public var heartRateVariability: Double
    /// Of all beats.
    public var ventricularFraction: Double
    public var supraventricularFraction: Double
    /// Amplitude of the baseline's wander, in mV.
    public var wander: Double
    /// Standard deviation of the muscles' noise, in mV.
    public var muscle: Double
    /// Amplitude of the mains' hum, in mV.
    public var mains: Double
    /// Hz.
    public var mainsFrequency: Double
    /// 1 (MLII) or 2 (MLII and V5).
    public var leads: Int

    public init(
      rate: Double = 360, seconds: Double? = nil, seed: UInt64 = 1, meanHeartRate: Double = 72,
      heartRateVariability: Double = 0.03, ventricularFraction: Double = 0, supraventricularFraction: Double = 0,
      wander: Double = 0.1, muscle: Double = 0.01, mains: Double = 0.005, mainsFrequency: Double = 50, leads: Int = 1
    ) {
      self.rate = rate
      self.seconds = seconds
      self.seed = seed
      self.meanHeartRate = meanHeartRate
      self.heartRateVariability = heartRateVariability
      self.ventricularFraction = ventricularFraction
      self.supraventricularFraction = supraventricularFraction
      self.wander = wander
      self.muscle = muscle
      self.mains = mains
      self.mainsFrequency = mainsFrequency
      self.leads = leads
    }

    /// Rows of `seconds`; nil where there is no end.
    public var rows: Int? { seconds.map { Int(($0 * rate).rounded()) } }

    /// The channels that describe it: f32 in mV.
    public var channels: [Channel] { ["MLII", "V5"].prefix(leads).map { Channel(name: $0, unit: "mV") } }
  }

  public let settings: Settings
  /// The session index of the next row.
  public private(set) var position: Int64 = 0

  private var heart: SyntheticHeart
  private var noises: [SyntheticNoise]
  private var annotations: [Annotation] = []
  private var peak: Peak?

  /// The highest sample so far of the beat that is passing, before noise.
  private struct Peak: Sendable {
    var at: Int64
    var height: Double
  }

  /// An R peak is looked for this near to the model's θ = 0, in seconds.
  private static let reach = 0.04

  public init(_ settings: Settings) throws(SyntheticECGError) {
    try settings.check()
    self.settings = settings
    var seeds = SeededGenerator(seed: settings.seed)
    heart = SyntheticHeart(settings, rhythmSeed: seeds.next(), wanderSeed: seeds.next())
    // Both seeds are drawn always: the second lead must not change the first.
    noises = [SyntheticNoise(settings, seed: seeds.next()), SyntheticNoise(settings, seed: seeds.next())]
  }

  /// Writes rows × leads samples in mV, interleaved.
  public mutating func next(rows: Int, into samples: UnsafeMutablePointer<Float>) {
    for row in 0..<rows {
      follow()
      for lead in 0..<settings.leads {
        samples[row * settings.leads + lead] = Float(heart.potential(lead) + noises[lead].next())
      }
      heart.advance()
      position += 1
    }
  }

  /// The beats that have become known since the last call, in order: N, V or A at the highest sample of the R wave (of
  /// the first lead, before noise). A beat is known 40 ms after its peak.
  public mutating func takeAnnotations() -> [Annotation] {
    defer { annotations.removeAll(keepingCapacity: true) }
    return annotations
  }

  private mutating func follow() {
    let height = heart.potential(0)
    if heart.secondsToBeat <= Self.reach || heart.secondsSinceBeat <= Self.reach {
      if peak == nil || height > peak!.height { peak = Peak(at: position, height: height) }
    } else if let passed = peak {
      annotations.append(Annotation(at: passed.at, code: heart.kind.code))
      peak = nil
    }
  }
}

/// Settings that no heart could follow.
public enum SyntheticECGError: Error, Sendable, Equatable, CustomStringConvertible {
  case outside(setting: String, value: Double, allowed: String)

  public var description: String {
    switch self {
    case .outside(let setting, let value, let allowed): "\(setting) is \(value): give \(allowed)"
    }
  }
}

extension SyntheticECG.Settings {
  func check() throws(SyntheticECGError) {
    func require(
      _ range: ClosedRange<Double>, _ setting: String, _ value: Double, _ unit: String
    ) throws(SyntheticECGError) {
      guard range.contains(value) else {
        throw .outside(setting: setting, value: value, allowed: "\(range.lowerBound) to \(range.upperBound)\(unit)")
      }
    }
    try require(50...100_000, "the sampling rate", rate, " Hz")
    // At 50 Hz a row.
    try require(0.02...1e9, "the length", seconds ?? 1, " s")
    try require(25...180, "the mean heart rate", meanHeartRate, " beats/min")
    try require(0...0.3, "the heart rate's variability", heartRateVariability, " s")
    try require(0...0.5, "the ventricular fraction", ventricularFraction, "")
    try require(0...0.5, "the supraventricular fraction", supraventricularFraction, "")
    try require(0...0.5, "the fraction of early beats", ventricularFraction + supraventricularFraction, "")
    try require(0...10, "the wander", wander, " mV")
    try require(0...10, "the muscle noise", muscle, " mV")
    try require(0...10, "the mains hum", mains, " mV")
    try require(0...1000, "the mains frequency", mainsFrequency, " Hz")
    try require(1...2, "the number of leads", Double(leads), "")
  }
}
