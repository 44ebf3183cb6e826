import RunnelCore

/// One second-order section: H(z) = (b0 + b1 z⁻¹ + b2 z⁻²) / (1 + a1 z⁻¹ + a2 z⁻²).
public struct Biquad: Sendable, Equatable {
  public var b0, b1, b2: Double
  public var a1, a2: Double

  /// What comes out of a constant 1, once settled.
  var gainAtZero: Double { (b0 + b1 + b2) / (1 + a1 + a2) }
}

/// Sections one after another, in f64, transposed direct form II; weights only.
///
/// The memories are the caller's: two per section and channel, so that a lane's carried state stays one value. They start in the
/// steady state of the first sample, as scipy's `sosfilt` with `zi = sosfilt_zi(sos) * x[0]`: a signal that begins at
/// 1 V makes no step.
public struct BiquadCascade: Sendable, Equatable {
  public let sections: [Biquad]

  /// (sections, 5), as the kernel takes them.
  let coefficients: [Double]

  public init(sections: [Biquad]) {
    self.sections = sections
    coefficients = sections.flatMap { [$0.b0, $0.b1, $0.b2, $0.a1, $0.a2] }
  }

  /// Memories of one channel.
  public var memoryCount: Int { 2 * sections.count }

  /// Sets the memories (sections, 2, channels) of one channel as if every sample of it so far had been `sample`.
  ///
  /// - Returns: what the last section makes of that sample.
  @discardableResult
  func prime(
    _ memories: UnsafeMutableBufferPointer<Double>, channel: Int = 0, of channels: Int = 1, with sample: Double
  ) -> Double {
    var (x, output) = (sample, sample)
    for (i, section) in sections.enumerated() {
      let gain = section.gainAtZero
      let first = (gain - section.b0) * x
      memories[2 * i * channels + channel] = first
      memories[(2 * i + 1) * channels + channel] = (section.b2 - section.a2 * gain) * x
      x *= gain
      output = section.b0 * output + first
    }
    return output
  }
}
