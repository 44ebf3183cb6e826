import RunnelCore

/// Why a sample that arrived counts as missing: one byte beside each physical sample.
public enum SampleFault: UInt8, Sendable, CaseIterable {
  /// Nothing is wrong with it.
  case none = 0
  /// Not a number, infinite, or too large for f32.
  case nan = 1
  case sentinel = 2
  case range = 3
  case flat = 4

  /// The reason in statuses; nil for `none`.
  public var reason: GapReason? {
    switch self {
    case .none: nil
    case .nan: .nan
    case .sentinel: .sentinel
    case .range: .range
    case .flat: .flat
    }
  }
}
