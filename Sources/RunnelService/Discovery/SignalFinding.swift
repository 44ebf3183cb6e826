import RunnelCore
import RunnelWire

/// What the messages of one topic say of their samples: types, shape, rate, order.
public struct SignalFinding: Sendable {
  /// In the order of their first appearance; more than one is unusual.
  public private(set) var elements: [ElementType] = []
  /// The axes of an array, slowest first, or rows and channels; the second is 1...1 where there is one.
  public private(set) var slow: ClosedRange<Int>?
  public private(set) var fast: ClosedRange<Int>?
  /// Sums of both axes without those of the first message, which came before the clock ran.
  private var slowSum = 0
  private var fastSum = 0
  /// Hz; 0 is irregular, nil not said.
  public private(set) var declaredRate: Double?
  public private(set) var order = OrderFinding()
  public private(set) var heartbeats = 0
  public private(set) var ends = 0
  /// Messages the publisher says it could not get out.
  public private(set) var droppedByPublisher: UInt64 = 0
  public private(set) var replayEndpoint: String?
  private var firstArrival: Int64?
  private var lastArrival: Int64 = 0
  private var messages = 0

  mutating func note(_ decoded: DecodedMessage, axes: (slow: Int, fast: Int)?, at time: Int64) {
    switch decoded {
    case .samples(let message):
      if !elements.contains(message.chunk.element) { elements.append(message.chunk.element) }
      declaredRate = message.rate ?? declaredRate
      count(axes ?? (message.chunk.rows, message.chunk.channels), at: time)
      order.message(
        epoch: message.epoch, sequence: message.sequence, first: message.first, rows: message.chunk.rows,
        discontinuity: message.discontinuity)
    case .heartbeat(let beat):
      heartbeats += 1
      droppedByPublisher = beat.droppedMessages
      replayEndpoint = beat.replayEndpoint
      declaredRate = declaredRate ?? beat.rate
      order.message(
        epoch: beat.epoch, sequence: beat.nextSequence, first: beat.nextIndex, rows: 0, counts: false)
    case .end(let end):
      ends += 1
      order.message(epoch: end.epoch, sequence: end.nextSequence, first: end.nextIndex, rows: 0, counts: false)
    case .description, .kept, .ignored: break
    }
  }

  private mutating func count(_ axes: (slow: Int, fast: Int), at time: Int64) {
    slow = slow.map { min($0.lowerBound, axes.slow)...max($0.upperBound, axes.slow) } ?? axes.slow...axes.slow
    fast = fast.map { min($0.lowerBound, axes.fast)...max($0.upperBound, axes.fast) } ?? axes.fast...axes.fast
    messages += 1
    lastArrival = time
    guard firstArrival != nil else {
      firstArrival = time
      return
    }
    slowSum += axes.slow
    fastSum += axes.fast
  }

  /// Whether the axes are [channels, rows]: the second varies while the first does not, or neither does and the
  /// second is much longer. Nothing in an array says it.
  public var isChannelMajor: Bool {
    guard let slow, let fast else { return false }
    if slow.count > 1 { return false }
    if fast.count > 1 { return true }
    return slow.lowerBound <= 64 && fast.lowerBound >= 4 * slow.lowerBound && fast.lowerBound >= 16
  }

  /// Columns of one row; nil before the first sample.
  public func channels(channelMajor: Bool) -> Int? { channelMajor ? slow?.upperBound : fast?.upperBound }

  /// Rows a second, from the first arrival to the last; what was lost meanwhile counts where indexes tell it.
  public func measuredRate(channelMajor: Bool) -> Double? {
    guard let firstArrival, messages > 1, lastArrival > firstArrival else { return nil }
    let rows = Int64(channelMajor ? fastSum : slowSum).addingClamped(order.rowsLost)
    return Double(rows) * 1e9 / Double(lastArrival - firstArrival)
  }

  /// The measured rate as somebody would have meant it: a rate of common devices within 2 %, else three figures.
  public func nominalRate(channelMajor: Bool) -> Double? {
    if let declaredRate, declaredRate > 0 { return declaredRate }
    return measuredRate(channelMajor: channelMajor).map(Self.nominal)
  }

  static func nominal(_ rate: Double) -> Double {
    let near = common.min { abs($0 / rate - 1) < abs($1 / rate - 1) }
    if let near, abs(near / rate - 1) <= 0.02 { return near }
    var unit = 1.0
    while rate / unit >= 1000 { unit *= 10 }
    while rate / unit < 100 { unit /= 10 }
    // Divided, not multiplied by a fraction: 0.001 is no binary number.
    let inverse = (1 / unit).rounded()
    return unit >= 1 ? (rate / unit).rounded() * unit : (rate * inverse).rounded() / inverse
  }

  /// Rates of recorders, sound cards and converters.
  private static let common: [Double] = [
    1, 2, 5, 10, 20, 25, 30, 50, 60, 64, 100, 120, 125, 128, 200, 250, 256, 300, 360, 400, 500, 512, 600, 800, 1000,
    1024, 1200, 1250, 2000, 2048, 2400, 2500, 4000, 4096, 4800, 5000, 8000, 8192, 9600, 10000, 11025, 12000, 12500,
    12800, 16000, 16384, 20000, 22050, 24000, 25000, 25600, 30000, 32000, 38400, 40000, 44100, 48000, 50000, 51200,
    88200, 96000, 100_000, 192_000, 200_000, 250_000, 500_000, 1e6,
  ]
}
