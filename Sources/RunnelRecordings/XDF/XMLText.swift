/// The few words of XML that a stream header needs: the text of an element by its name, elements of a name in turn.
///
/// Not a parser: attributes, comments and nesting of one name in itself are not looked at, which no writer of XDF makes.
struct XMLText {
  private let text: Substring.UTF8View

  init(_ bytes: some Collection<UInt8>) { text = Substring(HeaderLine.text(bytes)).utf8 }
  private init(_ text: Substring.UTF8View) { self.text = text }

  /// The first element of a name, whole.
  func first(_ name: String) -> XMLText? {
    var rest = text
    return Self.next(name, &rest)
  }

  /// The text of the first element of a name, without space around it; nil where there is none or it is empty.
  func string(_ name: String) -> String? {
    guard var inside = first(name)?.text else { return nil }
    while let byte = inside.first, byte <= 0x20 { inside.removeFirst() }
    while let byte = inside.last, byte <= 0x20 { inside.removeLast() }
    guard !inside.isEmpty, !inside.contains(0x3C) else { return nil }
    var plain = String(Substring(inside))
    for (entity, character) in [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")] {
      plain.replace(entity, with: character)
    }
    return plain
  }

  /// Elements of a name, in order, `most` at most.
  func all(_ name: String, most: Int) -> [XMLText] {
    var rest = text
    var found: [XMLText] = []
    while found.count < most, let next = Self.next(name, &rest) { found.append(next) }
    return found
  }

  private static func next(_ name: String, _ rest: inout Substring.UTF8View) -> XMLText? {
    guard let open = find(Array("<\(name)>".utf8), in: rest) else { return nil }
    let inside = rest[open.upperBound...]
    guard let close = find(Array("</\(name)>".utf8), in: inside) else { return nil }
    rest = rest[close.upperBound...]
    return XMLText(inside[..<close.lowerBound])
  }

  private static func find(
    _ word: [UInt8], in text: Substring.UTF8View
  ) -> Range<Substring.UTF8View.Index>? {
    var start = text.startIndex
    while let index = text[start...].firstIndex(of: word[0]) {
      if text[index...].starts(with: word) {
        return index..<text.index(index, offsetBy: word.count)
      }
      start = text.index(after: index)
    }
    return nil
  }
}
