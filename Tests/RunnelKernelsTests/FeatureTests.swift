import RunnelCore
import RunnelKernels
import Testing

@Suite struct FeatureTests {
  static let sets = KernelSet.available
  static let widths = [1, 7, 8, 16, 33]

  /// Rows with a float of room behind each, which nothing may touch.
  private static func rows(_ rows: Int, _ width: Int, _ random: inout SeededGenerator) -> [Float] {
    (0..<rows).flatMap { _ in LayerTests.values(width, &random) + [77] }
  }

  @Test(arguments: widths, sets)
  func `affine, prelu, sum and product are one rounding for each feature`(width: Int, set: KernelSet) {
    var random = SeededGenerator(seed: UInt64(width))
    let (rows, stride) = (3, width + 1)
    let (a, b) = (Self.rows(rows, width, &random), Self.rows(rows, width, &random))
    let (scale, shift) = (LayerTests.values(width, &random), LayerTests.values(width, &random))
    func check(_ name: String, _ y: [Float], _ exact: (Int, Float, Float) -> Float) {
      for row in 0..<rows {
        for k in 0..<width {
          let place = row * stride + k
          #expect(sameBits(y[place], exact(k, a[place], b[place])), "\(name) of feature \(k)")
        }
        #expect(y[row * stride + width] == 77, "\(name) writes \(width) floats of a row")
      }
    }
    var y = [Float](repeating: 77, count: rows * stride)
    set.affine(rows: rows, width: width, a, xStride: stride, scale: scale, shift: shift, &y, yStride: stride)
    check("affine", y) { k, a, _ in shift[k].addingProduct(a, scale[k]) }
    set.prelu(rows: rows, width: width, alpha: scale, alphas: width, a, xStride: stride, &y, yStride: stride)
    check("prelu", y) { k, a, _ in a < 0 ? scale[k] * a : a }
    set.prelu(rows: rows, width: width, alpha: scale, alphas: 1, a, xStride: stride, &y, yStride: stride)
    check("prelu of one alpha", y) { _, a, _ in a < 0 ? scale[0] * a : a }
    set.add(rows: rows, width: width, a, aStride: stride, b, bStride: stride, &y, yStride: stride)
    check("add", y) { _, a, b in a + b }
    set.multiply(rows: rows, width: width, a, aStride: stride, b, bStride: stride, &y, yStride: stride)
    check("multiply", y) { _, a, b in a * b }
    set.activate(Activation(.silu), rows: rows, width: width, a, xStride: stride, &y, yStride: stride)
    check("activate", y) { _, a, _ in Plain.activated(Activation(.silu), a) }
  }

