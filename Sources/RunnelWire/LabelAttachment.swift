import RunnelCore

/// The conditioned samples around a label's position, which go with it (docs/wire-format.md §9): what the network saw
/// there.
///
/// Immutable and shared, so that a label that has none costs nothing and one that has is not copied.
public final class LabelAttachment: Sendable, Equatable {
  /// The first frame's index on the model's grid.
  public let first: Int64
  /// Frames a second.
  public let rate: Double
  /// Values of a frame: D.
  public let columns: Int
  /// Frames: T.
  public let rows: Int
  /// (T, D); empty where only the label itself is at hand.
  public let values: [Float]
  /// There are fewer than were asked for: a gap, a reset, the beginning or the end is too near, or they came too late.
  public let isCut: Bool
  /// Unix ns of the first frame.
  public let timestamp: Int64?

  public init(
    first: Int64, rate: Double, columns: Int, rows: Int, values: [Float], isCut: Bool, timestamp: Int64? = nil
  ) {
    precondition(values.isEmpty || values.count == rows * columns, "values are whole frames")
    self.first = first
    self.rate = rate
    self.columns = columns
    self.rows = rows
    self.values = values
    self.isCut = isCut
    self.timestamp = timestamp
  }

  public static func == (a: LabelAttachment, b: LabelAttachment) -> Bool {
    a.first == b.first && a.rate == b.rate && a.columns == b.columns && a.rows == b.rows && a.isCut == b.isCut
      && a.timestamp == b.timestamp && a.values.map(\.bitPattern) == b.values.map(\.bitPattern)
  }

  /// The same with its values.
  func with(_ values: [Float], timestamp: Int64?) -> LabelAttachment {
    LabelAttachment(
      first: first, rate: rate, columns: columns, rows: rows, values: values, isCut: isCut, timestamp: timestamp)
  }
}

/// The third part of a label message: the 64-byte header of a sample message and the frames in f32, row after row.
///
/// Once warm it allocates nothing.
public struct AttachmentEncoder: Sendable {
  private var bytes: [UInt8] = []
  private var header = FrameEncoder()

  public init() {}

  /// Lends the part; nil where the label has no frames.
  public mutating func encode<R>(_ message: LabelMessage, _ body: (UnsafeRawBufferPointer) -> R) -> R? {
    guard let attachment = message.attachment, !attachment.values.isEmpty else { return nil }
    bytes.removeAll(keepingCapacity: true)
    let fields = FrameEncoder.Fields(
      epoch: message.epoch ?? 0, sequence: message.sequence, first: attachment.first, timestamp: attachment.timestamp,
      rate: attachment.rate, columns: attachment.columns, rows: attachment.rows)
    header.encode(fields) { bytes.append(contentsOf: $0) }
    attachment.values.withUnsafeBytes { bytes.append(contentsOf: $0) }
    return bytes.withUnsafeBytes(body)
  }
}

extension LabelAttachment {
  /// Reads the third part of a message whose JSON said what it is.
  ///
  /// - Throws: `DecodeError` where it says something else.
  func read(_ part: UnsafeRawBufferPointer, limits: WireLimits) throws(DecodeError) -> LabelAttachment {
    func wrong(_ byteOffset: Int, _ expected: String, _ found: String) -> DecodeError {
      DecodeError(.malformed, part: 2, byteOffset: byteOffset, expected: expected, found: found)
    }
    let header: SampleHeader
    do throws(DecodeError) {
      header = try SampleHeader(UnsafeRawBufferPointer(rebasing: part.prefix(SampleHeader.size)), limits: limits)
    } catch {
      throw DecodeError(
        error.reason, part: 2, byteOffset: error.byteOffset, expected: error.expected, found: error.found)
    }
    guard header.kind == .samples, header.element == .float32, header.layout == .interleaved else {
      throw wrong(5, "frames in f32, row after row", "another kind of samples")
    }
    guard header.first == first, header.rows == rows, header.channels == columns, header.rate == rate else {
      throw wrong(
        32, "the frames that the label names: \(rows) × \(columns) from \(first)",
        "\(header.rows) × \(header.channels) from \(header.first)")
    }
    let payload = UnsafeRawBufferPointer(rebasing: part.dropFirst(SampleHeader.size))
    guard payload.count == rows * columns * 4 else {
      throw DecodeError(
        .truncated, part: 2, byteOffset: part.count, expected: "\(SampleHeader.size + rows * columns * 4) bytes",
        found: "\(part.count)")
    }
    let values = (0..<rows * columns).map { place in
      Float(bitPattern: UInt32(littleEndian: payload.loadUnaligned(fromByteOffset: 4 * place, as: UInt32.self)))
    }
    return with(values, timestamp: header.timestamp)
  }
}
