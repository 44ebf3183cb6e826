import RunnelCore
import RunnelWire

@testable import RunnelService

/// Messages of whatever kind, as `MessageFuzz` reads them, looked at by `runnel discover`: what it says of them can be
/// printed, and the configuration that it proposes is one.
enum DiscoveryFuzz {
  static func feed(_ bytes: [UInt8]) {
    var discoverer = Discoverer()
    bytes.withUnsafeBytes { raw in
      var time: Int64 = 0
      MessageFuzz.forEach(raw[...]) { first, parts in
        time += LabellingFuzz.step(first)
        discoverer.take(parts, at: time)
      }
    }
    let discovery = Discovery(
      endpoint: "tcp://127.0.0.1:5556", seconds: 5, peer: PeerStatus(), discoverer: discoverer)
    precondition(discovery.words.allSatisfy(isPrintable))
    var json = JSONWriter()
    discovery.write(to: &json)
    precondition((try? JSONValue(parsing: json.text)) != nil, "its JSON is JSON")
    guard let text = discovery.configuration else { return }
    do throws(ConfigurationErrors) { _ = try ConfigurationReader.read(text: text, file: "found.yaml") } catch {
      fatalError("\(error)\n\(text)")
    }
  }

  /// Whether a terminal shows it as it is.
  static func isPrintable(_ text: String) -> Bool {
    text.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
  }
}
