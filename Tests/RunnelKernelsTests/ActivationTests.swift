import RunnelCore
import RunnelKernels
import Testing

/// The reference values are those of the platform's f64 functions, whose error is far below one ulp of f32.
#if canImport(Glibc)
  import Glibc
#endif

@Suite struct ActivationTests {
  static let edges: [Float] = [
    0, -0.0, .infinity, -.infinity, .leastNonzeroMagnitude, -.leastNonzeroMagnitude, .leastNormalMagnitude, 0x1p-133,
    -0x1p-133, .greatestFiniteMagnitude, -.greatestFiniteMagnitude, 88.7, 88.73, 89, 200, -87.3, -87.4, -103.9, -104,
    -105, 0.625, 0.62499994, -0.625, 1, -1, 9.1, -9.1,
  ]

  /// Uniform over bit patterns: every magnitude is met, denormals and NaN too.
  static func anything(_ count: Int, seed: UInt64) -> [Float] {
    var random = SeededGenerator(seed: seed)
    return edges + (0..<count).map { _ in Float(bitPattern: UInt32(truncatingIfNeeded: random.next())) }
  }

  /// Where networks live.
  static func usual(_ count: Int, seed: UInt64) -> [Float] {
    var random = SeededGenerator(seed: seed)
    return (0..<count).map { _ in Float(random.uniform() * 40 - 20) }
  }

  @Test(arguments: KernelSet.allCases.filter(\.isAvailable))
  func `exp is within 2 ulp, denormal results too`(set: KernelSet) {
    let x = Self.anything(20000, seed: 1) + Self.usual(20000, seed: 2)
    var y = x
    set.exponential(x.count, x, &y)
    for (x, y) in zip(x, y) where !x.isNaN {
      let exact = exp(Double(x))
      let rounded = Float(exact)
      if rounded.isInfinite {
        #expect(y == rounded, "exp(\(x))")
      } else {
        #expect(abs(Double(y) - exact) <= 2 * Double(rounded.ulp), "exp(\(x)) = \(y)")
      }
    }
  }

  @Test(arguments: KernelSet.allCases.filter(\.isAvailable))
  func `tanh and sigmoid are within 3e-7`(set: KernelSet) {
    let x = Self.anything(20000, seed: 3) + Self.usual(20000, seed: 4)
    var (t, s) = (x, x)
    set.activate(.tanh, x.count, x, &t)
    set.activate(.sigmoid, x.count, x, &s)
    for index in x.indices where !x[index].isNaN {
      let exact = Double(x[index])
      #expect(abs(Double(t[index]) - tanh(exact)) <= 3e-7, "tanh(\(exact))")
      #expect(abs(Double(s[index]) - 1 / (1 + exp(-exact))) <= 3e-7, "sigmoid(\(exact))")
    }
  }

  @Test(arguments: KernelSet.allCases.filter(\.isAvailable))
  func `infinities give the limits`(set: KernelSet) {
    func of(_ kind: Activation, _ x: Float) -> Float {
      var y: Float = 0
      withUnsafePointer(to: x) { set.activate(kind, 1, $0, &y) }
      return y
    }
    #expect(of(.tanh, .infinity) == 1 && of(.tanh, -.infinity) == -1)
    #expect(of(.sigmoid, .infinity) == 1 && of(.sigmoid, -.infinity) == 0)
    #expect(of(.relu, .infinity) == .infinity && of(.relu, -.infinity) == 0)
    #expect(of(.tanh, -0.0).sign == .minus)
  }

  @Test(arguments: KernelSet.allCases.filter(\.isAvailable), [Activation.none, .relu, .tanh, .sigmoid])
  func `NaN goes in, NaN comes out`(set: KernelSet, kind: Activation) {
    let x: [Float] = [.nan, 1, -.nan, 2, .nan]
    var y = x
    set.activate(kind, x.count, x, &y)
    #expect(y.map(\.isNaN) == [true, false, true, false, true])
  }

  @Test(.enabled(if: KernelSet.avx2.isAvailable))
  func `both sets give the same bits for every activation`() {
    let x = Self.anything(40000, seed: 5) + Self.usual(20000, seed: 6)
    for kind in [Activation.none, .relu, .tanh, .sigmoid] {
      var (a, b) = (x, x)
      KernelSet.scalar.activate(kind, x.count, x, &a)
      KernelSet.avx2.activate(kind, x.count, x, &b)
      #expect(zip(a, b).allSatisfy(sameBits), "\(kind)")
    }
    var (a, b) = (x, x)
    KernelSet.scalar.exponential(x.count, x, &a)
    KernelSet.avx2.exponential(x.count, x, &b)
    #expect(zip(a, b).allSatisfy(sameBits))
  }

  @Test(arguments: [1, 2, 3, 7, 8, 9, 16, 33])
  func `softmax adds to one and has the same bits in both sets`(count: Int) {
    var random = SeededGenerator(seed: UInt64(count))
    for scale in [1e-30, 1, 30, 1e30] {
      let x = (0..<count).map { _ in Float((random.uniform() - 0.5) * scale) }
      var (a, b) = (x, x)
      KernelSet.scalar.softmax(count, x, &a)
      KernelSet.best.softmax(count, x, &b)
      #expect(zip(a, b).allSatisfy(sameBits))
      #expect(abs(a.reduce(0, +) - 1) < 1e-6)
    }
  }
}

/// The same value bit for bit; NaN is NaN whatever its payload.
func sameBits(_ a: Float, _ b: Float) -> Bool { a.bitPattern == b.bitPattern || (a.isNaN && b.isNaN) }