  @Test(arguments: widths, sets)
  func `in place gives the bits of apart`(width: Int, set: KernelSet) {
    var random = SeededGenerator(seed: 30 + UInt64(width))
    let x = LayerTests.values(2 * width, &random)
    let (scale, shift) = (LayerTests.values(width, &random), LayerTests.values(width, &random))
    func both(_ body: (UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> Void) {
      var (apart, inPlace) = (x, x)
      body(x, &apart)
      inPlace.withUnsafeMutableBufferPointer { body(UnsafePointer($0.baseAddress!), $0.baseAddress!) }
      #expect(zip(apart, inPlace).allSatisfy(sameBits))
    }
    both { set.affine(rows: 2, width: width, $0, xStride: width, scale: scale, shift: shift, $1, yStride: width) }
    both { set.prelu(rows: 2, width: width, alpha: scale, alphas: width, $0, xStride: width, $1, yStride: width) }
    both { set.add(rows: 2, width: width, $0, aStride: width, $0, bStride: width, $1, yStride: width) }
    both { set.multiply(rows: 2, width: width, $0, aStride: width, $0, bStride: width, $1, yStride: width) }
    both {
      set.layerNorm(
        rows: 2, width: width, epsilon: 1e-5, weight: scale, bias: shift, $0, xStride: width, $1, yStride: width)
    }
    both { set.activate(.tanh, rows: 2, width: width, $0, xStride: width, $1, yStride: width) }
    both { set.softmax(rows: 2, width: width, $0, xStride: width, $1, yStride: width) }
  }

  @Test(arguments: [1, 2, 7, 33, 500], sets)
  func `layer norm is that of f64, rounded, far from zero too`(width: Int, set: KernelSet) {
    var random = SeededGenerator(seed: UInt64(width))
    for offset in [0.0, 1000] {
      let x = (0..<width).map { _ in Float(offset + random.uniform()) }
      let weight = CellTests.frames(width, seed: 1), bias = CellTests.frames(width, seed: 2)
      let mean = x.reduce(0.0) { $0 + Double($1) } / Double(width)
      let variance = x.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / Double(width)
      var (y, bare) = (x, x)
      set.layerNorm(
        rows: 1, width: width, epsilon: 1e-5, weight: weight, bias: bias, x, xStride: width, &y, yStride: width)
      set.layerNorm(
        rows: 1, width: width, epsilon: 1e-5, weight: nil, bias: nil, x, xStride: width, &bare, yStride: width)
      for k in 0..<width {
        let normal = (Double(x[k]) - mean) / (variance + 1e-5).squareRoot()
        #expect(abs(Double(bare[k]) - normal) <= 1e-7 * max(1, abs(normal)))
        #expect(abs(Double(y[k]) - (normal * Double(weight[k]) + Double(bias[k]))) <= 3e-7 * max(1, abs(normal)))
      }
    }
  }

  @Test(arguments: widths)
  func `layer norm gives the same bits in every set`(width: Int) {
    var random = SeededGenerator(seed: 50 + UInt64(width))
    let x = LayerTests.values(3 * width, &random)
    func run(_ set: KernelSet) -> [Float] {
      var y = x
      set.layerNorm(
        rows: 3, width: width, epsilon: 1e-5, weight: nil, bias: nil, x, xStride: width, &y, yStride: width)
      return y
    }
    let reference = run(.scalar)
    for set in Self.sets { #expect(zip(reference, run(set)).allSatisfy(sameBits), "\(set)") }
  }

  @Test(arguments: sets)
  func `layer norm of equal features is zero`(set: KernelSet) {
    var y: [Float] = [1, 1, 1]
    set.layerNorm(
      rows: 1, width: 3, epsilon: 1e-5, weight: nil, bias: nil, [0.1, 0.1, 0.1], xStride: 3, &y, yStride: 3)
    #expect(y == [0, 0, 0])
  }

  @Test(arguments: sets)
  func `an embedding gives the row of its class, and NaN for what is no class`(set: KernelSet) {
    let table: [Float] = [1, 2, 3, 4, 5, 6]
    let x: [Float] = [0, 2, 1, -0.0, 3, -1, 0.5, .nan, .infinity, -.infinity, 3e9, 1.999]
    var y = [Float](repeating: 77, count: x.count * 3)
    set.embed(rows: x.count, classes: 3, width: 2, table: table, x, xStride: 1, &y, yStride: 3)
    let rows = stride(from: 0, to: y.count, by: 3).map { Array(y[$0..<$0 + 3]) }
    #expect(rows[..<4] == [[1, 2, 77], [5, 6, 77], [3, 4, 77], [1, 2, 77]])
    #expect(rows[4...].allSatisfy { $0[0].isNaN && $0[1].isNaN && $0[2] == 77 })
  }

  @Test(arguments: widths, sets)
  func `a row is unsound when one of its features is no number, and what lies behind it does not matter`(
    width: Int, set: KernelSet
  ) {
    let (rows, stride) = (7, width + 5)
    let at: [Int32] = [6, 2, 0, 1, 3, 5, 4], row: [Int32] = [3, 1, 0, 2, 7, 5, 4]
    for value in [Float.nan, .infinity, -.infinity, .greatestFiniteMagnitude, -.leastNonzeroMagnitude] {
      for feature in 0..<width {
        var x = [Float](repeating: 1, count: rows * stride)
        for place in 0..<rows { x[place * stride + width] = .nan }
        x[2 * stride + feature] = value
        var (sound, direct) = ([Bool](repeating: true, count: 8), [Bool](repeating: true, count: 8))
        sound[6] = false
        set.check(rows: rows, width: width, x, xStride: stride, at: at, row: row, sound: &sound)
        set.check(rows: rows, width: width, x, xStride: stride, row: row, sound: &direct)
        let isSound = value.isFinite
        #expect(sound == [true, isSound, true, true, true, true, false, true])
        #expect(direct == [isSound, true, true, true, true, true, true, true])
      }
    }
  }

  @Test(arguments: sets)
  func `NaN in one feature reaches every score of its row and no other row`(set: KernelSet) {
    var (y, normal) = ([Float](repeating: 0, count: 6), [Float](repeating: 0, count: 6))
    let x: [Float] = [1, 2, 3, 1, .nan, 3]
    set.softmax(rows: 2, width: 3, x, xStride: 3, &y, yStride: 3)
    set.layerNorm(rows: 2, width: 3, epsilon: 1e-5, weight: nil, bias: nil, x, xStride: 3, &normal, yStride: 3)
    for values in [y, normal] {
      #expect(values[..<3].allSatisfy(\.isFinite) && values[3...].allSatisfy(\.isNaN))
    }
  }
}
