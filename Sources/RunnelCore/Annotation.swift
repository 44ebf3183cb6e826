/// A mark somebody made in a recording: a beat and its class, a rhythm change, a comment.
public struct Annotation: Sendable, Hashable {
  /// Sample index in the recording.
  public var at: Int64
  public var code: AnnotationCode
  public var subtype: Int8
  public var channel: UInt8
  public var number: Int8
  /// Free text, for example `(AFIB` of a rhythm change.
  public var text: String
  /// Samples from `at` on that it speaks of; 0 where it is a point.
  public var length: Int64

  public init(
    at: Int64, code: AnnotationCode, subtype: Int8 = 0, channel: UInt8 = 0, number: Int8 = 0, text: String = "",
    length: Int64 = 0
  ) {
    self.at = at
    self.code = code
    self.subtype = subtype
    self.channel = channel
    self.number = number
    self.text = text
    self.length = length
  }
}

extension Annotation {
  /// What it says, where a format has only texts: the text, or the code's symbol where there is none.
  public var label: String { code == .comment || !text.isEmpty && !code.isBeat ? text : String(code.symbol) }
}

/// A code of the MIT annotation format, 0 to 49 (docs/foreign-formats.md §7), known by its one-character symbol.
public struct AnnotationCode: RawRepresentable, Sendable, Hashable {
  public var rawValue: UInt8
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// The code whose symbol this is, or nil.
  public init?(symbol: Character) {
    guard let code = Self.symbols.firstIndex(of: symbol), code != 0 else { return nil }
    rawValue = UInt8(code)
  }

  /// A comment, whose text is what it says.
  public static let comment = AnnotationCode(rawValue: 22)
  /// A rhythm change, whose text is the rhythm that begins: `(AFIB`.
  public static let rhythm = AnnotationCode(rawValue: 28)

  /// The symbol printed by every WFDB tool; a space where the code has none.
  public var symbol: Character { Int(rawValue) < Self.symbols.count ? Self.symbols[Int(rawValue)] : " " }

  /// Beats are codes 1 to 13, 25, 30, 34, 35, 38 and 41.
  public var isBeat: Bool {
    switch rawValue {
    case 1...13, 25, 30, 34, 35, 38, 41: true
    default: false
    }
  }

  /// Index = code. Codes 15 and 17 are unused, as is 0.
  private static let symbols = Array("·NLRaVFJASEj/Q~\u{0}|\u{0}sT*D\"=pB^t+u?![]en@xf()r")
}
