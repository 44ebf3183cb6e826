internal import CRunnelKernels

/// Past frames, and what is made of several of them. A ring has `ring` frames of `width` floats; which ring a row has,
/// and where in it the newest frame lies, the caller says. rings (slots, ring, width)
///
///     at    0 1 2 3 4        ring 5, newest at 1: from the oldest 2 3 4 0 1;
///                 oldest     kernel 3, dilation 2 reads 2, 4, 1
///
/// Convolutions read the same rings: `PackedConv`.
extension KernelSet {
  /// Row r puts its frame at frame `at[r]` of ring `slot[r]`. x (rows, xStride ≥ width)
  public func push(
    rows: Int, _ x: UnsafePointer<Float>, xStride: Int, width: Int, rings: UnsafeMutablePointer<Float>, ring: Int,
    slot: UnsafePointer<Int32>, at: UnsafePointer<Int32>
  ) {
    for row in 0..<rows {
      let frame = Int(slot[row]) * ring + Int(at[row])
      (rings + frame * width).update(from: x + row * xStride, count: width)
    }
  }

  /// The largest of `kernel` frames, `dilation` apart, the newest at `at[r]` of ring `slot[r]`, feature by feature; NaN
  /// where one of them is. y (rows, width)
  public func maxPool(
    rows: Int, width: Int, kernel: Int, dilation: Int = 1, rings: UnsafePointer<Float>, ring: Int,
    slot: UnsafePointer<Int32>, at: UnsafePointer<Int32>, _ y: UnsafeMutablePointer<Float>, yStride: Int
  ) {
    precondition((kernel - 1) * dilation < ring, "the ring holds the oldest frame of the pool")
    var past = runnel_past(ring: Int32(ring), rings: rings, slot: slot, at: at)
    table.pointee.max_pool(Int32(rows), Int32(width), Int32(kernel), Int32(dilation), &past, y, Int64(yStride))
  }

  /// The mean of `kernel` frames: their sum from the oldest to the newest, divided by `kernel`. y (rows, width)
  public func averagePool(
    rows: Int, width: Int, kernel: Int, dilation: Int = 1, rings: UnsafePointer<Float>, ring: Int,
    slot: UnsafePointer<Int32>, at: UnsafePointer<Int32>, _ y: UnsafeMutablePointer<Float>, yStride: Int
  ) {
    precondition((kernel - 1) * dilation < ring, "the ring holds the oldest frame of the pool")
    var past = runnel_past(ring: Int32(ring), rings: rings, slot: slot, at: at)
    table.pointee.average_pool(Int32(rows), Int32(width), Int32(kernel), Int32(dilation), &past, y, Int64(yStride))
  }
}
