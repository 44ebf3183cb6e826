import RunnelKernels

/// What one configuration file asks for, checked: seconds, hertz and bytes are plain numbers, every name that is
/// referred to exists. What only the opener can know (the model's rate and inputs, whether a file is there) is not
/// checked here.
public struct Configuration: Sendable, Hashable {
  /// In the order of the file, like the rest; at least one of each.
  public var inputs: [InputConfiguration]
  public var models: [ModelReference]
  public var pipelines: [PipelineConfiguration]
  public var outputs: [OutputConfiguration]
  /// Threads among which lanes are divided.
  public var shards: Int
  /// Where the daemon answers who asks what it is doing.
  public var control = ControlSetting.automatic
}

/// Where the control socket lies.
public enum ControlSetting: Sendable, Hashable {
  /// At a place that follows from the environment and the configuration's path.
  case automatic
  case path(String)
  case none
}

/// One entry of `models`.
public struct ModelReference: Sendable, Hashable {
  public var name: String
  /// Absolute, or relative to where the configuration's own path is relative to.
  public var path: String
  /// 64 small hexadecimal digits, where the configuration pins the content.
  public var sha256: String?
  /// Of its weights.
  public var precision = WeightPrecision.float32
}

/// What every socket takes besides its endpoint and kind.
public struct SocketConfiguration: Sendable, Hashable {
  public enum Attachment: String, Sendable, Hashable { case connect, bind }

  public var attachment: Attachment
  /// One socket each; at least one.
  public var endpoints: [EndpointAddress]
  public var ipv6: Bool
  public var keepalive: Bool
  /// Seconds: the first wait after a lost connection, and the longest it grows to.
  public var reconnect: ClosedRange<Double>
  public var queueBytes: Int
}

/// One entry of `outputs`.
public struct OutputConfiguration: Sendable, Hashable {
  public enum Kind: String, Sendable, Hashable, CaseIterable { case xpub, pub, push }
  public enum Format: String, Sendable, Hashable, CaseIterable { case runnel, plotjuggler, binary }
  public enum Content: String, Sendable, Hashable, CaseIterable {
    case labels
    /// What the networks see, of the lanes that somebody subscribes to.
    case conditioned

    /// As in sentences.
    var words: String { self == .labels ? rawValue : "conditioned samples" }
  }

  public var name: String
  public var content: Content
  public var socket: SocketConfiguration
  public var kind: Kind
  public var format: Format
  /// Seconds.
  public var heartbeat: Double
  /// Whether labels carry the score of every class.
  public var scores: Bool
}
