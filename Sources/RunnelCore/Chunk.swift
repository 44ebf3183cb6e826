/// Consecutive rows that came in one message, still in the sender's types and layout; borrowed from its payload.
public struct Chunk {
  /// channels × rows × element.size bytes; any alignment.
  public var payload: UnsafeRawBufferPointer
  public var element: ElementType
  public var byteOrder: ByteOrder
  public var layout: SampleLayout
  public var rows: Int
  public var channels: Int

  public init(
    payload: UnsafeRawBufferPointer, element: ElementType, byteOrder: ByteOrder = .little,
    layout: SampleLayout = .interleaved, rows: Int, channels: Int
  ) {
    precondition(payload.count == rows * channels * element.size, "a payload has channels × rows × size bytes")
    self.payload = payload
    self.element = element
    self.byteOrder = byteOrder
    self.layout = layout
    self.rows = rows
    self.channels = channels
  }

  /// Copies some rows, in the chunk's own layout and byte order.
  public func copy(rows range: Range<Int>, to target: UnsafeMutableRawPointer) {
    guard let base = payload.baseAddress else { return }
    let size = element.size
    switch layout {
    case .interleaved:
      let rowSize = channels * size
      target.copyMemory(from: base + range.lowerBound * rowSize, byteCount: range.count * rowSize)
    case .planar:
      for channel in 0..<channels {
        (target + channel * range.count * size).copyMemory(
          from: base + (channel * rows + range.lowerBound) * size, byteCount: range.count * size)
      }
    }
  }
}
