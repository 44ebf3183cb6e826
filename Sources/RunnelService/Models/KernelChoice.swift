import RunnelKernels

/// The kernel set that computes where no option names one: the quickest of this processor, or the one that the
/// environment variable `RUNNEL_KERNELS` names. The bits are the same.
public enum KernelChoice {
  /// Its name.
  public static var name: String { KernelSet.best.rawValue }

  /// - Throws: `ServiceError` (64) where the variable names a set that this processor does not have.
  public static func check() throws(ServiceError) {
    do throws(KernelSetError) { _ = try KernelSet.chosen() } catch {
      throw ServiceError(.usage, "\(KernelSet.variable): \(error); leave it unset for the quickest")
    }
  }
}
