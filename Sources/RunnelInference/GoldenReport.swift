import RunnelKernels

/// How near this machine came to the golden scores and states.
public struct GoldenReport: Sendable, Equatable {
  /// In which order the same was computed.
  public enum Way: String, Sendable, CaseIterable {
    /// Carried: layer by layer over all frames.
    case whole
    /// Frame by frame, with other lanes in the batch.
    case stepByStep = "step by step"
    /// In pieces, the state going through a snapshot into another slot.
    case chunks = "random chunks"
    /// Windowed: all windows at once, one at a time, and each stepped frame by frame beside the others.
    case together
    case alone
    case sideBySide = "side by side"
    /// The event stage, event by event.
    case events
  }

  /// Absolute errors of some values.
  public struct Figure: Sendable, Equatable {
    public var largest: Double
    public var mean: Double
    /// The root of the mean of their squares.
    public var rms: Double
  }

  /// How often scores lead to the golden ones' label: of a softmax the largest, of a sigmoid which are at least 1/2.
  public struct Agreement: Sendable, Equatable {
    public var agreed: Int
    public var total: Int
  }

  public struct Result: Sendable, Equatable {
    public var way: Way
    public var scores: Figure
    /// Nil where the heads are linear.
    public var labels: Agreement?
    /// Of the final states, where there are some.
    public var h: Figure?
    public var c: Figure?

    public var largest: Double { max(scores.largest, h?.largest ?? 0, c?.largest ?? 0) }
  }

  /// Frames, or windows.
  public var steps: Int
  public var kernels: KernelSet
  public var precision = WeightPrecision.float32
  public var results: [Result] = []

  /// The largest absolute error of each way, scores and final states together.
  public var errors: [Way: Double] {
    Dictionary(results.map { ($0.way, $0.largest) }, uniquingKeysWith: max)
  }
  public var largestError: Double { results.map(\.largest).reduce(0, max) }
}

/// This machine does not compute what the training framework computed.
public struct GoldenError: Error, Sendable, Equatable, CustomStringConvertible {
  public enum Place: Sendable, Equatable {
    /// Of a carried model an output step; of a windowed one the window, and the step in it where it has several.
    case score(step: Int)
    case windowScore(window: Int, step: Int)
    case state(name: String, unit: Int)
    /// Two ways differ in their bits: a bug of runnel.
    case bits
  }

  public var way: GoldenReport.Way
  public var place: Place
  public var expected: Float = 0
  public var found: Float = 0
  public var allowed: Double = 0

  public var description: String {
    let difference = "expected \(expected), found \(found), allowed difference \(Float(allowed))"
    let check = "golden check, \(way.rawValue)"
    switch place {
    case .score(let step): return "\(check): the score at step \(step) is wrong: \(difference)"
    case .windowScore(let window, let step):
      return "\(check): the score at step \(step) of window \(window) is wrong: \(difference)"
    case .state(let name, let unit): return "\(check): \(name)[\(unit)] is wrong: \(difference)"
    case .bits: return "\(check) differs in its bits from another way to compute the same; this is a bug of runnel"
    }
  }
}
