import RunnelCore

/// One thing wrong with a configuration file: where, what, and how to put it right, in one sentence.
///
///     runnel.yaml:9:5: error: unknown key 'chanels' in pipelines.beats; did you mean 'channels'?
///       9 |     chanels: [MLII]
///         |     ^^^^^^^
public struct Diagnostic: Error, Sendable, Hashable {
  public enum Severity: String, Sendable {
    case error
    /// The file is used; something in it is probably not what was meant.
    case warning
  }

  /// What sort of mistake this is, for scripts: the raw value is the `kind` of the JSON form.
  public enum Kind: String, Sendable, CaseIterable {
    /// Not YAML, or YAML that configurations do not use (anchors, tags, several documents).
    case syntax
    case duplicateKey = "duplicate-key"
    case unknownKey = "unknown-key"
    case missingKey = "missing-key"
    case missingValue = "missing-value"
    case notInThisVersion = "not-in-this-version"
    /// What the network was trained with travels in the model file.
    case partOfTheModel = "part-of-the-model"
    /// A list where a mapping belongs, and the like.
    case shape
    case missingUnit = "missing-unit"
    case wrongUnit = "wrong-unit"
    case value
    case outOfRange = "out-of-range"
    case endpoint
    case variable
    /// A name that nothing in the file has.
    case reference
    case contradiction
    case unused
  }

  public var file: String
  public var place: Place
  public var severity: Severity
  public var kind: Kind
  /// One sentence, with the remedy; no full stop.
  public var message: String
  /// What to write instead of the underlined text, where that is known.
  public var suggestion: String?
  /// The line of the file, fit for a terminal: no tabs, no control characters.
  public var source: String

  /// A table for a terminal, without colour: `file:line:column: severity: message`, the line, a caret.
  public var rendered: String {
    let number = String(place.line)
    let gutter = String(repeating: " ", count: number.count)
    let (shown, column, length) = excerpt
    let caret = String(repeating: " ", count: column - 1) + String(repeating: "^", count: length)
    return """
      \(headline)
        \(number) |\(shown.isEmpty ? "" : " " + shown)
        \(gutter) | \(caret)
      """
  }

  /// The first line of `rendered`.
  public var headline: String {
    "\(file):\(place.line):\(place.column): \(severity.rawValue): \(message)"
  }

  /// One JSON object, keys as in `rendered`.
  public func write(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.pair("file", file)
    writer.pair("line", place.line)
    writer.pair("column", place.column)
    writer.pair("length", place.length)
    writer.pair("severity", severity.rawValue)
    writer.pair("kind", kind.rawValue)
    writer.pair("message", message)
    writer.pair("suggestion", suggestion)
    writer.pair("source", source)
    writer.endObject()
  }

  /// Columns shown of a line; a longer one is cut on both sides of the caret.
  private static let widest = 110

  /// The line as shown, with the caret's column and length in it.
  private var excerpt: (shown: String, column: Int, length: Int) {
    let line = Array(source.unicodeScalars)
    guard line.count > Self.widest else { return (source, place.column, place.length) }
    let start = max(0, min(place.column - Self.widest / 3, line.count - Self.widest))
    let end = min(line.count, start + Self.widest)
    var shown = String.UnicodeScalarView()
    if start > 0 { shown.append("…") }
    shown.append(contentsOf: line[start..<end])
    if end < line.count { shown.append("…") }
    let column = place.column - start + (start > 0 ? 1 : 0)
    return (String(shown), column, max(1, min(place.length, end - start - (place.column - start) + 1)))
  }
}

/// Everything wrong with a configuration file, in the order of the file; at least one of them an error.
public struct ConfigurationErrors: Error, Sendable, Hashable, CustomStringConvertible {
  public var diagnostics: [Diagnostic]

  public init(_ diagnostics: [Diagnostic]) { self.diagnostics = diagnostics }

  /// All of them as a terminal shows them, and how many there were.
  public var description: String {
    let errors = diagnostics.count { $0.severity == .error }
    let warnings = diagnostics.count - errors
    let count = "\(Phrase.count(errors, "error"))"
    let rest = warnings == 0 ? "" : ", \(Phrase.count(warnings, "warning"))"
    return (diagnostics.map(\.rendered) + [count + rest]).joined(separator: "\n")
  }
}

/// The diagnostics of one file while it is read: errors are collected, never thrown one by one.
struct Findings {
  let source: SourceText
  private(set) var diagnostics: [Diagnostic] = []

  init(source: SourceText) { self.source = source }

  var hasErrors: Bool { diagnostics.contains { $0.severity == .error } }

  /// In the order of the file; two at one place in the order they were found.
  var sorted: [Diagnostic] {
    diagnostics.enumerated()
      .sorted { ($0.element.place, $0.offset) < ($1.element.place, $1.offset) }
      .map(\.element)
  }

  mutating func error(_ kind: Diagnostic.Kind, at place: Place, _ message: String, suggestion: String? = nil) {
    let found = source.diagnostic(.error, kind, at: place, message, suggestion: suggestion)
    // An aliased node is met twice; one place is told a thing once.
    if !diagnostics.contains(found) { diagnostics.append(found) }
  }

  mutating func warn(_ kind: Diagnostic.Kind, at place: Place, _ message: String) {
    diagnostics.append(source.diagnostic(.warning, kind, at: place, message))
  }
}

extension SourceText {
  func diagnostic(
    _ severity: Diagnostic.Severity, _ kind: Diagnostic.Kind, at place: Place, _ message: String,
    suggestion: String? = nil
  ) -> Diagnostic {
    let place = clamped(place)
    return Diagnostic(
      file: file, place: place, severity: severity, kind: kind, message: Printable.text(message.unicodeScalars),
      suggestion: suggestion,
      source: Printable.text(lines[place.line - 1]))
  }
}

/// Text from a file or an environment, made fit for a terminal and for one line.
enum Printable {
  /// A tab becomes one space, so that the caret stays under its column; other control characters become '·'.
  static func text(_ scalars: some Sequence<Unicode.Scalar>) -> String {
    var view = String.UnicodeScalarView()
    for scalar in scalars {
      switch scalar.properties.generalCategory {
      case _ where scalar == "\t": view.append(" ")
      case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: view.append("·")
      default: view.append(scalar)
      }
    }
    return String(view)
  }

  /// In quotes, at most 60 scalars of it.
  static func quoted(_ text: String) -> String {
    let scalars = text.unicodeScalars
    let shown = Self.text(scalars.prefix(60))
    return scalars.count > 60 ? "'\(shown)…'" : "'\(shown)'"
  }
}
