extension JSONScanner {
  /// Passes over one whole value, of which no object may have a key twice: two readers would disagree about it. Allocates
  /// for objects of many keys and keys with escapes only.
  public mutating func checkValue() throws(JSONError) {
    switch try next() {
    case .beginObject: try checkObject()
    case .beginArray:
      var first = true
      while try element(first: &first) { try checkValue() }
    case .endObject, .endArray: throw JSONError(position - 1, "a value")
    default: break
    }
  }

  private mutating func checkObject() throws(JSONError) {
    var few = InlineArray<32, Key>(repeating: Key(range: 0..<0, escaped: false, mark: 0))
    var count = 0
    var many: Set<String> = []
    var first = true
    while let (range, escaped) = try key(first: &first) {
      if count < few.count {
        let key = Key(range: range, escaped: escaped, mark: mark(range, escaped: escaped))
        for earlier in 0..<count where few[earlier].mark == key.mark && text(few[earlier]) == text(key) {
          throw JSONError(repeated: text(key), at: range.lowerBound)
        }
        few[count] = key
        count += 1
      } else {
        if many.isEmpty { for earlier in 0..<count { many.insert(text(few[earlier])) } }
        let name = text(range, escaped: escaped)
        guard many.insert(name).inserted else { throw JSONError(repeated: name, at: range.lowerBound) }
      }
      try checkValue()
    }
  }

  private struct Key {
    var range: Range<Int>
    var escaped: Bool
    /// Two of different marks are different.
    var mark: UInt64
  }

  private func text(_ key: Key) -> String { text(key.range, escaped: key.escaped) }

  /// FNV-1a of the key's bytes.
  private func mark(_ range: Range<Int>, escaped: Bool) -> UInt64 {
    let start: UInt64 = 0xCBF2_9CE4_8422_2325
    func step(_ mark: UInt64, _ byte: UInt8) -> UInt64 { (mark ^ UInt64(byte)) &* 0x100_0000_01B3 }
    if escaped { return text(range, escaped: true).utf8.reduce(start, step) }
    return bytes[range].reduce(start, step)
  }
}

extension JSONError {
  init(repeated key: String, at byteOffset: Int) {
    self.init(byteOffset, "each key once; \(Quoted.name(key)) is repeated")
  }
}
