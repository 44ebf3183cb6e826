/// The parts of one received message, where the socket left them: borrowed, valid until the next receive.
///
/// Parts may start at any address, so values in them are loaded unaligned.
public struct MessageParts {
  private let base: UnsafePointer<UnsafeRawBufferPointer>
  public let count: Int

  /// The list and the bytes belong to the caller.
  public init(_ base: UnsafePointer<UnsafeRawBufferPointer>, count: Int) {
    self.base = base
    self.count = count
  }

  public subscript(index: Int) -> UnsafeRawBufferPointer {
    precondition(index >= 0 && index < count, "part \(index) of \(count)")
    return base[index]
  }

  public var byteCount: Int {
    var sum = 0
    for index in 0..<count { sum += base[index].count }
    return sum
  }
}
