import Yams

extension Findings {
  /// Says in this reader's words what libyaml found, at the place where the reader of the file should look: for
  /// brackets and quotes that is where they open, not where the text ran out.
  mutating func report(_ error: any Error) {
    guard let error = error as? YamlError else {
      return self.error(.syntax, at: Place(line: 1, column: 1), "this is no YAML")
    }
    switch error {
    case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
      .composer(let context, let problem, let mark, _):
      let place = Place(line: mark.line, column: mark.column)
      let opening = context.map { Place(line: $0.mark.line, column: $0.mark.column) } ?? place
      let (where_, message) = explain(problem, context?.text ?? "", place, opening)
      self.error(.syntax, at: where_, message)
    case .duplicatedKeysInMapping(let names, let context):
      self.error(
        .duplicateKey, at: Place(line: context.mark.line, column: context.mark.column),
        "\(Printable.quoted(names.first ?? "")) is given more than once in this mapping; keep one")
    default:
      self.error(.syntax, at: Place(line: 1, column: 1), "this is no YAML")
    }
  }

  /// The line above where it is a key that lacks its colon: libyaml complains only about the next.
  private func keyWithoutColon(before place: Place) -> Place? {
    guard place.line >= 2, source.lines.indices.contains(place.line - 2) else { return nil }
    let line = source.lines[place.line - 2]
    let indentation = line.prefix { $0 == " " }.count
    let text = line.dropFirst(indentation)
    let hasColon = zip(text, text.dropFirst()).contains { $0 == ":" && $1 == " " } || text.last == ":"
    guard !text.isEmpty, text.first != "#", text.first != "-", !hasColon else { return nil }
    return Place(line: place.line - 1, column: indentation + 1, length: text.count)
  }

  private func explain(_ problem: String, _ context: String, _ place: Place, _ opening: Place) -> (Place, String) {
    let character = source.rest(place).first
    let line = source.lines.indices.contains(place.line - 1) ? source.lines[place.line - 1] : []
    let leadsWithTab = line.prefix { $0 == " " || $0 == "\t" }.contains("\t")
    func has(_ text: String) -> Bool { problem.contains(text) || context.contains(text) }

    if has("scanning an alias") || has("scanning an anchor") || has("undefined alias") {
      let start = problem.contains("undefined") ? place : opening
      let sign = source.rest(start).first.map(String.init) ?? "*"
      return (start, "a value that begins with '\(sign)' needs quotes, else YAML takes it for a reference")
    }
    if leadsWithTab && (has("cannot start any token") || has("indentation") || has("expected")) {
      let column = line.firstIndex(of: "\t") ?? 0
      return (Place(line: place.line, column: column + 1), "a tab indents this line; YAML indents with spaces")
    }
    if has("cannot start any token"), let character {
      return (place, "a value cannot begin with '\(Printable.text([character]))'; put it in quotes")
    }
    if has("mapping values are not allowed") {
      if let before = keyWithoutColon(before: place) {
        return (before, "this line has no ': '; write 'key: value', with a space after the ':'")
      }
      return (
        place,
        "a ':' may not stand here; either a value with ': ' in it needs quotes, or this line is indented deeper than the one above"
      )
    }
    if has("could not find expected ':'") {
      return (opening, "this line has no ':'; write 'key: value', with a space after the ':'")
    }
    if has("quoted scalar") {
      return has("escape")
        ? (place, "after a \\ in double quotes YAML takes only its own escapes; use single quotes")
        : (opening, "the quote that opens here is never closed")
    }
    if has("flow sequence") {
      return (opening, "the '[' that opens here is not closed with ']', or a ',' is missing in it")
    }
    if has("flow mapping") {
      return (opening, "the '{' that opens here is not closed with '}', or a ',' is missing in it")
    }
    if has("block mapping") || has("block collection") || has("block entry") || has("block sequence") {
      return (place, "this line's indentation fits no line above; the keys of one mapping begin in one column")
    }
    if has("another document") || has("document start") || has("<document") {
      return (
        place, "a configuration is one document; take out the '---' or '...' here, and what belongs to another file"
      )
    }
    if has("nesting") || has("exceeded") { return (place, "this nests too deeply for a configuration") }
    if has("block scalar") { return (place, "after '|' or '>' the text begins on the next line, indented with spaces") }
    if has("tag") { return (opening, "a value that begins with '!' needs quotes") }
    if has("directive") { return (opening, "a line that begins with '%' needs quotes") }
    let detail = context.isEmpty ? problem : "\(problem) \(context)"
    return (place, "this is no YAML: \(detail)")
  }
}
