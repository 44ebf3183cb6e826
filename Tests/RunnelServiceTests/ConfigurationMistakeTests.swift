import Foundation
import RunnelService
import Testing

/// Every kind of mistake with the exact words that answer it: Tests/Golden/configuration/mistakes.txt. The file is
/// written anew by these tests where RUNNEL_UPDATE_GOLDEN is set; then read it as someone who makes the mistake.
@Suite struct ConfigurationMistakeTests {
  struct Case {
    var name: String
    var text: String
    var expected: String
  }

  static let file = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../Golden/configuration/mistakes.txt").standardized

  static func cases() throws -> [Case] {
    let whole = try String(contentsOf: file, encoding: .utf8)
    return whole.components(separatedBy: "\n==== ").dropFirst().map { block in
      let lines = block.components(separatedBy: "\n")
      let middle = lines.firstIndex(of: "----") ?? lines.count - 1
      return Case(
        name: lines[0], text: lines[1..<middle].joined(separator: "\n"),
        expected: lines[(middle + 1)...].joined(separator: "\n").trimmingCharacters(in: .newlines))
    }
  }

  /// What `check` prints of it.
  static func answer(_ text: String) -> String {
    let environment = ["RUNNEL_HOST": "127.0.0.1", "BAD_RATE": "360", "EMPTY": ""]
    do {
      let read = try ConfigurationReader.read(text: complete(text), file: "runnel.yaml", environment: environment)
      return (read.warnings.map(\.rendered) + ["accepted"]).joined(separator: "\n")
    } catch {
      return error.description
    }
  }

  /// Most cases are about one section: the others are added below it, so that the case shows nothing else.
  static func complete(_ text: String) -> String {
    guard text.hasPrefix("# one section\n") else { return text }
    let sections = [
      "streams": "streams: {beds: {connect: 'tcp://127.0.0.1:5556'}}",
      "models": "models: {beats: {file: ecg-beats.safetensors}}",
      "pipelines": "pipelines: {beats: {from: beds, model: beats}}",
      "outputs": "outputs: {labels: {bind: 'tcp://127.0.0.1:9872'}}",
    ]
    let missing = ["streams", "models", "pipelines", "outputs"].filter { key in
      !text.components(separatedBy: "\n").contains { $0.hasPrefix("\(key):") }
    }
    return text + "\n" + missing.map { sections[$0]! }.joined(separator: "\n") + "\n"
  }

  @Test func `every mistake is answered in exactly these words`() throws {
    let cases = try Self.cases()
    #expect(cases.count > 60)
    for item in cases { #expect(Self.answer(item.text) == item.expected, "\(item.name)") }
    guard ProcessInfo.processInfo.environment["RUNNEL_UPDATE_GOLDEN"] != nil else { return }
    let head = try String(contentsOf: Self.file, encoding: .utf8).components(separatedBy: "\n==== ")[0]
    let blocks = cases.map { "\n==== \($0.name)\n\($0.text)\n----\n\(Self.answer($0.text))\n" }
    try (head + blocks.joined()).write(to: Self.file, atomically: true, encoding: .utf8)
  }

  @Test func `every kind of diagnostic has a case`() throws {
    var seen: Set<String> = []
    for item in try Self.cases() {
      do {
        let read = try ConfigurationReader.read(text: Self.complete(item.text), file: "f", environment: [:])
        seen.formUnion(read.warnings.map(\.kind.rawValue))
      } catch { seen.formUnion(error.diagnostics.map(\.kind.rawValue)) }
    }
    #expect(Set(Diagnostic.Kind.allCases.map(\.rawValue)).subtracting(seen) == [])
  }
}
