import RunnelCore
import RunnelWire

/// One entry of `streams`: sockets, and what comes through them.
public struct InputConfiguration: Sendable, Hashable {
  public enum Kind: String, Sendable, Hashable, CaseIterable { case sub, pull }

  public enum Format: String, Sendable, Hashable, CaseIterable {
    /// FORMATS A.11.
    case runnel
    /// FORMATS A.3; `rate` and `channels` are there.
    case array
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
