import Glibc
import RunnelCore
import Testing

@testable import RunnelService

@Suite struct ConfigurationTableTests {
  @Test func `no key is spelt like a switch`() {
    let switches: Set<String> = ["on", "off", "yes", "no", "y", "n", "true", "false", "null", "~"]
    #expect(ConfigurationTable.keys.filter { switches.contains($0.name.lowercased()) }.map(\.path) == [])
  }

  @Test func `every key stands once and has a home`() {
    #expect(Set(ConfigurationTable.keys.map(\.path)).count == ConfigurationTable.keys.count)
    for key in ConfigurationTable.keys {

      if key.path.count > 1 {
        let home =
          key.path.dropLast().last == "*" || key.path.dropLast().last == "[]"
          ? key.path.dropLast(2) : key.path.dropLast()
        #expect(ConfigurationTable.key(Array(home)) != nil, "\(key.path)")
      }
    }
  }

  @Test func `every key is documented with an example that is accepted`() throws {
    for key in ConfigurationTable.keys {
      #expect(key.documentation.hasSuffix("."), "\(key.path)")
      guard key.availability == .now else { continue }
      switch key.kind {
      case .section, .named: #expect(key.example.isEmpty)
      case .channels, .channelNames, .numbers, .numberSpan, .bindings: #expect(!key.example.isEmpty)
      default: _ = try key.kind.value(key.example, key: key.name, example: key.example)
      }
      if case .defaulted(let text) = key.presence {
        _ = try key.kind.value(text, key: key.name, example: key.example)
      }
    }
  }

  @Test func `no synonym is a key beside it`() {
    for key in ConfigurationTable.keys {
      let siblings = ConfigurationTable.children(of: Array(key.path.dropLast())).map(\.name)
      #expect(key.synonyms.filter { siblings.contains($0) } == [], "\(key.path)")
    }
  }

  @Test func `the reference page has every key of this version and no other`() {
    let page = ConfigurationTable.markdown
    for key in ConfigurationTable.keys where key.path.count > 1 {
      let row = "| `\(key.name)` | "
      if key.availability == .now { #expect(page.contains(row), "\(key.path)") }
    }
    #expect(!page.contains("evict_after") && !page.contains("conditioning"))
  }

  @Test func `docs/configuration.md is what check --reference prints`() throws {
    let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    let page = try #require(fopen("/\(root)/docs/configuration.md", "rb"), "docs/configuration.md is not there")
    defer { fclose(page) }
    let expected = Array(ConfigurationTable.markdown.utf8)
    var bytes = [UInt8](repeating: 0, count: expected.count + 1)
    let count = fread(&bytes, 1, bytes.count, page)
    #expect(
      Array(bytes[..<count]) == expected,
      "make it anew: .build/release/runnel check --reference > docs/configuration.md")
  }

  @Test func `the schema is JSON and knows every section`() throws {
    var writer = JSONWriter()
    writer.write(ConfigurationTable.jsonSchema)
    let schema = try JSONValue(parsing: writer.text, depthLimit: 32)
    #expect(
      schema["properties"]?.members?.map(\.key) == ["streams", "models", "pipelines", "outputs", "shards", "control"])
    #expect(schema["required"]?.array?.count == 4)
  }

  @Test func `near words are found and far ones are not`() {
    let words = ["channels", "rate", "topic"]
    #expect(Suggestion.nearest(to: "chanels", among: words) == "channels")
    #expect(Suggestion.nearest(to: "CHANNELS", among: words) == "channels")
    #expect(Suggestion.nearest(to: "tpoic", among: words) == "topic")
    #expect(Suggestion.nearest(to: "colour", among: words) == nil)
    #expect(Suggestion.distance(Array("ab".utf8), Array("ba".utf8)) == 1)
    #expect(Suggestion.distance([], Array("abc".utf8)) == 3)
  }
}
