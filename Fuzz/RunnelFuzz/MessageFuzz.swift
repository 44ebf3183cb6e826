import RunnelCore
import RunnelWire

/// Messages as libFuzzer makes them, for the decoders of the wire. A file of the corpus holds messages one after the
/// other: u8 number of parts, then of each u16 length, little-endian, and its bytes.
enum MessageFuzz {
  /// Feeds them to a decoder that lives as long as the file; what it gives out must agree with itself.
  static func feed(_ bytes: [UInt8], to decoder: MessageDecoder) {
    bytes.withUnsafeBytes { raw in
      forEach(raw[...]) { _, parts in
        guard let decoded = try? decoder.decode(parts) else { return }
        check(decoded)
      }
      if let rest = decoder.drain() { check(rest) }
    }
  }

  /// - Parameter body: hears the byte that each message begins with, whose upper five bits say nothing here, and its parts.
  static func forEach(
    _ bytes: Slice<UnsafeRawBufferPointer>, _ body: (_ first: UInt8, MessageParts) -> Void
  ) {
    let raw = UnsafeRawBufferPointer(rebasing: bytes)
    var position = 0
    while position < raw.count {
      var parts: [UnsafeRawBufferPointer] = []
      let first = raw[position]
      position += 1
      for _ in 0..<first % 8 where position + 2 <= raw.count {
        let length = Int(raw[position]) | Int(raw[position + 1]) << 8
        position += 2
        let end = min(position + length, raw.count)
        parts.append(UnsafeRawBufferPointer(rebasing: raw[position..<end]))
        position = end
      }
      guard !parts.isEmpty else { continue }
      parts.withUnsafeBufferPointer { body(first, MessageParts($0.baseAddress!, count: $0.count)) }
    }
  }

  private static func check(_ decoded: DecodedMessage) {
    guard case .samples(let message) = decoded else { return }
    let chunk = message.chunk
    precondition(chunk.payload.count == chunk.rows * chunk.channels * chunk.element.size)
    precondition((message.first ?? 0) + Int64(chunk.rows) < 1 << 62)
    precondition(message.timestamp.map { $0.magnitude < 1 << 62 } ?? true)
    // Every byte is really there.
    precondition(chunk.payload.reduce(0) { $0 &+ Int($1) } >= 0)
  }

  static func maps(_ encoding: MapDecoder.Encoding) -> MessageDecoder {
    guard
      let map = try? FieldMap(
        channels: [FieldPath("ecg"), FieldPath("x.*.0"), FieldPath("x.*.1"), FieldPath("norm_pos.0")],
        time: FieldPath("t"), sequence: FieldPath("head.n"), first: FieldPath("head.i"))
    else { fatalError("the paths are right") }
    return .map(MapDecoder(encoding: encoding, map: map))
  }
}
