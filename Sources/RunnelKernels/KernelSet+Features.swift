internal import CRunnelKernels

/// What happens to the features of a frame, each by itself or all of a row together. Every function reads and writes
/// `width` (or `count`) floats of a row and no more, in place or apart, and gives each row the same bits alone and in a
/// batch.
extension KernelSet {
  // MARK: activations

  /// One activation on `count` values: x (count) → y (count).
  public func activate(
    _ activation: Activation, _ count: Int, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>
  ) {
    table.pointee.activate(activation.function, Int32(count), x, y)
  }

  /// One activation on every row: x (rows, width) → y (rows, width).
  public func activate(
    _ activation: Activation, rows: Int, width: Int, _ x: UnsafePointer<Float>, xStride: Int,
    _ y: UnsafeMutablePointer<Float>, yStride: Int
  ) {
    for row in 0..<rows { activate(activation, width, x + row * xStride, y + row * yStride) }
  }

  /// eˣ of `count` values, within 2 ulp.
  public func exponential(_ count: Int, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>) {
    activate(Activation(.exp), count, x, y)
  }

  /// x < 0 ? αx : x (He et al. 2015), α one number (`alphas` 1) or one of each feature (`alphas` = width).
  public func prelu(
    rows: Int, width: Int, alpha: UnsafePointer<Float>, alphas: Int, _ x: UnsafePointer<Float>, xStride: Int,
    _ y: UnsafeMutablePointer<Float>, yStride: Int
  ) {
    precondition(alphas == 1 || alphas == width, "one alpha, or one of each feature")
    table.pointee.prelu(
      Int32(rows), Int32(width), x, Int64(xStride), alpha, alphas == width ? 1 : 0, y, Int64(yStride))
  }

  /// Scores from logits: x (count) → y (count).
  public func softmax(_ count: Int, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>) {
    table.pointee.softmax(1, Int32(count), x, Int64(count), y, Int64(count))
  }

  /// Softmax over the features of every row: x (rows, width) → y (rows, width).
  public func softmax(
    rows: Int, width: Int, _ x: UnsafePointer<Float>, xStride: Int, _ y: UnsafeMutablePointer<Float>, yStride: Int
  ) {
    table.pointee.softmax(Int32(rows), Int32(width), x, Int64(xStride), y, Int64(yStride))
  }

  /// Marks rows with something that is not finite: sound[row[r]] becomes false where row r of x has it.
  ///
  /// - Parameter at: where row r of x (…, width) lies; nil for at r.
  public func check(
    rows: Int, width: Int, _ x: UnsafePointer<Float>, xStride: Int, at: UnsafePointer<Int32>? = nil,
    row: UnsafePointer<Int32>, sound: UnsafeMutablePointer<Bool>
  ) {
    table.pointee.check(Int32(rows), Int32(width), x, Int64(xStride), at, row, sound)
  }

  // MARK: normalisation

  /// y = scale x + shift, rounded once; a batch norm is one with scale = weight / √(var + ε) and
  /// shift = bias − mean · scale. scale, shift (width)
  public func affine(
    rows: Int, width: Int, _ x: UnsafePointer<Float>, xStride: Int, scale: UnsafePointer<Float>,
    shift: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, yStride: Int
  ) {
    table.pointee.affine(Int32(rows), Int32(width), x, Int64(xStride), scale, shift, y, Int64(yStride))
  }

  /// y = (x − mean) / √(var + ε) · weight + bias over the features of a row (Ba, Kiros and Hinton 2016), population
  /// variance; mean and variance in f64. weight, bias (width), or nil for ones and zeros.
  public func layerNorm(
    rows: Int, width: Int, epsilon: Double, weight: UnsafePointer<Float>?, bias: UnsafePointer<Float>?,
    _ x: UnsafePointer<Float>, xStride: Int, _ y: UnsafeMutablePointer<Float>, yStride: Int
  ) {
    table.pointee.layer_norm(Int32(rows), Int32(width), epsilon, x, Int64(xStride), weight, bias, y, Int64(yStride))
  }

  // MARK: rows from rows

  /// y = row x[0] of the table; a row of NaN where x[0] is no whole number in 0..<classes.
  /// x (rows, 1), table (classes, width) → y (rows, width)
  public func embed(
    rows: Int, classes: Int, width: Int, table: UnsafePointer<Float>, _ x: UnsafePointer<Float>, xStride: Int,
    _ y: UnsafeMutablePointer<Float>, yStride: Int
  ) {
    self.table.pointee.embed(
      Int32(rows), Int32(classes), Int32(width), x, Int64(xStride), table, y, Int64(yStride))
  }

  /// y = a + b of every feature.
  public func add(
    rows: Int, width: Int, _ a: UnsafePointer<Float>, aStride: Int, _ b: UnsafePointer<Float>, bStride: Int,
    _ y: UnsafeMutablePointer<Float>, yStride: Int
  ) {
    table.pointee.add(Int32(rows), Int32(width), a, Int64(aStride), b, Int64(bStride), y, Int64(yStride))
  }

  /// y = a · b of every feature.
  public func multiply(
    rows: Int, width: Int, _ a: UnsafePointer<Float>, aStride: Int, _ b: UnsafePointer<Float>, bStride: Int,
    _ y: UnsafeMutablePointer<Float>, yStride: Int
  ) {
    table.pointee.multiply(Int32(rows), Int32(width), a, Int64(aStride), b, Int64(bStride), y, Int64(yStride))
  }
}
