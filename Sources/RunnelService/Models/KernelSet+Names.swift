import RunnelCore
import RunnelKernels

extension KernelSet {
  /// The set that an option names.
  ///
  /// - Throws: `ServiceError` (64) with the sets of this processor.
  public init(named name: String) throws(ServiceError) {
    do throws(KernelSetError) { self = try .chosen(name) } catch { throw ServiceError(.usage, "\(error)") }
  }
}

extension WeightPrecision {
  /// The precision that an option names.
  ///
  /// - Throws: `ServiceError` (64) with those that there are.
  init(named name: String) throws(ServiceError) {
    guard let precision = WeightPrecision(rawValue: name) else {
      throw ServiceError(.usage, "--precision \(name): give \(Phrase.list(Self.allCases.map(\.rawValue), "or"))")
    }
    self = precision
  }
}
