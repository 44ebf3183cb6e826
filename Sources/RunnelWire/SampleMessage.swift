import RunnelCore

/// What one received message says, whatever its format; borrowed from its parts and valid as long as they are.
public enum DecodedMessage {
  case samples(SampleMessage)
  case heartbeat(Heartbeat)
  case end(EndOfStream)
  /// Rare and large: apart, so that samples are not moved with room for it.
  indirect case description(StreamDescription)
  /// Samples that wait for what belongs with them: a channel of a block that is not whole yet.
  case kept
  /// Understood, and none of this input's samples.
  case ignored(IgnoreReason)

  /// Which of an input's streams it speaks of: the topic part as it came, or what the format has in its place; nil
  /// where the message itself does not say.
  public var topic: UnsafeRawBufferPointer? {
    switch self {
    case .samples(let message): message.topic
    case .heartbeat(let heartbeat): heartbeat.topic
    case .end(let end): end.topic
    case .description, .kept, .ignored: nil
    }
  }
}

/// Consecutive rows of one stream. What a format does not say is nil, never invented.
public struct SampleMessage {
  /// Part 0 as it came, or the stream's name where the format has it elsewhere; empty where it has none.
  public var topic: UnsafeRawBufferPointer
  /// The publisher's run; another one is a new session.
  public var epoch: UInt64?
  /// Counts messages, below 2^62.
  public var sequence: UInt64?
  /// Index of the first row since the session began; `first + rows` is below 2^62 too.
  public var first: Int64?
  /// Unix nanoseconds of the first row, within 146 years of 1970.
  public var timestamp: Int64?
  /// Hz; 0 is irregular.
  public var rate: Double?
  /// What a message states of the rate holds for those after it that state none.
  public var rateHolds: Bool
  /// Rows are missing before this chunk, nobody knows how many.
  public var discontinuity: Bool
  public var chunk: Chunk

  public init(
    topic: UnsafeRawBufferPointer = UnsafeRawBufferPointer(start: nil, count: 0), epoch: UInt64? = nil,
    sequence: UInt64? = nil, first: Int64? = nil, timestamp: Int64? = nil, rate: Double? = nil,
    rateHolds: Bool = false, discontinuity: Bool = false, chunk: Chunk
  ) {
    self.topic = topic
    self.epoch = epoch
    self.sequence = sequence
    self.first = first
    self.timestamp = timestamp
    self.rate = rate
    self.rateHolds = rateHolds
    self.discontinuity = discontinuity
    self.chunk = chunk
  }
}

/// Where the rows of a message belong that could not be decoded, as its header says.
public struct RejectedSamples: Sendable, Equatable {
  public var epoch: UInt64
  public var sequence: UInt64
  public var rows: Range<Int64>
}

/// A publisher's sign of life: where it stands, so that a loss at the tail of the stream shows
/// (docs/wire-format.md §5).
public struct Heartbeat {
  public var topic: UnsafeRawBufferPointer
  public var epoch: UInt64
  /// Of the message that comes next.
  public var nextSequence: UInt64
  /// Of the row that comes next.
  public var nextIndex: Int64
  /// The oldest message that can still be asked for; `nextSequence` where none can.
  public var oldestSequence: UInt64
  /// Messages the publisher knows it did not get out.
  public var droppedMessages: UInt64
  /// UTF-8, checked; empty where nothing is replayed.
  public var replayEndpointBytes: UnsafeRawBufferPointer
  public var rate: Double
  /// 0 where the publisher does not know yet.
  public var channels: Int

  /// Where to ask for what was lost. Allocates.
  public var replayEndpoint: String? {
    replayEndpointBytes.isEmpty ? nil : String(decoding: replayEndpointBytes, as: UTF8.self)
  }
}

/// The publisher ends its session in order. Like a heartbeat it says where the publisher stands, and it consumes no
/// sequence number itself: a loss at the very end shows in it.
public struct EndOfStream {
  public var topic: UnsafeRawBufferPointer
  public var epoch: UInt64
  /// One more than the sequence number of the last message.
  public var nextSequence: UInt64
  /// Rows of the whole session.
  public var nextIndex: Int64
}
