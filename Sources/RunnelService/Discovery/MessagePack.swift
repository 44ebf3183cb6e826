/// Whether bytes are one MessagePack map, by walking over it; nothing is decoded
/// (github.com/msgpack/msgpack, spec.md).
enum MessagePack {
  /// One map with at least one key, ending where the bytes end.
  static func isMap(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard let first = bytes.first, (0x81...0x8F).contains(first) || first == 0xDE || first == 0xDF else { return false }
    var walk = Walk(bytes: bytes)
    return walk.value(depth: 0) && walk.position == bytes.count
  }

  private struct Walk {
    let bytes: UnsafeRawBufferPointer
    var position = 0

    mutating func value(depth: Int) -> Bool {
      guard depth < 16, position < bytes.count else { return false }
      let byte = bytes[position]
      position += 1
      switch byte {
      case 0x00...0x7F, 0xC0, 0xC2, 0xC3, 0xE0...0xFF: return true
      case 0x80...0x8F: return values(2 * Int(byte & 15), depth)
      case 0x90...0x9F: return values(Int(byte & 15), depth)
      case 0xA0...0xBF: return skip(Int(byte & 31))
      case 0xC4, 0xD9: return length(1).map { skip($0) } ?? false
      case 0xC5, 0xDA: return length(2).map { skip($0) } ?? false
      case 0xC6, 0xDB: return length(4).map { skip($0) } ?? false
      case 0xC7: return length(1).map { skip($0 + 1) } ?? false
      case 0xC8: return length(2).map { skip($0 + 1) } ?? false
      case 0xC9: return length(4).map { skip($0 + 1) } ?? false
      case 0xCC, 0xD0: return skip(1)
      case 0xCD, 0xD1: return skip(2)
      case 0xCA, 0xCE, 0xD2: return skip(4)
      case 0xCB, 0xCF, 0xD3: return skip(8)
      case 0xD4...0xD8: return skip(1 + 1 << Int(byte - 0xD4))
      case 0xDC: return length(2).map { values($0, depth) } ?? false
      case 0xDD: return length(4).map { values($0, depth) } ?? false
      case 0xDE: return length(2).map { values(2 * $0, depth) } ?? false
      case 0xDF: return length(4).map { values(2 * $0, depth) } ?? false
      default: return false
      }
    }

    private mutating func values(_ count: Int, _ depth: Int) -> Bool {
      // Each value has at least one byte.
      guard count <= bytes.count - position else { return false }
      for _ in 0..<count where !value(depth: depth + 1) { return false }
      return true
    }

    private mutating func length(_ size: Int) -> Int? {
      guard position + size <= bytes.count else { return nil }
      defer { position += size }
      return bytes[position..<position + size].reduce(0) { $0 << 8 | Int($1) }
    }

    private mutating func skip(_ count: Int) -> Bool {
      guard count <= bytes.count - position else { return false }
      position += count
      return true
    }
  }
}
