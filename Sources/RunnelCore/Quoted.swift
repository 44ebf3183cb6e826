/// Texts out of files and messages that nobody vouches for, made fit for one line of a terminal: short, and without
/// anything that a terminal would obey.
///
///     Quoted.name("net\u{1B}[31m")        // 'net·[31m'
public enum Quoted {
  private static let longest = 80

  /// In quotes, and of a long one its beginning.
  public static func name(_ text: String) -> String { "'\(line(text, longest: longest))'" }

  /// The first `longest` characters of a text.
  public static func line(_ text: String, longest: Int) -> String {
    let scalars = text.unicodeScalars
    guard let end = scalars.index(scalars.startIndex, offsetBy: longest, limitedBy: scalars.endIndex),
      end != scalars.endIndex
    else { return printable(text) }
    return printable(String(scalars[..<end])) + "…"
  }

  /// With '·' in place of what breaks a line, colours it or turns its direction.
  public static func printable(_ text: String) -> String {
    var shown = String.UnicodeScalarView()
    for scalar in text.unicodeScalars { shown.append(isPlain(scalar) ? scalar : "·") }
    return String(shown)
  }

  /// Whether all of the text can be shown as it is.
  public static func isPrintable(_ text: String) -> Bool { text.unicodeScalars.allSatisfy(isPlain) }

  private static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: false
    default: true
    }
  }
}
