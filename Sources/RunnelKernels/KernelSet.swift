internal import CRunnelKernels

/// Which instruction set the arithmetic uses; chosen when weights are packed, never by the environment.
///
/// Every set gives the same bits (law 7): each output is one chain of fused multiply-adds in an order that the header
/// of CRunnelKernels states. So the choice is one of speed: an LSTM step of 64 units and 24 inputs takes 0.95 µs with
/// `avx2` and 73 µs with `scalar` on x86-64, whose baseline has no fused multiply-add. On arm64 it has, and `scalar`
/// is the quick one.
public enum KernelSet: String, Sendable, CaseIterable {
  /// The reference: what every processor of this architecture can do.
  case scalar
  /// AVX2 and FMA, x86-64 only.
  case avx2

  /// The quickest set of this machine.
  public static var best: KernelSet { KernelSet.avx2.isAvailable ? .avx2 : .scalar }

  public var isAvailable: Bool {
    switch self {
    case .scalar: true
    case .avx2: runnel_kernels_avx2() != nil
    }
  }

  /// Outputs, activations and states have room for whole blocks of this many floats.
  public static let block = Int(RUNNEL_BLOCK)

  /// `count` rounded up to whole blocks.
  public static func padded(_ count: Int) -> Int { (count + block - 1) / block * block }

  var table: UnsafePointer<runnel_kernels> {
    switch self {
    case .scalar: return runnel_kernels_scalar()
    case .avx2:
      guard let table = runnel_kernels_avx2() else { preconditionFailure("this processor has no AVX2 with FMA") }
      return table
    }
  }
}
