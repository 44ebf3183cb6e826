/// Small pieces of sentences.
public enum Phrase {
  /// `a, b or c`
  public static func list(_ words: [String], _ conjunction: String) -> String {
    guard words.count > 1, let last = words.last else { return words.first ?? "" }
    return words.dropLast().joined(separator: ", ") + " \(conjunction) " + last
  }

  /// `1 part`, `3 parts`
  public static func count(_ number: some BinaryInteger, _ noun: String) -> String {
    "\(number) \(noun)\(number == 1 ? "" : "s")"
  }

  /// Whole numbers without `.0`.
  public static func number(_ value: Double) -> String {
    abs(value) < 0x1p53 && value.rounded() == value ? String(Int64(value)) : value.description
  }
}
