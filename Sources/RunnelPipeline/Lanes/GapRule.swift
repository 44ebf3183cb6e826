/// What a lane does where samples are missing, in samples of its stream.
///
///     missing ≤ fill            every missing sample is made up; nothing else happens
///     fill < missing ≤ carry    none is made up; h and c are kept, no step is added, the conditioning is re-primed
///     more, or nobody knows     h, c and decision memory are zeroed, the conditioning is re-primed
public struct GapRule: Sendable, Hashable {
  public enum Method: String, Sendable, CaseIterable {
    /// The last sample before the gap.
    case hold
    /// On the line between the samples before and after it; waits for the one after.
    case linear
    case zero
  }

  public var method: Method
  public var fill: Int
  public var carry: Int64

  public init(method: Method, fill: Int, carry: Int64) {
    self.method = method
    self.fill = fill
    self.carry = max(carry, Int64(fill))
  }

  /// Seconds become samples once, rounded to the nearest; an irregular stream (rate 0) has no seconds.
  public init(_ settings: GapSettings, rate: Double) {
    self.init(
      method: settings.method, fill: Int((settings.fill * rate).rounded()),
      carry: Int64((settings.carry * rate).rounded()))
  }
}

/// The gap rule as a configuration states it, in seconds.
public struct GapSettings: Sendable, Hashable {
  public var method: GapRule.Method
  public var fill: Double
  public var carry: Double

  public init(method: GapRule.Method = .hold, fill: Double = 0.05, carry: Double = 1) {
    self.method = method
    self.fill = fill
    self.carry = carry
  }
}
