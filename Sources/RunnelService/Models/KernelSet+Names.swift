import RunnelKernels

extension KernelSet {
  /// The set that an option names.
  ///
  /// - Throws: `ServiceError` (64) with the sets of this processor.
  public init(named name: String) throws(ServiceError) {
    do throws(KernelSetError) { self = try .chosen(name) } catch { throw ServiceError(.usage, "\(error)") }
  }
}
