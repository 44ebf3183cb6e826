internal import CRunnelKernels

/// Loops that do nothing but what bounds every kernel of the set, to be timed by whoever asks how near a kernel comes.
extension KernelSet {
  /// At least `count` multiply-adds that wait for nothing, as layers with weights of this precision make them: of whole
  /// numbers for int8, else of f32.
  /// - Returns: how many they were.
  public func multiplyAdds(atLeast count: Int, _ precision: WeightPrecision = .float32) -> Int {
    let machine = machine.pointee
    let each = Int(precision == .int8 ? machine.per_int8_round : machine.per_round)
    let rounds = (count + each - 1) / each
    if precision == .int8 {
      withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 128) { x in
        x.initialize(repeating: 0x0102_03ff)
        _ = machine.multiply_add_int8(Int64(rounds), x.baseAddress)
      }
    } else {
      _ = machine.multiply_add(Int64(rounds), 0.5, 0.5)
    }
    return rounds * each
  }

  /// Reads `count` floats in their order. x (count), 64-byte aligned, count a multiple of 128
  public func read(_ x: UnsafePointer<Float>, count: Int) {
    precondition(count.isMultiple(of: 128), "whole rounds")
    _ = machine.pointee.read(x, Int64(count))
  }

  private var machine: UnsafePointer<runnel_machine> {
    let pointer =
      switch self {
      case .scalar: runnel_machine_scalar()
      case .neon: runnel_machine_neon()
      case .avx2: runnel_machine_avx2()
      case .avx512: runnel_machine_avx512()
      }
    guard let pointer else { preconditionFailure("this processor has no \(rawValue)") }
    return pointer
  }
}
