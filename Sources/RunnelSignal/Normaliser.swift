import RunnelCore
import RunnelKernels

/// Brings a conditioned sample to the scale the network knows; the formulas stand in `Normalisation`.
///
/// The plan is immutable; what the running kind carries is its `Moments`. f64 inside, f32 in and out.
struct Normaliser: Sendable {
  private let normalisation: Normalisation
  /// a = 1 − exp(−1 / (time constant × rate)); 0 where nothing runs.
  private let forgetting: Double

  /// Mean and variance as they are now. Those of `.none` and `.fixed` never change.
  struct Moments: Sendable, Equatable {
    var mean: Double
    var variance: Double
  }

  /// `rate` is the model's, in Hz.
  init(_ normalisation: Normalisation, rate: Double) {
    self.normalisation = normalisation
    if case .running(let timeConstant, _, _, _) = normalisation {
      forgetting = 1 - Exact.exp(-1 / (timeConstant * rate))
    } else {
      forgetting = 0
    }
  }

  var start: Moments {
    switch normalisation {
    case .none, .window: Moments(mean: 0, variance: 1)
    case .fixed(let mean, let deviation): Moments(mean: mean, variance: deviation * deviation)
    case .running(_, let mean, let variance, _): Moments(mean: mean, variance: variance)
    }
  }

  /// In place, samples (T, D), each channel by its own moments.
  func apply(_ samples: UnsafeMutablePointer<Float>, count: Int, moments: inout [Moments]) {
    let channels = moments.count
    switch normalisation {
    case .none, .window: return
    case .fixed(let mean, let deviation):
      for t in 0..<count * channels { samples[t] = Float((Double(samples[t]) - mean) / deviation) }
    case .running(_, _, _, let epsilon):
      // Two numbers each, one channel behind the other.
      moments.withUnsafeMutableBufferPointer { moments in
        moments.withMemoryRebound(to: Double.self) { moments in
          guard let base = moments.baseAddress else { return }
          ConditioningKernel.normalise(
            samples, count: count, channels: channels, forgetting: forgetting, epsilon: epsilon, moments: base)
        }
      }
    }
  }
}
