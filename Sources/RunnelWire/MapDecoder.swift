import RunnelCore

/// Which fields of a map are samples, and which say when (docs/foreign-formats.md §4).
public struct FieldMap: Sendable, Hashable {
  public var channels: [FieldPath]
  public var time: FieldPath?
  public var timeUnit: TimeUnit
  public var sequence: FieldPath?
  /// The index of the message's first row.
  public var first: FieldPath?

  public init(
    channels: [FieldPath], time: FieldPath? = nil, timeUnit: TimeUnit = .seconds, sequence: FieldPath? = nil,
    first: FieldPath? = nil
  ) {
    self.channels = channels
    self.time = time
    self.timeUnit = timeUnit
    self.sequence = sequence
    self.first = first
  }

  /// What is wrong with the paths taken together; nil where nothing is.
  public var mistake: FieldPath.Mistake? {
    do throws(FieldPath.Mistake) {
      _ = try FieldTree(targets)
      return nil
    } catch { return error }
  }

  var targets: [(path: FieldPath, target: FieldTree.Target)] {
    let fields: [(FieldPath?, FieldTree.Target)] = [(time, .time), (sequence, .sequence), (first, .first)]
    return channels.enumerated().map { ($0.element, .channel($0.offset)) }
      + fields.compactMap { path, target in path.map { ($0, target) } }
  }
}

/// Reads one map a message, in JSON or MessagePack, of which the configuration says what is where: Pupil, publishers
/// in PlotJuggler's style, whatever a script makes of its dictionaries (docs/foreign-formats.md §4).
///
///     topic, {"ecg": 0.12, "t": 1763923532.123}           one row
///     topic, {"ecg": [0.12, 0.13, 0.15], "n": 4711}       three, the first at index 4711
///     topic, payload, "1763923532.123"                    the time as a third part, where no path leads to one
///
/// A channel's value is a number, or a list of them; `null` is a missing sample, as is a channel that the message lacks
/// beside others. The payload alone is the map, or the second of several parts; the first is the topic then.
///
/// A class, for it gathers values. Allocates nothing once it has seen the longest message, but for numbers of more than
/// 15 characters with a fraction or exponent, and keys with escapes.
public final class MapDecoder {
  public enum Encoding: Sendable { case json, msgpack }

  public let limits: WireLimits
  public let encoding: Encoding
  public let map: FieldMap
  private let tree: FieldTree
  private let values: FieldValues

  /// - Parameter map: without a mistake, and with a channel at least.
  public init(limits: WireLimits = WireLimits(), encoding: Encoding, map: FieldMap) {
    precondition(!map.channels.isEmpty, "a row has at least one value")
    guard let tree = try? FieldTree(map.targets) else { preconditionFailure("the paths of a map were checked") }
    self.limits = limits
    self.encoding = encoding
    self.map = map
    self.tree = tree
    values = FieldValues(channels: map.channels.count, unit: map.timeUnit)
  }

  /// Always `.samples`, valid until the next message.
  public func decode(_ parts: MessageParts) throws(DecodeError) -> DecodedMessage {
    try limits.check(parts)
    let part = parts.count > 1 ? 1 : 0
    values.clear()
    do throws(DecodeError) {
      switch encoding {
      case .json:
        var reader = try JSONMapReader(parts[part], part: part, limits: limits, tree: tree, values: values)
        try reader.read()
      case .msgpack:
        var reader = try MessagePackReader(parts[part], part: part, limits: limits, tree: tree, values: values)
        try reader.read()
      }
    } catch { throw Pickle.refusal(parts) ?? error }
    try check(part)
    if map.time == nil, parts.count > 2, let time = DecimalSeconds.nanoseconds(parts[2]) {
      values.take(timestamp: time)
    }
    return .samples(
      SampleMessage(
        topic: part > 0 ? parts[0] : UnsafeRawBufferPointer(start: nil, count: 0), sequence: values.sequence,
        first: values.first, timestamp: values.timestamp, chunk: values.chunk()))
  }

  private func check(_ part: Int) throws(DecodeError) {
    let rows = values.rows
    guard rows > 0 else {
      throw DecodeError(
        .malformed, part: part, byteOffset: 0,
        expected: "a value at \(map.channels.prefix(4).map(\.description).joined(separator: ", "))",
        found: "none of the configured channels")
    }
    if let (channel, count) = values.unevenChannel {
      throw DecodeError(
        .malformed, part: part, byteOffset: 0, expected: "\(rows) values at \(map.channels[channel])",
        found: "\(count)")
    }
    guard values.first.map({ UInt64($0) + UInt64(rows) < WireLimits.largestIndex }) ?? true else {
      throw DecodeError(
        .malformed, part: part, byteOffset: 0, expected: "indexes below 2^62", found: "\(rows) rows after that first")
    }
  }
}
