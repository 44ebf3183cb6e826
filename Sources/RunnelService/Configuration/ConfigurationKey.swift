import RunnelCore

/// One key of the configuration, described once: the strict reader, the reference page and the JSON Schema are all
/// made from these.
///
///     ConfigurationKey("streams.*.rate", .quantity(.frequency, 0.001...1e8), example: "360 Hz", "Rows a second.")
///
/// In a path `*` stands for a name that the user gives, and `[]` for an item of a list.
public struct ConfigurationKey: Sendable {
  public enum Presence: Sendable, Hashable {
    case required
    /// What is used where the key is absent, as it would be written.
    case defaulted(String)
    /// What the absence means, in words.
    case absent(String)
  }

  public enum Availability: Sendable, Hashable {
    case now
    /// The design names it; this version does not have it yet.
    case later
    /// It travels in the model file; the reason why it may not be given here.
    case partOfTheModel(String)
  }

  public var path: [String]
  public var kind: ValueKind
  public var presence: Presence
  public var availability: Availability
  /// How it would be written, after `key: `; the key alone where it holds other keys.
  public var example: String
  /// One or two sentences for the reference page.
  public var documentation: String
  /// The formats of an input that have it; nil where all do. An input of format auto may have any.
  public var formats: [String]?
  /// Other names by which people look for it.
  public var synonyms: [String]
  /// What people write by mistake, and what to tell them: the end of a sentence.
  public var hints: [String: String]

  public var name: String { path[path.count - 1] }

  func isOf(format: String) -> Bool { format == "auto" || formats?.contains(format) ?? true }

  init(
    _ path: String, _ kind: ValueKind, _ presence: Presence = .absent(""), availability: Availability = .now,
    example: String = "", formats: [String]? = nil, synonyms: [String] = [], hints: [String: String] = [:],
    _ documentation: String
  ) {
    self.path = path.split(separator: ".").map(String.init)
    self.kind = kind
    self.presence = presence
    self.availability = availability
    self.example = example
    self.documentation = documentation
    self.formats = formats
    self.synonyms = synonyms
    self.hints = hints
  }
}

/// What may stand after a key.
public enum ValueKind: Sendable, Hashable {
  /// A mapping with keys of its own.
  case section
  /// A mapping from names that the user chooses to sections; the noun is for sentences: "stream".
  case named(noun: String)
  /// Any text; the noun is for sentences.
  case text(noun: String)
  case boolean
  case integer(ClosedRange<Int>)
  case number(ClosedRange<Double>)
  /// A number with a unit, in seconds, hertz or bytes.
  case quantity(Dimension, ClosedRange<Double>)
  /// Two durations, `100ms..5s`, or one.
  case durationSpan(ClosedRange<Double>)
  /// `[-32768]`
  case numbers
  /// `[-5, 5]`, the lower first.
  case numberSpan
  /// One of these words; the second list is for later versions.
  case choice([String], later: [String])
  /// One endpoint or a list of them.
  case endpoints(SocketConfiguration.Attachment)
  case topic
  /// `norm_pos.0`: where in a map a value stands.
  case path
  /// 64 hexadecimal digits.
  case digest
  /// `[MLII, V5]` or `[{name: MLII, unit: mV}]`: names, or sections of the keys below `[]`.
  case channels
  /// `all` or `[MLII, V5]`
  case channelNames
  /// Names of the model's inputs to names of channels.
  case bindings
  /// `hold 50ms`, `linear 50ms`, `zero 50ms` or `none`.
  case fill
  /// `mean 50ms`, `3 of 5` or `none`.
  case smoothing
  /// A name in another section of the file.
  case reference(to: String)

  /// For tables and for "X belongs here".
  public var phrase: String {
    switch self {
    case .section: "a mapping of keys"
    case .named(let noun): "a mapping from the name of each \(noun) to its keys"
    case .text(let noun): noun
    case .boolean: "true or false"
    case .integer(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
    case .number(let range) where range.upperBound > 1e17: "a number"
    case .number(let range): "a number from \(Phrase.number(range.lowerBound)) to \(Phrase.number(range.upperBound))"
    case .quantity(let dimension, _): dimension.phrase
    case .durationSpan: "two durations with '..' between them, or one"
    case .numbers: "a list of numbers"
    case .numberSpan: "two numbers in brackets, the lower first"
    case .choice(let words, _): Phrase.list(words, "or")
    case .endpoints: "an endpoint, or a list of them"
    case .topic: "a topic"
    case .path: "a path"
    case .digest: "64 hexadecimal digits"
    case .channels: "a list of channel names, or of channels with their keys"
    case .channelNames: "all, or a list of channel names"
    case .bindings: "a mapping from the model's inputs to channel names"
    case .fill: "hold, linear or zero with a duration, or none"
    case .smoothing: "mean with a duration, N of M, or none"
    case .reference(let section): "a name under `\(section)`"
    }
  }
}
