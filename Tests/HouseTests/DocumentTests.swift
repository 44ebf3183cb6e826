import Glibc
import Testing

/// What is said of documents, and in them, can be looked up.
@Suite struct DocumentTests {
  private static let documents = House(extensions: ["md"]).files
  private static let cited = House(below: ["Sources", "Tests", "Benchmarks", "python", "Fuzz"]).files
    .filter { !$0.path.hasSuffix(".md") }

  /// The document that `name` means where `path` says it: from the root, from there, or one of `docs`.
  private static func document(_ name: Substring, in path: String) -> SourceFile? {
    let folder = path.split(separator: "/").dropLast().map(String.init)
    let places = [[], folder, ["docs"]].map { resolved(name, from: $0) }
    return documents.first { places.contains($0.path) }
  }

  private static func resolved(_ name: Substring, from folder: [String]) -> String {
    var parts = folder
    for part in name.split(separator: "/") where part != "." {
      if part == ".." { _ = parts.popLast() } else { parts.append(String(part)) }
    }
    return parts.joined(separator: "/")
  }

  /// The place behind `#` that GitHub gives each heading.
  private static func anchors(of document: SourceFile) -> Set<String> {
    var isCode = false
    return Set(
      document.lines.compactMap { line in
        if line.hasPrefix("```") { isCode.toggle() }
        guard !isCode, line.hasPrefix("#") else { return nil }
        let words = line.drop { $0 == "#" }.dropFirst().lowercased()
        return String(words.compactMap { $0 == " " ? "-" : $0.isLetter || $0.isNumber || "-_".contains($0) ? $0 : nil })
      })
  }

  @Test func `a document that the code names exists, with the sections that it names`() {
    for file in Self.cited {
      for line in file.lines where line.utf8.contains(bytes: ".md") {
        for match in line.matches(of: /([\w.\/-]+\.md)\b((?:,? (?:(?:to|and) )?§\d+)*)/) {
          guard let document = Self.document(match.1, in: file.path) else {
            Issue.record("\(file.path) names \(match.1), which is not here")
            continue
          }
          for section in match.2.matches(of: /\d+/) {
            #expect(
              document.lines.contains { $0.hasPrefix("## \(section.0) ") },
              "\(file.path) names section \(section.0) of \(match.1), which has none")
          }
        }
      }
    }
  }

  @Test func `a link of a document leads to a file and to a heading of it`() {
    for document in Self.documents {
      for line in document.lines where line.utf8.contains(bytes: "](") {
        for match in line.matches(of: /\]\(([^):#\s]*)(?:#([^)\s]*))?\)/) {
          let folder = document.path.split(separator: "/").dropLast().map(String.init)
          let path = match.1.isEmpty ? document.path : Self.resolved(match.1, from: folder)
          #expect(access(House.at(path), F_OK) == 0, "\(document.path) leads to \(match.1), which is not here")
          guard let anchor = match.2, let other = Self.documents.first(where: { $0.path == path }) else { continue }
          #expect(
            Self.anchors(of: other).contains(String(anchor)),
            "\(document.path) leads to \(path)#\(anchor), which is no heading there")
        }
      }
    }
  }

  @Test(arguments: [
    ("README.md", "publish_array.py"), ("docs/wire-format.md", "publish_samples.py"),
    ("docs/wire-format.md", "subscribe_labels.py"),
  ])
  func `a program that a document shows is the one that the tests run`(document: String, program: String) throws {
    let text = try #require(House.read(House.at("python/examples/\(program)")))
    let code = try #require(text.split(separator: "\"\"\"\n", maxSplits: 1).last)
    #expect(House.read(House.at(document))?.contains("```python\n\(code)```\n") == true)
  }
}
