import Testing

/// Names that say nothing are not used.
@Suite struct WordTests {
  private static let banned: Set<String> = [
    "Manager", "Helper", "Helpers", "Util", "Utils", "Utility", "Utilities", "Info", "Handle", "Context", "Process",
  ]
  /// libzmq's own noun, and the only one of its kind.
  private static let allowed: Set<String> = ["ZeroMQContext"]

  /// `HTTPInfoReader` is HTTP, Info, Reader.
  private static func words(of name: String) -> [String] {
    var words: [String] = []
    let letters = Array(name)
    for (index, letter) in letters.enumerated() {
      let begins = letter.isUppercase && (index == 0 || letters[index - 1].isLowercase)
      let endsCapitals = letter.isUppercase && index + 1 < letters.count && letters[index + 1].isLowercase
      if begins || endsCapitals || words.isEmpty { words.append("") }
      words[words.count - 1].append(letter)
    }
    return words
  }

  @Test func `a name is cut into its words`() {
    #expect(Self.words(of: "ZeroMQContext") == ["Zero", "MQ", "Context"])
    #expect(Self.words(of: "LaneInfo") == ["Lane", "Info"])
    #expect(Self.words(of: "Information") == ["Information"])
  }

  private func empty(_ name: some StringProtocol) -> String? {
    let subject = name.hasSuffix("Tests") ? String(name.dropLast(5)) : String(name)
    return Self.allowed.contains(subject) ? nil : Self.words(of: subject).first(where: Self.banned.contains)
  }

  @Test func `no type is called a manager, helper, util, info, handle, context or process`() {
    for file in House.swift.files {
      for type in file.types {
        if let word = empty(type.name) { Issue.record("\(file.path): \(type.name) has the empty word \(word)") }
      }
    }
  }

  @Test func `no file is called after an empty word`() {
    for file in House.swift.files {
      let name = file.name.prefix { $0 != "." && $0 != "+" }
      if let word = empty(name) { Issue.record("\(file.path) has the empty word \(word) in its name") }
    }
  }
}
