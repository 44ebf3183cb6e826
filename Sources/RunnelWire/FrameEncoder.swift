import RunnelCore

/// Writes conditioned samples as readers of sample messages have them (docs/wire-format.md §9): the 64-byte header,
/// then frames in f32, row after row. `first` counts frames on the model's grid.
///
/// Once warm it allocates nothing.
public struct FrameEncoder: Sendable {
  private var header = [UInt8](repeating: 0, count: SampleHeader.size)

  public init() {}

  /// What a header says of the frames behind it.
  public struct Fields: Sendable, Equatable {
    public var epoch: UInt64
    public var sequence: UInt64
    /// The grid index of the first frame.
    public var first: Int64
    /// Unix ns of the first frame.
    public var timestamp: Int64?
    /// Frames do not continue those before.
    public var discontinuity = false
    /// Frames a second.
    public var rate: Double
    /// Values of a frame, and frames.
    public var columns: Int
    public var rows: Int

    public init(
      epoch: UInt64, sequence: UInt64, first: Int64, timestamp: Int64?, discontinuity: Bool = false, rate: Double,
      columns: Int, rows: Int
    ) {
      self.epoch = epoch
      self.sequence = sequence
      self.first = first
      self.timestamp = timestamp
      self.discontinuity = discontinuity
      self.rate = rate
      self.columns = columns
      self.rows = rows
    }
  }

  /// Lends the header of these frames.
  public mutating func encode<R>(_ fields: Fields, _ body: (UnsafeRawBufferPointer) -> R) -> R {
    encode(fields, kind: .samples, body)
  }

  /// Lends the header and the payload of a heartbeat: the sequence number and frame that come next.
  public mutating func encodeHeartbeat<R>(
    _ fields: Fields, _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) -> R
  ) -> R {
    // Nothing can be asked for again, and none was dropped before it was offered; no endpoint follows.
    var payload = (fields.sequence.littleEndian, UInt64(0))
    return withUnsafeBytes(of: &payload) { payload in encode(fields, kind: .heartbeat) { body($0, payload) } }
  }

  private mutating func encode<R>(
    _ fields: Fields, kind: SampleHeader.Kind, _ body: (UnsafeRawBufferPointer) -> R
  ) -> R {
    let fields = SampleHeader(
      kind: kind, element: .float32, layout: .interleaved, discontinuity: fields.discontinuity, epoch: fields.epoch,
      sequence: fields.sequence, first: fields.first, timestamp: fields.timestamp, rate: fields.rate,
      channels: fields.columns, rows: fields.rows)
    header.withUnsafeMutableBytes { fields.write(to: $0) }
    return header.withUnsafeBytes(body)
  }
}
