internal import CRunnelKernels

#if canImport(Glibc)
  import Glibc
#endif

/// Which instruction set the arithmetic uses; chosen when weights are packed.
///
/// Every set gives the same bits (law 7): the order of each sum is stated in the header of CRunnelKernels. So the choice
/// is one of speed: `docs/performance.md` has the figures. On x86-64 the baseline has no fused multiply-add, so that
/// `scalar` is a hundred times slower there; on arm64 it has, and what `neon` does more is to work on several rows and
/// gates side by side.
public enum KernelSet: String, Sendable, CaseIterable {
  /// The reference: what every processor of this architecture can do.
  case scalar
  /// NEON, of every arm64 processor.
  case neon
  /// AVX2 and FMA, x86-64.
  case avx2
  /// AVX-512 with F, VL, DQ and BW, x86-64.
  case avx512

  /// The environment variable that names the set to use.
  public static let variable = "RUNNEL_KERNELS"

  /// The sets of this machine, the quickest last.
  public static var available: [KernelSet] { allCases.filter(\.isAvailable) }

  /// The quickest set of this machine, or the one that `RUNNEL_KERNELS` names; found out once. A program first asks
  /// `chosen` whether that is a set at all: here a wrong name counts as none.
  public static let best: KernelSet = (try? chosen()) ?? quickest

  private static var quickest: KernelSet { available.last ?? .scalar }

  /// The set of this name, the quickest where there is no name.
  ///
  /// - Throws: `KernelSetError` where this processor has no such set.
  public static func chosen(_ name: String? = getenv(variable).map { String(cString: $0) }) throws(KernelSetError)
    -> KernelSet
  {
    guard let name, !name.isEmpty else { return quickest }
    guard let set = KernelSet(rawValue: name), set.isAvailable else { throw KernelSetError(name: name) }
    return set
  }

  public var isAvailable: Bool { pointer != nil }

  /// Outputs, activations and states have room for whole blocks of this many floats.
  public static let block = Int(RUNNEL_BLOCK)

  /// `count` rounded up to whole blocks.
  public static func padded(_ count: Int) -> Int { (count + block - 1) / block * block }

  var table: UnsafePointer<runnel_kernels> { table(for: .float32) }

  /// Whose layers have weights of this precision.
  func table(for precision: WeightPrecision) -> UnsafePointer<runnel_kernels> {
    guard let pointer = precision == .int8 ? int8Pointer : pointer else {
      preconditionFailure("this processor has no \(rawValue)")
    }
    return pointer
  }

  private var pointer: UnsafePointer<runnel_kernels>? {
    switch self {
    case .scalar: runnel_kernels_scalar()
    case .neon: runnel_kernels_neon()
    case .avx2: runnel_kernels_avx2()
    case .avx512: runnel_kernels_avx512()
    }
  }

  private var int8Pointer: UnsafePointer<runnel_kernels>? {
    switch self {
    case .scalar: runnel_kernels_scalar_int8()
    case .neon: runnel_kernels_neon_int8()
    case .avx2: runnel_kernels_avx2_int8()
    case .avx512: runnel_kernels_avx512_int8()
    }
  }
}

/// A kernel set was asked for that is none, or that this processor does not have.
public struct KernelSetError: Error, Sendable, Hashable, CustomStringConvertible {
  public var name: String

  public var description: String {
    "this processor has no kernels '\(name)'; it has \(KernelSet.available.map(\.rawValue).joined(separator: ", "))"
  }
}
