/// Which topics an input takes: one, or every topic that has any name in the place of `*`.
///
///     TopicPattern("s/*/"): s/bed7/ and s/bed8/, each a stream of its own; not m/bed7/, not s/a/b/
public struct TopicPattern: Sendable, Hashable {
  /// As written.
  public var text: String
  /// What comes before the `*`: what a socket subscribes to. The whole topic where there is no `*`.
  public var prefix: String
  /// What comes after the `*`; nil where there is none.
  public var suffix: String?

  public var isWildcard: Bool { suffix != nil }

  /// Whether a topic is one of these. In place of `*` stands at least one byte and no '/', unless `*` ends the pattern.
  public func matches(_ topic: String) -> Bool {
    guard let suffix else { return topic == prefix }
    guard topic.utf8.count > prefix.utf8.count + suffix.utf8.count, topic.utf8.starts(with: prefix.utf8),
      topic.utf8.reversed().starts(with: suffix.utf8.reversed())
    else { return false }
    return suffix.isEmpty
      || !topic.utf8.dropFirst(prefix.utf8.count).dropLast(suffix.utf8.count).contains(UInt8(ascii: "/"))
  }

  init(_ text: String, key: String = "topic") throws(ValueMistake) {
    guard !text.isEmpty else {
      throw ValueMistake(.missingValue, "'\(key)' is empty; write s/*/ for every stream of runnel's own format")
    }
    guard text.utf8.count <= 255, text.unicodeScalars.allSatisfy({ $0.properties.generalCategory != .control }) else {
      throw ValueMistake(
        .value, "'\(key)' is longer than 255 bytes or holds control characters; no publisher sends such")
    }
    let pieces = text.split(separator: "*", omittingEmptySubsequences: false).map(String.init)
    guard pieces.count <= 2 else {
      throw ValueMistake(.value, "'\(key)' is \(Printable.quoted(text)); only one '*' can stand for a name, as in s/*/")
    }
    self.text = text
    prefix = pieces[0]
    suffix = pieces.count == 2 ? pieces[1] : nil
  }

  /// What is wrong with it as a topic of the `runnel` format (FORMATS A.11: `s/<stream>/`), and what to write.
  func mistakeInRunnelFormat() -> (message: String, suggestion: String?)? {
    // Labels, descriptions and verdicts have the same names under other letters.
    let isSister = ["m/", "l/", "j/"].contains { text.hasPrefix($0) }
    let bare = (isSister ? text.dropFirst(2) : text[...]).filter { $0 != "/" }
    if text.hasPrefix("s/") {
      let name = text.dropFirst(2)
      if !name.hasSuffix("/") {
        return (
          "topic '\(text)' lacks the '/' at its end, which keeps bed1 and bed10 apart; write \(text)/", "\(text)/"
        )
      }
      let inner = name.dropLast()
      if inner.isEmpty { return ("topic 's/' names no stream; write s/*/ for all, or s/NAME/ for one", "s/*/") }
      if inner.contains("/") {
        let escaped = "s/\(inner.split(separator: "/").joined(separator: "%2F"))/"
        return ("topic '\(text)' has a '/' inside the name; if it is part of the name write \(escaped)", escaped)
      }
      if inner.contains(" ") {
        let escaped = "s/\(inner.split(separator: " ").joined(separator: "%20"))/"
        return ("topic '\(text)' has a space in the name; publishers write it as \(escaped)", escaped)
      }
      if inner.contains("*") && inner != "*" {
        return ("topic '\(text)' has '*' for a part of a name; it stands for a whole one: s/*/", "s/*/")
      }
      return nil
    }
    let meant = bare.isEmpty || bare == "*" ? "s/*/" : "s/\(bare)/"
    return (
      "topic \(Printable.quoted(text)) is none of format runnel, whose samples come under s/NAME/; write \(meant)",
      meant
    )
  }
}

extension TopicPattern {
  /// `s/*/`
  public static let everyStream = TopicPattern(text: "s/*/", prefix: "s/", suffix: "/")

  private init(text: String, prefix: String, suffix: String?) {
    self.text = text
    self.prefix = prefix
    self.suffix = suffix
  }
}
