/// One file of this repository, read for what the rules ask. Plain comparisons, not regular expressions: these tests
/// are to be quick in a debug build too.
struct SourceFile {
  /// From the root: `Sources/RunnelCore/Chunk.swift`.
  let path: String
  let text: String
  let lines: [Substring]

  init(path: String, text: String) {
    self.path = path
    self.text = text
    // By bytes: comparing characters costs a hundred times as much here.
    lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map { Substring($0) }
  }

  var name: Substring { path.split(separator: "/").last ?? "" }

  /// The target it belongs to: the folder below Sources or Tests.
  var target: String {
    let parts = path.split(separator: "/")
    return parts.count > 2 ? String(parts[1]) : ""
  }

  /// The modules it imports, with or without attributes; `import struct A.B` is A.
  var imports: [String] {
    lines.compactMap { line in
      guard line.utf8.contains(bytes: "import ") else { return nil }
      var words = line.split(separator: " ")
      while let word = words.first, word.hasPrefix("@") || ["public", "internal", "private"].contains(word) {
        words.removeFirst()
      }
      guard words.count > 1, words.removeFirst() == "import" else { return nil }
      if words.count > 1, Self.kinds.contains(words[0]) { words.removeFirst() }
      return words[0].split(separator: ".").first.map(String.init)
    }
  }

  struct TypeDeclaration {
    let name: Substring
    let line: Int
    let isPublic: Bool
    let isNested: Bool
  }

  /// Structs, classes, enums, protocols, actors and type aliases, as they are declared; extensions are not.
  var types: [TypeDeclaration] {
    var found: [TypeDeclaration] = []
    for (index, line) in lines.enumerated() where Self.typeKinds.contains(where: { line.utf8.contains(bytes: $0) }) {
      let words = line.split(separator: " ")
      guard let kind = words.firstIndex(where: { !Self.modifiers.contains($0) && !$0.hasPrefix("@") }),
        Self.typeKinds.contains(words[kind] + " "), kind + 1 < words.count
      else { continue }
      let name = words[kind + 1].prefix { $0.isLetter || $0.isNumber || $0 == "_" }
      guard !["func", "var", "let"].contains(String(name)) else { continue }
      found.append(
        TypeDeclaration(
          name: name, line: index, isPublic: words[..<kind].contains("public"), isNested: line.hasPrefix(" ")))
    }
    return found
  }

  private static let kinds: Set<Substring> = ["struct", "class", "enum", "protocol", "func", "var", "let", "typealias"]
  private static let typeKinds: [Substring] = ["struct ", "class ", "enum ", "protocol ", "actor ", "typealias "]
  private static let modifiers: Set<Substring> = [
    "public", "package", "internal", "fileprivate", "private", "final", "indirect", "nonisolated", "open",
  ]
}

extension Substring.UTF8View {
  func contains(bytes needle: some StringProtocol) -> Bool {
    let needle = Array(needle.utf8)
    guard let first = needle.first, count >= needle.count else { return needle.isEmpty }
    var index = startIndex
    while let next = self[index...].firstIndex(of: first) {
      if self[next...].starts(with: needle) { return true }
      index = self.index(after: next)
    }
    return false
  }
}

extension Substring {
  /// Good enough for rules: a line that is only a comment.
  var isComment: Bool { drop { $0 == " " }.hasPrefix("//") }
}
