import RunnelCore

/// Rows of several channels that come in one message each, gathered until every channel is there.
///
/// The values lie planar in f32, as they came. A channel that never came is NaN: missing, and counted as that. Memory
/// is taken where a block is larger than any before it, and kept.
final class ChannelBlock {
  let channels: Int
  private(set) var rows = 0
  private(set) var first: Int64 = 0
  private(set) var rate: Double?
  private(set) var timestamp: Int64?
  private(set) var stream: [UInt8] = []
  /// Channels that have come; 0 where no block is open.
  private(set) var count = 0
  private var isThere: [Bool]
  private var memory = UnsafeMutableRawBufferPointer(start: nil, count: 0)
  /// The stream's name as a message lends it.
  private var name = UnsafeMutableRawBufferPointer(start: nil, count: 0)

  init(channels: Int) {
    self.channels = channels
    isThere = Array(repeating: false, count: channels)
  }

  deinit {
    memory.deallocate()
    name.deallocate()
  }

  var isWhole: Bool { count == channels }

  func contains(_ channel: Int) -> Bool { isThere[channel] }

  /// Opens the block; what it held is gone.
  func begin(_ head: OpenEphysHead, stream: UnsafeRawBufferPointer) {
    for channel in 0..<channels { isThere[channel] = false }
    count = 0
    (rows, first, rate) = (head.rows, head.first, head.rate)
    timestamp = head.timestamp
    if !stream.equals(self.stream) {
      self.stream.replaceSubrange(0..., with: stream)
      name.deallocate()
      name = .allocate(byteCount: stream.count, alignment: 1)
      name.copyMemory(from: stream)
    }
    if memory.count < byteCount {
      memory.deallocate()
      memory = .allocate(byteCount: byteCount, alignment: 16)
    }
  }

  /// - Parameter values: rows × f32.
  func take(_ values: UnsafeRawBufferPointer, channel: Int) {
    precondition(values.count == rows * 4 && !isThere[channel], "each channel once, of as many rows as the block")
    UnsafeMutableRawBufferPointer(rebasing: memory[channel * rows * 4..<(channel + 1) * rows * 4]).copyMemory(
      from: values)
    isThere[channel] = true
    count += 1
  }

  /// All of it, and nothing is open afterwards; valid until the block is begun anew.
  func finish() -> SampleMessage {
    for channel in 0..<channels where !isThere[channel] {
      for row in 0..<rows {
        memory.storeBytes(of: Float.nan, toByteOffset: (channel * rows + row) * 4, as: Float.self)
      }
    }
    count = 0
    return SampleMessage(
      topic: UnsafeRawBufferPointer(name), first: first, timestamp: timestamp, rate: rate,
      chunk: Chunk(
        payload: UnsafeRawBufferPointer(rebasing: memory[..<byteCount]), element: .float32, layout: .planar,
        rows: rows, channels: channels))
  }

  private var byteCount: Int { channels * rows * 4 }
}
