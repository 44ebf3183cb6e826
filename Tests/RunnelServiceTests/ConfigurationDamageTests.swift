import RunnelCore
import Testing

@testable import RunnelService

@Suite struct ConfigurationDamageTests {
  /// Bytes that mean something to YAML, to units or to variables, and some that mean trouble.
  static let spice =
    Array("{}[]:,-#&*!|>'\"%@`~?<. \t\n$\\/0159ums".unicodeScalars) + [
      "é", "\u{85}", "\u{2028}", "\u{0}", "😀", "\r", "\u{FEFF}", "\u{E000}",
    ]

  func damaged(_ text: String, _ generator: inout SeededGenerator) -> String {
    var scalars = Array(text.unicodeScalars)
    for _ in 0...generator.below(4) {
      let at = generator.below(scalars.count)
      let length = min(generator.below(12), scalars.count - at)
      switch generator.below(6) {
      case 0: scalars.remove(at: at)
      case 1: scalars.insert(Self.spice[generator.below(Self.spice.count)], at: at)
      case 2: scalars[at] = Self.spice[generator.below(Self.spice.count)]
      case 3: scalars.insert(contentsOf: scalars[at..<at + length], at: generator.below(scalars.count))
      case 4: scalars.removeSubrange(at..<at + length)
      default: scalars.insert(contentsOf: "\n".unicodeScalars + scalars[..<at], at: at)
      }
      if scalars.isEmpty { scalars = [" "] }
    }
    return String(String.UnicodeScalarView(scalars))
  }

  @Test func `random damage never crashes, and every diagnostic stands in the file`() {
    var generator = SeededGenerator(seed: 20_240_611)
    var accepted = 0
    for round in 0..<600 {
      let text = damaged(round % 2 == 0 ? ConfigurationExample.full : ConfigurationExample.nineLines, &generator)
      let lines = SourceText(file: "f", text: text).lines
      do {
        let read = try ConfigurationReader.read(text: text, file: "f", environment: ["A": "b"])
        accepted += 1
        let again = try? ConfigurationReader.read(text: read.effective, file: "f", environment: [:])
        #expect(again?.configuration == read.configuration, "\(text)")
      } catch {
        #expect(error.diagnostics.contains { $0.severity == .error })
        for found in error.diagnostics {
          let isInside =
            (1...lines.count).contains(found.place.line) && found.place.column >= 1 && found.place.length >= 1
            && found.place.column - 1 + found.place.length <= max(1, lines[found.place.line - 1].count)
          #expect(isInside, "\(found.headline)")
          #expect(!found.message.isEmpty && !found.rendered.unicodeScalars.contains { $0.value == 0 || $0.value == 9 })
        }
        #expect(error.diagnostics.map(\.place.line) == error.diagnostics.map(\.place.line).sorted())
      }
    }
    #expect(accepted > 20)
  }

  @Test(arguments: ["[", "{", "- ", "? ", "&a [", "\"", "{a: ", "!", "*"])
  func `the same sign ten thousand times is an error like others`(sign: String) {
    #expect(throws: ConfigurationErrors.self) {
      try ConfigurationReader.read(text: String(repeating: sign, count: 10_000), file: "f", environment: [:])
    }
  }

  @Test func `deep nesting over many lines is an error like others`() {
    for indentation in ["", " "] {
      let lines = (0..<3000).map {
        String(repeating: indentation, count: $0) + "a:" + (indentation.isEmpty ? " [" : "")
      }
      #expect(throws: ConfigurationErrors.self) {
        try ConfigurationReader.read(text: lines.joined(separator: "\n"), file: "f", environment: [:])
      }
    }
  }

  @Test func `aliases of aliases do not multiply`() {
    var text = "a0: &a0 [x, x]\n"
    for level in 1...60 { text += "a\(level): &a\(level) [*a\(level - 1), *a\(level - 1)]\n" }
    #expect(throws: ConfigurationErrors.self) { try ConfigurationReader.read(text: text, file: "f", environment: [:]) }
  }

  @Test func `a key a hundred times over is reported each time or once`() {
    let text = "streams:\n" + (0..<90).map { "  beds: {connect: 'tcp://a:\($0 + 1)'}\n" }.joined()
    do {
      _ = try ConfigurationReader.read(text: text, file: "f", environment: [:])
      Issue.record("accepted")
    } catch { #expect(error.diagnostics.count { $0.kind == .duplicateKey } >= 1) }
  }
}
