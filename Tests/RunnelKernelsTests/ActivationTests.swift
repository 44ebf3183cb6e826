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

  /// Where the errors of tanh and sigmoid were found to be the largest.
  static let worst: [Float] = (0..<4096).flatMap { step in
    let part = Float(step) / 4096
    return [0.055 + part * 0.01, 0.17 + part * 0.02, -1.1 - part * 0.02, -15 - part * 2]
  }

  /// Where networks live.
  static func usual(_ count: Int, seed: UInt64) -> [Float] {
    var random = SeededGenerator(seed: seed)
    return (0..<count).map { _ in Float(random.uniform() * 40 - 20) }
  }

  @Test(arguments: KernelSet.available)
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

  @Test(arguments: KernelSet.available)
  func `tanh and sigmoid are within 2 ulp`(set: KernelSet) {
    let x = Self.anything(20000, seed: 3) + Self.usual(20000, seed: 4) + Self.worst
    var (t, s) = (x, x)
    set.activate(.tanh, x.count, x, &t)
    set.activate(.sigmoid, x.count, x, &s)
    for index in x.indices where !x[index].isNaN {
      let exact = Double(x[index])
      #expect(abs(Double(t[index]) - tanh(exact)) <= 2 * Double(Float(tanh(exact)).ulp), "tanh(\(exact))")
      let sigmoid = 1 / (1 + exp(-max(exact, -87)))
      #expect(abs(Double(s[index]) - sigmoid) <= 2 * Double(Float(sigmoid).ulp), "sigmoid(\(exact))")
    }
  }

  @Test(arguments: KernelSet.available, ReferenceActivation.all)
  func `each activation keeps its stated bound at every size of x`(set: KernelSet, activation: Activation) {
    let x = Self.anything(4000, seed: 7) + Self.usual(8000, seed: 8)
    var y = x
    set.activate(activation, x.count, x, &y)
    for (x, y) in zip(x, y) where !x.isNaN {
      let exact = ReferenceActivation.value(activation, Double(x))
      if Float(exact).isInfinite {
        #expect(y == Float(exact), "\(activation.kind)(\(x)) = \(y)")
      } else {
        let bound = ReferenceActivation.bound(activation, Double(x), exact: exact)
        #expect(abs(Double(y) - exact) <= bound, "\(activation.kind)(\(x)) = \(y), not \(exact)")
      }
    }
  }

  @Test(arguments: [Activation.Kind.softplus, .silu, .selu, .elu, .softsign, .sigmoid])
  func `small results keep their digits`(kind: Activation.Kind) {
    let x = Self.usual(8000, seed: 9)
    var y = x
    KernelSet.best.activate(Activation(kind), x.count, x, &y)
    for (x, y) in zip(x, y) {
      let exact = ReferenceActivation.value(Activation(kind), Double(x))
      #expect(abs(Double(y) - exact) <= 4e-7 * abs(exact), "\(kind)(\(x)) = \(y), not \(exact)")
    }
  }

  @Test func `both hard sigmoids give the frameworks' values at one`() {
    var y: Float = 0
    KernelSet.best.activate(Activation(.hardSigmoid), 1, [1], &y)
    #expect(abs(y - 2 / 3) < 1e-7, "Keras 3, PyTorch")
    KernelSet.best.activate(Activation(.hardSigmoid, alpha: 0.2), 1, [1], &y)
    #expect(y == 0.7, "Keras 2")
  }

  @Test(arguments: KernelSet.available)
  func `infinities give the limits`(set: KernelSet) {
    func of(_ kind: Activation.Kind, _ x: Float) -> Float {
      var y: Float = 0
      withUnsafePointer(to: x) { set.activate(Activation(kind), 1, $0, &y) }
      return y
    }
    for kind in [Activation.Kind.tanh, .softsign] { #expect(of(kind, .infinity) == 1 && of(kind, -.infinity) == -1) }
    #expect(of(.hardSigmoid, .infinity) == 1 && of(.hardSigmoid, -.infinity) == 0)
    #expect(of(.sigmoid, .infinity) == 1 && of(.sigmoid, -.infinity) < 1.7e-38)
    for kind in [Activation.Kind.relu, .softplus, .silu, .gelu, .exp] {
      #expect(of(kind, .infinity) == .infinity && of(kind, -.infinity) == 0, "\(kind)")
    }
    #expect(of(.elu, -.infinity) == -1 && of(.clip, .infinity) == 1)
    for kind in [Activation.Kind.tanh, .softsign, .elu, .gelu, .silu, .none, .leakyRelu] {
      #expect(of(kind, -0.0).sign == .minus, "\(kind) of -0")
    }
  }

  @Test(arguments: KernelSet.available, ReferenceActivation.all)
  func `NaN goes in, NaN comes out`(set: KernelSet, activation: Activation) {
    let x: [Float] = [.nan, 1, -.nan, 2, .nan]
    var y = x
    set.activate(activation, x.count, x, &y)
    #expect(y.map(\.isNaN) == [true, false, true, false, true])
  }

  @Test func `every set gives the same bits for every activation`() {
    let x = Self.anything(20000, seed: 5) + Self.usual(10000, seed: 6)
    for kind in ReferenceActivation.all {
      var a = x
      KernelSet.scalar.activate(kind, x.count, x, &a)
      for set in KernelSet.available {
        var b = x
        set.activate(kind, x.count, x, &b)
        #expect(zip(a, b).allSatisfy(sameBits), "\(kind) \(set)")
      }
    }
  }

  @Test(arguments: [1, 2, 3, 7, 8, 9, 16, 33])
  func `softmax adds to one and has the same bits in every set`(count: Int) {
    var random = SeededGenerator(seed: UInt64(count))
    for scale in [1e-30, 1, 30, 1e30] {
      let x = (0..<count).map { _ in Float((random.uniform() - 0.5) * scale) }
      var a = x
      KernelSet.scalar.softmax(count, x, &a)
      for set in KernelSet.available {
        var b = x
        set.softmax(count, x, &b)
        #expect(zip(a, b).allSatisfy(sameBits), "\(set)")
      }
      #expect(abs(a.reduce(0, +) - 1) < 1e-6)
    }
  }

  @Test(arguments: [1, 2, 3, 5, 8, 9, 16, 17], KernelSet.available)
  func `softmax gives a row the same bits alone and among others, and writes nothing else`(width: Int, set: KernelSet) {
    var random = SeededGenerator(seed: UInt64(width))
    let (rows, stride, yStride) = (21, width + 3, width + 1)
    var x = (0..<rows * stride).map { _ in Float((random.uniform() - 0.5) * 60) }
    x[5 * stride] = .nan
    x[6 * stride] = -.infinity
    var together = [Float](repeating: 77, count: rows * yStride)
    set.softmax(rows: rows, width: width, x, xStride: stride, &together, yStride: yStride)
    for row in 0..<rows {
      var alone = [Float](repeating: 77, count: width)
      set.softmax(width, Array(x[row * stride..<row * stride + width]), &alone)
      #expect(zip(alone, together[row * yStride..<row * yStride + width]).allSatisfy(sameBits), "row \(row)")
      #expect(together[row * yStride + width] == 77)
    }
  }
}

/// The same value bit for bit; NaN is NaN whatever its payload.
func sameBits(_ a: Float, _ b: Float) -> Bool { a.bitPattern == b.bitPattern || (a.isNaN && b.isNaN) }
