import RunnelCore

/// Reads what three lines of pyzmq and NumPy send (docs/foreign-formats.md §3), and `array-1.0` with it: a JSON
/// descriptor, then the array's bytes; a topic part may go before them.
///
///     {"dtype": "int16", "shape": [360, 2]}                      axes: [rows, channels], or [rows] of one channel
///     {"dtype": "<f4", "shape": [360], "seq": 7, "first": 2520, "t_ns": "1763923532123456789", "rate": 360.0}
///
/// `seq`, `first`, `t_ns`, `rate` and `epoch` are honoured where they stand and nil where they do not. `array-1.0`
/// writes `type` for dtype, `frame` for seq and `timeStamp` for the time, in seconds since 1970 or 1990: it is left alone
/// unless `timeOrigin` says which. A Fortran-ordered array is sent in memory order without saying so: `layout` is for that.
/// Pickles are refused whatever they hold. Allocates only to complain, and for a rate of more than 15 characters.
public struct ArrayDecoder: Sendable {
  public var limits: WireLimits
  /// What the two axes are; one axis is rows.
  public var layout: ArrayLayout
  /// How many channels the configuration names; any other count is rejected.
  public var expectedChannels: Int?
  /// When the clock of `timeStamp` was at zero; nil leaves it alone.
  public var timeOrigin: TimeOrigin?

  public init(
    limits: WireLimits = WireLimits(), layout: ArrayLayout = .timeMajor, expectedChannels: Int? = nil,
    timeOrigin: TimeOrigin? = nil
  ) {
    self.limits = limits
    self.layout = layout
    self.expectedChannels = expectedChannels
    self.timeOrigin = timeOrigin
  }

  /// Always `.samples`.
  public func decode(_ parts: MessageParts) throws(DecodeError) -> DecodedMessage {
    try limits.check(parts)
    guard parts.count == 2 || parts.count == 3 else {
      throw Pickle.refusal(parts)
        ?? DecodeError(
          .parts, part: min(parts.count, 3), byteOffset: 0,
          expected: "2 parts (JSON descriptor and data), or 3 with a topic first",
          found: "\(Phrase.count(parts.count, "part"))")
    }
    let part = parts.count - 2
    let descriptor: ArrayDescriptor
    do throws(DecodeError) {
      descriptor = try ArrayDescriptor(parts[part], part: part, limits: limits, readsTime: timeOrigin != nil)
    } catch { throw Pickle.refusal(parts) ?? error }
    let shape = try rowsAndChannels(descriptor, part: part)
    let payload = parts[part + 1]
    guard byteCount(rows: shape.rows, channels: shape.channels, descriptor.element) == payload.count else {
      throw DecodeError(
        .truncated, part: part + 1, byteOffset: payload.count,
        expected: "\(shape.rows) rows × \(shape.channels) channels × \(descriptor.element.size) bytes of "
          + descriptor.element.name, found: "\(payload.count) bytes")
    }
    return .samples(
      SampleMessage(
        topic: part == 1 ? parts[0] : UnsafeRawBufferPointer(start: nil, count: 0), epoch: descriptor.epoch,
        sequence: descriptor.sequence, first: descriptor.first,
        timestamp: descriptor.timestamp
          ?? timeOrigin.flatMap { origin in descriptor.seconds.flatMap(origin.nanoseconds) },
        rate: descriptor.rate,
        chunk: Chunk(
          payload: payload, element: descriptor.element, byteOrder: descriptor.byteOrder,
          layout: layout == .timeMajor || descriptor.axes == 1 ? .interleaved : .planar, rows: shape.rows,
          channels: shape.channels)))
  }

  private func rowsAndChannels(
    _ descriptor: ArrayDescriptor, part: Int
  ) throws(DecodeError) -> (rows: Int, channels: Int) {
    let shape = descriptor.shape
    let (rows, channels) =
      descriptor.axes == 1 ? (shape.0, 1) : layout == .timeMajor ? (shape.0, shape.1) : (shape.1, shape.0)
    func wrong(_ reason: RejectReason, _ expected: String, _ found: String) -> DecodeError {
      DecodeError(reason, part: part, byteOffset: descriptor.shapeOffset, expected: expected, found: found)
    }
    guard rows <= limits.rows else { throw wrong(.limit, "at most \(limits.rows) rows", "\(rows)") }
    guard channels <= limits.channels else { throw wrong(.limit, "at most \(limits.channels) channels", "\(channels)") }
    guard channels > 0 else { throw wrong(.malformed, "at least one channel", "0") }
    if let expectedChannels, channels != expectedChannels {
      throw wrong(.malformed, expectation(of: expectedChannels), "\(channels) (\(rows) rows)")
    }
    guard descriptor.first.map({ UInt64($0) + UInt64(rows) < WireLimits.largestIndex }) ?? true else {
      throw wrong(.malformed, "indexes below 2^62", "\(rows) rows after that first")
    }
    return (rows, channels)
  }

  private func expectation(of channels: Int) -> String {
    let axes = layout == .timeMajor ? "[rows, \(channels)]" : "[\(channels), rows]"
    return "\(Phrase.count(channels, "channel")) as configured, shape \(axes)"
  }
}

/// What the two axes of an array are, slowest first. Nothing in the message says it, so the configuration does.
public enum ArrayLayout: String, Sendable, CaseIterable {
  /// [rows, channels]
  case timeMajor = "time_major"
  /// [channels, rows]
  case channelMajor = "channel_major"
}

/// When the clock of areaDetector's `timeStamp` was at zero: Unix's or EPICS's own beginning of time.
public enum TimeOrigin: String, Sendable, CaseIterable {
  case unix = "1970"
  case epics = "1990"

  /// Unix nanoseconds; nil where they are not within 146 years of 1970.
  func nanoseconds(_ seconds: Double) -> Int64? {
    let time = (seconds + (self == .epics ? 631_152_000 : 0)) * 1e9
    return abs(time) < 0x1p62 ? Int64(time.rounded()) : nil
  }
}
