import RunnelWire

/// The channels of one Open Ephys stream, as their messages name them.
public struct OpenEphysFinding: Sendable {
  /// By number; at most 4096.
  public private(set) var channels: [Int64: String?] = [:]
  public private(set) var streams: [String] = []
  /// Hz
  public private(set) var rate: Double?

  mutating func note(_ head: OpenEphysHead, in json: UnsafeRawBufferPointer) {
    if let stream = head.stream(in: json), !streams.contains(stream), streams.count < 16 { streams.append(stream) }
    rate = head.rate ?? rate
    guard channels.count < 4096 else { return }
    channels[head.channelNumber ?? Int64(channels.count)] = head.channelName(in: json)
  }

  /// In the order of their numbers; those without a name have their number for one. Channels are found by name, so each
  /// name stands once, and none that a configuration cannot say.
  var names: [String] {
    var seen: Set<String> = []
    return channels.sorted { $0.key < $1.key }.map { $0.value ?? "ch\($0.key)" }.filter { name in
      name.isChannelName && seen.insert(name).inserted
    }
  }
}
