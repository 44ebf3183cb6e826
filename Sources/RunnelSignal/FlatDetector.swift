import RunnelCore

/// Notices a signal that has stopped changing, as one with a fallen electrode does.
///
/// The first `longest` equal samples of a run pass, being indistinguishable from a quiet signal; those after them
/// are missing, until one differs. Where a sample is missing already the run ends: nobody saw it unchanged.
public struct FlatDetector: Sendable, Equatable {
  /// Equal samples in a row that are still believed.
  public let longest: Int

  /// What is carried from sample to sample.
  public struct Run: Sendable, Equatable {
    var value: Float = 0
    var length = 0

    public init() {}
  }

  public init(longest: Int) {
    precondition(longest > 0, "a flat line is longer than a sample")
    self.longest = longest
  }

  /// Turns what is flat into NaN with the reason `SampleFault.flat`, in place, and returns how many that were.
  public func mark(
    _ samples: UnsafeMutableBufferPointer<Float>, faults: UnsafeMutablePointer<UInt8>, run: inout Run
  ) -> Int {
    var marked = 0
    for t in samples.indices {
      guard faults[t] == SampleFault.none.rawValue else {
        run.length = 0
        continue
      }
      if run.length == 0 || samples[t] != run.value {
        run.value = samples[t]
        run.length = 1
      } else if run.length < longest {
        run.length += 1
      } else {
        samples[t] = .nan
        faults[t] = SampleFault.flat.rawValue
        marked += 1
      }
    }
    return marked
  }
}
