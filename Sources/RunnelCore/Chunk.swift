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
}
