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
    moments.withUnsafeMutableBufferPointer { moments in
      for d in 0..<channels { apply(samples + d, count: count, stride: channels, moments: &moments[d]) }
    }
  }

  /// In place, T samples `stride` apart, in order.
  private func apply(_ samples: UnsafeMutablePointer<Float>, count: Int, stride: Int, moments: inout Moments) {
    switch normalisation {
    case .none, .window: return
    case .fixed(let mean, let deviation):
      for t in 0..<count {
        samples[t * stride] = Float((Double(samples[t * stride]) - mean) / deviation)
      }
    case .running(_, _, _, let epsilon):
      var (m, v) = (moments.mean, moments.variance)
      for t in 0..<count {
        let x = Double(samples[t * stride])
        // The network refuses the frame; the moments must not remember it for ever.
        guard x.isFinite else { continue }
        let old = m
        m += forgetting * (x - m)
        v += forgetting * ((x - old) * (x - m) - v)
        samples[t * stride] = Float((x - m) / (v + epsilon).squareRoot())
      }
      moments = Moments(mean: m, variance: v)
    }
  }
}
