/// One signal of a stream, as its description declares it.
///
/// A physical value is `(raw - baseline) / gain` where those are given, else `raw * scale + offset`: computed in
/// f64 and rounded once to f32. Float input counts as physical already.
public struct Channel: Sendable, Hashable {
  public enum Scaling: Sendable, Hashable {
    /// physical = raw × scale + offset
    case linear(scale: Double, offset: Double)
    /// physical = (raw − baseline) / gain, as WFDB states it (docs/foreign-formats.md §7).
    case gain(Double, baseline: Double)

    public static let identity = Scaling.linear(scale: 1, offset: 0)
  }

  public var name: String
  /// The physical unit, for example `mV`; nil where none was declared.
  public var unit: String?
  public var scaling: Scaling
  /// The raw value that stands for a missing sample; nil where every value is one.
  public var missing: Double?

  public init(name: String, unit: String? = nil, scaling: Scaling = .identity, missing: Double? = nil) {
    self.name = name
    self.unit = unit
    self.scaling = scaling
    self.missing = missing
  }
}
