import RunnelCore

/// Python's pickles, which runnel never opens, for opening one can run code: how they are known, and what to send in
/// their place (docs/foreign-formats.md §6).
public enum Pickle {
  /// Four lines of pyzmq and NumPy that send the same array as format `array`.
  public static let replacement = [
    "array = numpy.ascontiguousarray(data)",
    "head = {\"dtype\": str(array.dtype), \"shape\": array.shape}",
    "socket.send_json(head, zmq.SNDMORE)",
    "socket.send(array)",
  ]

  /// Protocols 2 to 5 begin with PROTO and end with STOP. Data may do so too: ask this last, of what nothing else fits.
  public static func isLikely(_ part: UnsafeRawBufferPointer) -> Bool {
    part.count > 3 && part[0] == 0x80 && (2...5).contains(part[1]) && part[part.count - 1] == UInt8(ascii: ".")
  }

  /// Beyond chance, so that it may be asked of bytes that could be anything: a pickle of protocol 4 or 5 in one frame,
  /// whose u64 length is that of the part.
  public static func isCertain(_ part: UnsafeRawBufferPointer) -> Bool {
    guard isLikely(part), part[1] >= 4, part.count >= 12, part[2] == 0x95 else { return false }
    return UInt64(littleEndian: part.loadUnaligned(fromByteOffset: 3, as: UInt64.self)) == UInt64(part.count - 11)
  }

  /// The sentence for a message that could not be decoded, where one of its first two parts is a pickle.
  static func refusal(_ parts: MessageParts) -> DecodeError? {
    guard let found = (0..<min(parts.count, 2)).first(where: { begins(parts[$0]) }) else { return nil }
    return refusal(part: found)
  }

  static func refusal(part: Int) -> DecodeError {
    DecodeError(
      .malformed, part: part, byteOffset: 0,
      expected: "samples, as format array has them: \(replacement.joined(separator: "; "))",
      found: "a Python pickle, which runnel never opens, for it can run code")
  }

  private static func begins(_ part: UnsafeRawBufferPointer) -> Bool {
    part.count >= 2 && part[0] == 0x80 && (2...5).contains(part[1])
  }
}
