import RunnelCore

extension MessageParts {
  /// Lends two parts as one message.
  public static func with<R, E: Error>(
    _ part0: UnsafeRawBufferPointer, _ part1: UnsafeRawBufferPointer, _ body: (MessageParts) throws(E) -> R
  ) throws(E) -> R {
    try with(part0, part1, UnsafeRawBufferPointer(start: nil, count: 0), count: 2, body)
  }

  /// Lends three parts as one message.
  public static func with<R, E: Error>(
    _ part0: UnsafeRawBufferPointer, _ part1: UnsafeRawBufferPointer, _ part2: UnsafeRawBufferPointer,
    _ body: (MessageParts) throws(E) -> R
  ) throws(E) -> R {
    try with(part0, part1, part2, count: 3, body)
  }

  private static func with<R, E: Error>(
    _ part0: UnsafeRawBufferPointer, _ part1: UnsafeRawBufferPointer, _ part2: UnsafeRawBufferPointer, count: Int,
    _ body: (MessageParts) throws(E) -> R
  ) throws(E) -> R {
    // A tuple of one type lies like an array of it.
    try withUnsafePointer(to: (part0, part1, part2)) {
      (list: UnsafePointer<(UnsafeRawBufferPointer, UnsafeRawBufferPointer, UnsafeRawBufferPointer)>) throws(E) -> R in
      let parts = UnsafeRawPointer(list).assumingMemoryBound(to: UnsafeRawBufferPointer.self)
      return try body(MessageParts(parts, count: count))
    }
  }
}
