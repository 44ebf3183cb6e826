/// How a lane turns input samples into what the network was trained on: filters at the input rate, then resampling
/// to the model's rate, then normalisation. It travels in the model file and is the default of every lane.
public struct Conditioning: Sendable, Hashable {
  /// In the order they are applied.
  public var filters: [FilterDesign]
  public var normalisation: Normalisation

  public init(filters: [FilterDesign] = [], normalisation: Normalisation = .none) {
    self.filters = filters
    self.normalisation = normalisation
  }
}

/// A named filter; its sections are designed for the rate of the stream it meets. Corners in Hz.
public enum FilterDesign: Sendable, Hashable {
  /// Butterworth.
  case highPass(order: Int, corner: Double)
  case lowPass(order: Int, corner: Double)
  /// Butterworth; `order` as in scipy.signal.butter, which makes 2 × order poles.
  case bandPass(order: Int, low: Double, high: Double)
  /// Second-order notch, quality = frequency / width at −3 dB (scipy.signal.iirnotch).
  case notch(frequency: Double, quality: Double)
}

/// What brings the samples to the scale the network knows. y = (x − m) / d.
public enum Normalisation: Sendable, Hashable {
  case none
  case fixed(mean: Double, deviation: Double)
  /// Exponentially forgetting mean and variance, starting from `mean` and `variance`:
  /// m += a(x − m), v += a((x − m_old)(x − m) − v), a = 1 − exp(−1 / (timeConstant · rate)), d = √(v + epsilon).
  case running(timeConstant: Double, mean: Double, variance: Double, epsilon: Double)
  /// Mean and population variance of each window's own samples, d = √(v + epsilon): not here, but where windows are
  /// (regime windowed).
  case window(epsilon: Double)
}
