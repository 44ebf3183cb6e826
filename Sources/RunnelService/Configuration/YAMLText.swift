import RunnelCore

/// Values written as YAML that this reader reads back to the same.
enum YAMLText {
  static func value(_ value: ConfigurationValue, _ kind: ValueKind) -> String {
    switch value {
    case .text(let text): scalar(text)
    case .boolean(let flag): flag ? "true" : "false"
    case .integer(let number): String(number)
    case .number(let number):
      if case .quantity(let dimension, _) = kind { dimension.text(number) } else { Phrase.number(number) }
    case .numbers(let numbers): "[\(numbers.map(Phrase.number).joined(separator: ", "))]"
    case .span(let span):
      if case .durationSpan = kind {
        "\(Dimension.duration.text(span.lowerBound))..\(Dimension.duration.text(span.upperBound))"
      } else {
        "[\(Phrase.number(span.lowerBound)), \(Phrase.number(span.upperBound))]"
      }
    case .topic(let topic): scalar(topic.text)
    case .path(let path): scalar(path.description)
    case .fill(let fill):
      switch fill {
      case .none: "none"
      case .hold(let seconds): "hold \(Dimension.duration.text(seconds))"
      case .linear(let seconds): "linear \(Dimension.duration.text(seconds))"
      case .zero(let seconds): "zero \(Dimension.duration.text(seconds))"
      }
    case .smoothing(let smoothing):
      switch smoothing {
      case .none: "none"
      case .mean(let seconds): "mean \(Dimension.duration.text(seconds))"
      case .majority(let needed, let count): "\(needed) of \(count)"
      }
    case .endpoints(let endpoints):
      endpoints.count == 1
        ? scalar(endpoints[0].text) : "[\(endpoints.map { scalar($0.text) }.joined(separator: ", "))]"
    case .names(let names): "[\(names.map(scalar).joined(separator: ", "))]"
    case .all: "all"
    }
  }

  /// Plain where that is safe everywhere, else in single quotes. `${` is escaped, because it is text here.
  static func scalar(_ text: String) -> String {
    let escaped = replaced(text, "${", by: "$${")
    let isPlain =
      !text.isEmpty && text != "~" && text != "null"
      && text.utf8.enumerated().allSatisfy { index, byte in
        (48...57).contains(byte) || (97...122).contains(byte | 32) || byte == UInt8(ascii: "_")
          || byte == UInt8(ascii: "/") || byte == UInt8(ascii: ".")
          || (index > 0 && [UInt8(ascii: "-"), UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "%")].contains(byte))
          || (index > 0 && byte == UInt8(ascii: ":") && text.contains("://") && !text.hasSuffix(":"))
      }
    return isPlain ? escaped : "'\(replaced(escaped, "'", by: "''"))'"
  }

  private static func replaced(_ text: String, _ piece: String, by other: String) -> String {
    var result = ""
    var rest = text[...]
    while let range = rest.firstRange(of: piece) {
      result += rest[..<range.lowerBound] + other
      rest = rest[range.upperBound...]
    }
    return result + rest
  }
}
