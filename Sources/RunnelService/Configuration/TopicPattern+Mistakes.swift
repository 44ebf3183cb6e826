import RunnelWire

/// What a configuration says of topics, and how it is told when it says it wrong.
extension TopicPattern {
  /// `s/*/`: every stream of runnel's own format.
  static let everyStream: TopicPattern = {
    guard let pattern = try? TopicPattern("s/*/", kind: .samples) else { preconditionFailure("s/*/ is a pattern") }
    return pattern
  }()

  /// As written.
  var text: String { description }

  init(_ text: String, key: String) throws(ValueMistake) {
    guard !text.isEmpty else {
      throw ValueMistake(.missingValue, "'\(key)' is empty; write s/*/ for every stream of runnel's own format")
    }
    guard text.utf8.count <= 255, text.unicodeScalars.allSatisfy({ $0.properties.generalCategory != .control }) else {
      throw ValueMistake(
        .value, "'\(key)' is longer than 255 bytes or holds control characters; no publisher sends such")
    }
    guard text.count(where: { $0 == "*" }) <= 1 else {
      throw ValueMistake(.value, "'\(key)' is \(Printable.quoted(text)); only one '*' can stand for a name, as in s/*/")
    }
    do throws(TopicError) { try self.init(text) } catch {
      throw ValueMistake(
        .value, "topic \(Printable.quoted(text)) has '*' for a part of a name; it stands for a whole one: s/*/",
        suggestion: "s/*/")
    }
  }

  /// What is wrong with it as a topic of the `runnel` format (docs/wire-format.md §2: `s/<stream>/`, or what another
  /// runnel publishes of what its networks see), and what to write.
  func mistakeInRunnelFormat() -> (message: String, suggestion: String?)? {
    if text.hasPrefix("c/") {
      guard (try? TopicPattern(text, kind: .conditioned)) == nil else { return nil }
      return (
        "topic \(Printable.quoted(text)) names no conditioned samples; write c/STREAM/PIPELINE/CHANNEL/, of which one may be *",
        nil
      )
    }
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
      return nil
    }
    let meant = bare.isEmpty || bare == "*" ? "s/*/" : "s/\(bare)/"
    return (
      "topic \(Printable.quoted(text)) is none of format runnel, whose samples come under s/NAME/; write \(meant)",
      meant
    )
  }
}
