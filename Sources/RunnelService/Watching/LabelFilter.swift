import RunnelWire

/// Which label messages a watcher is asked for; what is nil or empty leaves all of its kind.
public struct LabelFilter: Sendable, Hashable {
  public var stream: String?
  public var pipeline: String?
  public var channel: String?
  /// Classes by name.
  public var labels: Set<String>
  /// Gaps, resets, ends and the rest beside the labels.
  public var statuses: Bool

  public init(
    stream: String? = nil, pipeline: String? = nil, channel: String? = nil, labels: Set<String> = [],
    statuses: Bool = false
  ) {
    self.stream = stream
    self.pipeline = pipeline
    self.channel = channel
    self.labels = labels
    self.statuses = statuses
  }

  /// What to subscribe to: as much of the topic as is fixed from its start.
  ///
  /// - Throws: where a name cannot stand in a topic.
  public func prefix() throws(TopicError) -> String {
    guard let stream else { return "l/" }
    // Stands for the rest, which is cut off again; a name is never empty.
    let topic = try Topic.labels(stream: stream, pipeline: pipeline ?? "p", channel: channel ?? "c")
    let fixed = pipeline == nil ? 1 : channel == nil ? 2 : 3
    let pieces = topic.description.split(separator: "/").prefix(1 + fixed)
    return pieces.joined(separator: "/") + "/"
  }

  /// The classes that a message names: one, or those of a sequence's steps.
  private func names(_ message: LabelMessage) -> [String] { message.steps?.labels ?? message.label.map { [$0] } ?? [] }

  /// Whether the message is of a topic that was asked for.
  public func covers(_ message: LabelMessage) -> Bool {
    (stream ?? message.stream) == message.stream && (pipeline ?? message.pipeline) == message.pipeline
      && (channel ?? message.channel) == message.channel
  }

  /// Whether the message is one to show.
  public func shows(_ message: LabelMessage) -> Bool {
    guard covers(message) else { return false }
    return switch message.kind {
    case .label, .event: labels.isEmpty || names(message).contains(where: labels.contains)
    case .status: statuses
    case .heartbeat: false
    }
  }
}
