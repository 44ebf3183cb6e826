import RunnelCore

/// What bare bytes are, which nothing in them says: the configuration does.
public struct RawShape: Sendable, Hashable {
  public var element: ElementType
  public var byteOrder: ByteOrder
  public var layout: SampleLayout
  /// Values of one row; at least 1.
  public var channels: Int

  public init(
    element: ElementType, byteOrder: ByteOrder = .little, layout: SampleLayout = .interleaved, channels: Int
  ) {
    precondition(channels > 0, "a row has at least one value")
    self.element = element
    self.byteOrder = element.size == 1 ? .little : byteOrder
    self.layout = layout
    self.channels = channels
  }

  /// Bytes of one row.
  public var rowSize: Int { element.size * channels }

  /// All of `payload` as rows.
  ///
  /// - Parameters:
  ///   - start: where the payload begins in its part, for errors.
  func chunk(
    _ payload: UnsafeRawBufferPointer, part: Int, start: Int = 0, limits: WireLimits
  ) throws(DecodeError) -> Chunk {
    let rows = payload.count / rowSize
    guard rows * rowSize == payload.count else {
      throw DecodeError(
        .truncated, part: part, byteOffset: start + rows * rowSize,
        expected: "whole rows of \(channels) × \(element.size) bytes of \(element.name)",
        found: "\(payload.count - rows * rowSize) bytes after \(rows) rows")
    }
    guard rows <= limits.rows else {
      throw DecodeError(
        .limit, part: part, byteOffset: start, expected: "at most \(limits.rows) rows", found: "\(rows)")
    }
    return Chunk(
      payload: payload, element: element, byteOrder: byteOrder, layout: layout, rows: rows, channels: channels)
  }
}
