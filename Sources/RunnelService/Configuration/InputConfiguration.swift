import RunnelCore
import RunnelWire

/// One entry of `streams`: sockets, and what comes through them.
public struct InputConfiguration: Sendable, Hashable {
  public enum Kind: String, Sendable, Hashable, CaseIterable { case sub, pull }

  public enum Format: String, Sendable, Hashable, CaseIterable {
    /// docs/wire-format.md §3 to §6.
    case runnel
    /// docs/foreign-formats.md §3.
    case array
    /// docs/foreign-formats.md §5.
    case raw
    /// docs/foreign-formats.md §1.
    case gnuradio
    /// docs/foreign-formats.md §2.
    case openephys
    /// docs/foreign-formats.md §4.
    case json
    case msgpack
    /// The first message that bears a format's mark decides.
    case auto

    /// What such messages do not say, so that the configuration must.
    var needs: [String] {
      switch self {
      case .runnel, .auto: []
      case .openephys: ["channels"]
      case .array, .json, .msgpack: ["rate", "channels"]
      case .raw, .gnuradio: ["rate", "channels", "dtype"]
      }
    }
  }

  /// What `t` in labels is made of.
  public enum TimeSource: String, Sendable, Hashable, CaseIterable { case sender, index, received, none }

  public var name: String
  public var socket: SocketConfiguration
  public var kind: Kind
  public var format: Format
  /// Nil takes every topic, and messages without one.
  public var topic: TopicPattern?
  /// Rows a second; nil where the stream's description says it.
  public var rate: Double?
  /// In the order of the columns; nil where the stream's description says them. Their units include `unit`.
  public var channels: [Channel]?
  /// The unit of every channel that names none.
  public var unit: String?
  public var layout: SampleLayout
  /// Of raw values and GNU Radio's items, like the next three.
  public var element: ElementType?
  public var byteOrder: ByteOrder
  public var topicParts: Int?
  public var passTags: Bool
  /// Of Open Ephys: whether its GUI is told of us.
  public var heartbeat: Bool
  /// Of array-1.0.
  public var timeOrigin: TimeOrigin?
  /// Of json and msgpack: where in a map channels, time and order stand; nil where no channels are known.
  public var fields: FieldMap?
  public var maxStreams: Int
  /// Seconds, like the next three.
  public var takeover: Double
  public var reorder: Double
  /// Nil is the larger of 2 s and four usual message intervals.
  public var staleAfter: Double?
  /// A channel unchanged for longer is missing; nil never.
  public var flat: Double?
  /// Raw values that stand for a missing sample.
  public var missing: [Double]
  /// Physical values outside are missing.
  public var range: ClosedRange<Double>?
  public var time: TimeSource
}
