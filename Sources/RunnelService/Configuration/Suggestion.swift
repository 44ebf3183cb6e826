/// Finds the word that was probably meant: "did you mean".
public enum Suggestion {
  /// The nearest of `candidates`, the first of equals; nil where none is near. A third of the letters may differ;
  /// capitals and hyphens for underscores count as nothing.
  public static func nearest(to word: String, among candidates: some Sequence<String>) -> String? {
    let wanted = folded(word)
    var best: (word: String, distance: Int)?
    for candidate in candidates {
      let other = folded(candidate)
      let limit = max(1, min(wanted.count, other.count) / 3)
      // One letter for another in a short word is another word: 'on' is not 'us'.
      if min(wanted.count, other.count) < 3 && wanted != other { continue }
      let distance = distance(wanted, other)
      if distance <= limit && distance < best?.distance ?? .max { best = (candidate, distance) }
    }
    return best?.word
  }

  /// Insertions, deletions, substitutions and swaps of neighbours that lead from one word to the other (optimal
  /// string alignment; Boytsov, ACM JEA 16, 2011).
  static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
    if a.isEmpty || b.isEmpty { return max(a.count, b.count) }
    var beforeLast = [Int](repeating: 0, count: b.count + 1)
    var last = Array(0...b.count)
    for i in 1...a.count {
      var row = [Int](repeating: i, count: b.count + 1)
      for j in 1...b.count {
        let cost = a[i - 1] == b[j - 1] ? 0 : 1
        row[j] = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + cost)
        if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
          row[j] = min(row[j], beforeLast[j - 2] + 1)
        }
      }
      (beforeLast, last) = (last, row)
    }
    return last[b.count]
  }

  /// Long words are cut: the table's words are short, and the work is quadratic.
  private static func folded(_ word: String) -> [UInt8] {
    word.utf8.prefix(64).map { byte in
      switch byte {
      case UInt8(ascii: "-"), UInt8(ascii: " "): UInt8(ascii: "_")
      case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte + 32
      default: byte
      }
    }
  }
}
