import RunnelCore
import RunnelWire

/// What is declared of a stream of the `runnel` format: its description's words, or what the headers tell without one.
struct StreamDescriptionFinding {
  /// As people write it.
  let stream: String
  /// Nil where none came while we listened.
  let declared: StreamDescription?
  let channelCount: Int

  init(of topic: TopicFinding, among topics: [TopicFinding]) {
    let name = topic.runnelTopic?.stream ?? ""
    stream = name
    declared = topics.first { $0.format == .description && $0.description?.stream == name }?.description
    channelCount = topic.signal?.channels(channelMajor: false) ?? 0
  }

  /// The declared channels, or numbered ones.
  var channels: [Channel] {
    if let declared, !declared.channels.isEmpty { return declared.channels }
    return (0..<channelCount).map { Channel(name: "ch\($0)") }
  }

  var isDescribed: Bool { declared?.channels.isEmpty == false }
}
