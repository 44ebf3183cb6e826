/// Texts that stand plainly in a zip or a pickle: names of members, keys, classes. What is of interest comes first, or
/// in the directory at the end, so no more is looked at, and nothing is read as what it claims to be.
struct ArchiveTexts {
  private let parts: [ArraySlice<UInt8>]
  private static let reach = 1 << 16

  init(_ bytes: [UInt8]) { parts = [bytes.prefix(Self.reach), bytes.suffix(Self.reach)] }

  func hold(_ text: String) -> Bool { hold(Array(text.utf8)) }

  /// As a text of a pickle that is nothing more than this: opcode and length before it.
  func hold(pickled text: String) -> Bool {
    let letters = Array(text.utf8)
    let count = UInt8(letters.count)
    return hold([UInt8(ascii: "X"), count, 0, 0, 0] + letters) || hold([0x8C, count] + letters)
  }

  private func hold(_ needle: [UInt8]) -> Bool {
    parts.contains { part in
      guard part.count >= needle.count else { return false }
      return (part.startIndex...part.endIndex - needle.count).contains { place in
        part[place] == needle[0] && part[place..<place + needle.count].elementsEqual(needle)
      }
    }
  }
}
