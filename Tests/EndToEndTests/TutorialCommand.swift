/// A command of a document, as a reader types it after `$ `, with what the document says it prints.
struct TutorialCommand {
  let text: String
  /// `…` alone stands for any lines, within a line for any text.
  let shown: [String]

  /// Those of every block that begins with `$ `, in order. One that feeds a file to the shell goes on to its `END`.
  static func all(in document: String) -> [TutorialCommand] {
    var found: [TutorialCommand] = []
    for block in document.components(between: "```\n$ ", and: "\n```") {
      var (text, shown, isFile) = ("", [String](), false)
      for line in ("$ " + block).split(separator: "\n", omittingEmptySubsequences: false) {
        if line.hasPrefix("$ ") && !isFile {
          if !text.isEmpty { found.append(TutorialCommand(text: text, shown: shown)) }
          (text, shown, isFile) = (String(line.dropFirst(2)), [], line.hasSuffix("<<'END'"))
        } else if isFile {
          text += "\n" + line
          isFile = line != "END"
        } else {
          shown.append(String(line))
        }
      }
      found.append(TutorialCommand(text: text, shown: shown))
    }
    return found
  }

  /// The first shown line that is not where it should be; nil where all are. Lines of one stream come in the order
  /// shown, and nothing else comes where no `…` stands.
  func missing(output: [String], messages: [String]) -> String? {
    var rest = [output[...], messages[...]]
    let lines = shown.filter { !$0.isEmpty }
    for line in lines where line != "…" {
      guard
        let stream = rest.indices.first(where: { rest[$0].contains { Self.matches($0, line) } }),
        let place = rest[stream].firstIndex(where: { Self.matches($0, line) })
      else { return line }
      rest[stream] = rest[stream][(place + 1)...]
    }
    if !lines.isEmpty, !lines.contains("…"), lines.count != output.count + messages.count { return "no further line" }
    return nil
  }

  static func matches(_ printed: String, _ shown: String) -> Bool {
    let pieces = shown.components(between: "…")
    guard pieces.count > 1 else { return printed == shown }
    guard printed.hasPrefix(pieces[0]), printed.hasSuffix(pieces[pieces.count - 1]) else { return false }
    var rest = printed[...]
    for piece in pieces where !piece.isEmpty {
      guard let place = rest.firstRange(of: piece) else { return false }
      rest = rest[place.upperBound...]
    }
    return true
  }
}

extension String {
  /// What stands between each pair of marks.
  func components(between opening: String, and closing: String) -> [String] {
    var (found, rest) = ([String](), self[...])
    while let begin = rest.firstRange(of: opening), let end = rest[begin.upperBound...].firstRange(of: closing) {
      found.append(String(rest[begin.upperBound..<end.lowerBound]))
      rest = rest[end.upperBound...]
    }
    return found
  }

  /// The pieces that a mark divides it into.
  func components(between mark: String) -> [String] {
    var (found, rest) = ([String](), self[...])
    while let place = rest.firstRange(of: mark) {
      found.append(String(rest[..<place.lowerBound]))
      rest = rest[place.upperBound...]
    }
    return found + [String(rest)]
  }
}
