import RunnelKernels

extension KernelSet {
  /// The set that an option names.
  ///
  /// - Throws: `ServiceError` (64) with the sets of this processor.
  init(named name: String) throws(ServiceError) {
    guard let set = KernelSet(rawValue: name), set.isAvailable else {
      let there = KernelSet.allCases.filter(\.isAvailable).map(\.rawValue)
      throw ServiceError(.usage, "this processor has no kernels '\(name)'; it has \(Phrase.list(there, "and"))")
    }
    self = set
  }
}
