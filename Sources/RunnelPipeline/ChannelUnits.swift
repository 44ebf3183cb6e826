/// In which unit channels are that declare none themselves: what a configuration says of some by name, or whoever labels a
/// file of all.
public struct ChannelUnits: Sendable, Hashable {
  public var named: [String: String]
  public var others: String?

  public init(named: [String: String] = [:], others: String? = nil) {
    self.named = named
    self.others = others
  }

  public subscript(channel: String) -> String? { named[channel] ?? others }
}
