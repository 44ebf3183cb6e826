import Yams

/// Finds the second occurrence of a key in its mapping, which Yams does not tell, and renames it in the text so that
/// reading can go on. Yams itself is asked which of the places where the word stands are the repetition: all are
/// renamed, then one at a time is put back; where the error comes back, that one was it.
struct Repetitions {
  let source: SourceText
  /// The names given to repetitions: private-use characters, as many as the key had, so that no column moves.
  private(set) var standIns: Set<String> = []
  private var next: UInt32 = 0xE000

  /// Each candidate costs one parse.
  private static let mostCandidates = 100
  private static let mostRepairs = 50

  init(source: SourceText) { self.source = source }

  /// The text without the repetitions of one key, each reported; nil (reported too) where they were not found.
  mutating func repair(_ text: String, key: String, first: Mark, _ findings: inout Findings) -> String? {
    let lines = SourceText(file: source.file, text: text).lines
    let firstPlace = source.extent(at: Place(line: first.line, column: first.column), text: key)
    let candidates = candidates(lines, key, after: firstPlace)
    guard !candidates.isEmpty, candidates.count <= Self.mostCandidates, standIns.count < Self.mostRepairs else {
      findings.error(
        .duplicateKey, at: firstPlace, "\(Printable.quoted(key)) is given more than once in this mapping; keep one")
      return nil
    }
    let names = candidates.map { _ in standIn(length: key.unicodeScalars.count) }
    var found: Set<Int> = []
    for kept in candidates.indices {
      let trial = Self.renamed(lines, candidates, names, except: { $0 == kept })
      if Self.repeats(trial, key, first) { found.insert(kept) }
    }
    guard !found.isEmpty else {
      findings.error(
        .duplicateKey, at: firstPlace, "\(Printable.quoted(key)) is given more than once in this mapping; keep one")
      return nil
    }
    for index in found.sorted() {
      standIns.insert(names[index])
      findings.error(
        .duplicateKey, at: source.extent(at: candidates[index], text: key),
        "\(Printable.quoted(key)) is given twice; it already stands on line \(first.line): keep one of them")
    }
    return Self.renamed(lines, candidates, names, except: { !found.contains($0) })
  }

  private mutating func standIn(length: Int) -> String {
    defer { next = next == 0xF8FF ? 0xE000 : next + 1 }
    return String(String.UnicodeScalarView(repeatElement(Unicode.Scalar(next)!, count: length)))
  }

  /// Where `key` stands after the first, with a colon behind it.
  private func candidates(_ lines: [[Unicode.Scalar]], _ key: String, after first: Place) -> [Place] {
    let wanted = Array(key.unicodeScalars)
    guard !wanted.isEmpty else { return [] }
    var places: [Place] = []
    for (index, line) in lines.enumerated() where index + 1 >= first.line && line.count >= wanted.count {
      for column in 0...(line.count - wanted.count)
      where line[column] == wanted[0] && Array(line[column..<column + wanted.count]) == wanted {
        let place = Place(line: index + 1, column: column + 1, length: wanted.count)
        guard place.line > first.line || place.column > first.column + 1 else { continue }
        if Self.isKey(line, column, wanted.count) { places.append(place) }
      }
    }
    return places
  }

  private static func isKey(_ line: [Unicode.Scalar], _ column: Int, _ length: Int) -> Bool {
    let before = column == 0 ? " " : line[column - 1]
    guard [" ", "{", ",", "[", "\"", "'", "\t"].contains(before) else { return false }
    let after = line[(column + length)...].drop { $0 == "\"" || $0 == "'" || $0 == " " || $0 == "\t" }
    return after.first == ":"
  }

  private static func renamed(
    _ lines: [[Unicode.Scalar]], _ places: [Place], _ names: [String], except isKept: (Int) -> Bool
  ) -> String {
    var lines = lines
    for (index, place) in places.enumerated() where !isKept(index) {
      let start = place.column - 1
      lines[place.line - 1].replaceSubrange(start..<start + place.length, with: names[index].unicodeScalars)
    }
    var view = String.UnicodeScalarView()
    for line in lines {
      view.append(contentsOf: line)
      view.append("\n")
    }
    return String(view)
  }

  /// Whether Yams finds `key` repeated in the mapping whose first occurrence stands at `first`.
  private static func repeats(_ text: String, _ key: String, _ first: Mark) -> Bool {
    do {
      _ = try Parser(yaml: text, resolver: .basic, encoding: .utf8).singleRoot()
      return false
    } catch {
      guard case .duplicatedKeysInMapping(let names, let context) = error as? YamlError else { return false }
      return names.contains(key)
        && (names.first != key || context.mark.line == first.line && context.mark.column == first.column)
    }
  }
}
