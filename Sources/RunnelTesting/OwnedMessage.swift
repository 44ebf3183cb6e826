import RunnelCore

/// A message whose parts are its own memory, to be kept and lent as often as one likes.
public struct OwnedMessage: Sendable, Equatable {
  public var parts: [[UInt8]]

  public init(_ parts: [[UInt8]]) { self.parts = parts }
  public init(_ parts: MessageParts) { self.parts = (0..<parts.count).map { Array(parts[$0]) } }

  /// Lends the parts at odd addresses: decoders may not count on alignment.
  public func lend<R>(_ body: (MessageParts) throws -> R) rethrows -> R {
    let size = parts.reduce(0) { $0 + $1.count + 3 }
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: size + 1, alignment: 16)
    defer { memory.deallocate() }
    var list: [UnsafeRawBufferPointer] = []
    var start = 1
    for part in parts {
      let place = UnsafeMutableRawBufferPointer(rebasing: memory[start..<start + part.count])
      place.copyBytes(from: part)
      list.append(UnsafeRawBufferPointer(place))
      start = (start + part.count) | 1
    }
    return try list.withUnsafeBufferPointer { buffer in
      if let base = buffer.baseAddress { return try body(MessageParts(base, count: buffer.count)) }
      return try withUnsafePointer(to: UnsafeRawBufferPointer(start: nil, count: 0)) {
        try body(MessageParts($0, count: 0))
      }
    }
  }
}
