/// A place in a configuration file; what a diagnostic points at.
public struct Place: Sendable, Hashable, Comparable {
  /// From 1.
  public var line: Int
  /// From 1, counted in Unicode scalars, as libyaml counts them.
  public var column: Int
  /// How many scalars the caret underlines, at least 1; never beyond the line.
  public var length: Int

  public init(line: Int, column: Int, length: Int = 1) {
    self.line = line
    self.column = column
    self.length = length
  }

  public static func < (a: Place, b: Place) -> Bool { (a.line, a.column) < (b.line, b.column) }
}

/// The text of a configuration file in lines, as a reader of its errors sees it.
struct SourceText: Sendable {
  let file: String
  /// Without their line breaks; at least one line, even of an empty file.
  let lines: [[Unicode.Scalar]]

  init(file: String, text: String) {
    self.file = file
    var lines: [[Unicode.Scalar]] = []
    var line: [Unicode.Scalar] = []
    var endsInReturn = false
    for scalar in text.unicodeScalars {
      if scalar == "\n" && endsInReturn {
        endsInReturn = false
        continue
      }
      endsInReturn = scalar == "\r"
      if Self.isBreak(scalar) {
        lines.append(line)
        line.removeAll()
      } else {
        line.append(scalar)
      }
    }
    if !line.isEmpty || lines.isEmpty { lines.append(line) }
    self.lines = lines
  }

  /// The line breaks of YAML 1.1, which libyaml counts: LF, CR, CR LF, NEL, LS and PS.
  static func isBreak(_ scalar: Unicode.Scalar) -> Bool {
    scalar == "\n" || scalar == "\r" || scalar.value == 0x85 || scalar.value == 0x2028 || scalar.value == 0x2029
  }

  /// Moves a place into the file: libyaml reports some errors one line after the last.
  func clamped(_ place: Place) -> Place {
    guard place.line >= 1 else { return Place(line: 1, column: 1) }
    guard place.line <= lines.count else {
      return Place(line: lines.count, column: max(1, lines[lines.count - 1].count))
    }
    let width = lines[place.line - 1].count
    let column = min(max(1, place.column), max(1, width))
    return Place(line: place.line, column: column, length: max(1, min(place.length, width - column + 1)))
  }

  /// The scalars of a line from a column on.
  func rest(_ place: Place) -> ArraySlice<Unicode.Scalar> {
    guard lines.indices.contains(place.line - 1) else { return [] }
    return lines[place.line - 1].dropFirst(place.column - 1)
  }

  /// The place of a quoted or plain scalar that starts at `place`, as long as it is written on that line.
  func extent(at place: Place, text: String) -> Place {
    let rest = rest(place)
    var place = place
    switch rest.first {
    case "\"", "'":
      place.length = Self.quotedLength(rest)
    case "|", ">":
      place.length = 1
    default:
      let longest = Self.trimmedCount(rest)
      place.length = max(1, min(text.unicodeScalars.count, longest))
    }
    return place
  }

  /// The place of a list or mapping in brackets, as far as it reaches on its line; of others the first character.
  func bracketExtent(at place: Place) -> Place {
    let rest = rest(place)
    guard rest.first == "[" || rest.first == "{" else { return place }
    var depth = 0
    var quote: Unicode.Scalar?
    for index in rest.indices {
      let scalar = rest[index]
      if let open = quote {
        if scalar == open { quote = nil }
      } else if scalar == "\"" || scalar == "'" {
        quote = scalar
      } else if scalar == "[" || scalar == "{" {
        depth += 1
      } else if scalar == "]" || scalar == "}" {
        depth -= 1
        if depth == 0 { return Place(line: place.line, column: place.column, length: index - rest.startIndex + 1) }
      }
    }
    return place
  }

  /// Where `piece` stands in the line at or after `place`; `place` itself where it does not.
  func find(_ piece: String, from place: Place) -> Place {
    let wanted = Array(piece.unicodeScalars)
    let rest = Array(rest(place))
    guard !wanted.isEmpty, rest.count >= wanted.count else { return place }
    for start in 0...(rest.count - wanted.count) where Array(rest[start..<start + wanted.count]) == wanted {
      return Place(line: place.line, column: place.column + start, length: wanted.count)
    }
    return place
  }

  private static func quotedLength(_ rest: ArraySlice<Unicode.Scalar>) -> Int {
    let quote = rest[rest.startIndex]
    var index = rest.startIndex + 1
    while index < rest.endIndex {
      if quote == "\"" && rest[index] == "\\" {
        index += 2
      } else if rest[index] == quote {
        let isDoubled = quote == "'" && index + 1 < rest.endIndex && rest[index + 1] == quote
        if !isDoubled { return index - rest.startIndex + 1 }
        index += 2
      } else {
        index += 1
      }
    }
    return trimmedCount(rest)
  }

  private static func trimmedCount(_ scalars: ArraySlice<Unicode.Scalar>) -> Int {
    var end = scalars.endIndex
    while end > scalars.startIndex && (scalars[end - 1] == " " || scalars[end - 1] == "\t") { end -= 1 }
    return end - scalars.startIndex
  }
}
