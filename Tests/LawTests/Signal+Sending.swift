import RunnelCore
import RunnelWire

extension Signal {
  /// Sends all rows as one message whose first row has this index.
  func sendFrom(_ first: Int64, to receive: (MessageParts) -> Void) throws {
    var encoder = try RunnelEncoder(description, epoch: 7, element: .int16)
    encoder.nextIndex = first
    encoder.withDescription(receive)
    samples.withUnsafeBytes { payload in encoder.withSamples(payload, rows: rows) { receive($0) } }
    encoder.withEnd(receive)
  }

  /// Sends two messages, the second flagged as discontinuous.
  func sendDiscontinuous(at row: Int, to receive: (MessageParts) -> Void) throws {
    var encoder = try RunnelEncoder(description, epoch: 7, element: .int16)
    encoder.withDescription(receive)
    samples[..<(row * channels.count)].withUnsafeBytes { payload in
      encoder.withSamples(payload, rows: row) { receive($0) }
    }
    samples[(row * channels.count)...].withUnsafeBytes { payload in
      encoder.withSamples(payload, rows: rows - row, discontinuity: true) { receive($0) }
    }
    encoder.withEnd(receive)
  }
}
