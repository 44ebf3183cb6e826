/// Small whole numbers by byte string: finds a stream by the bytes of its topic without making a String of them. The same
/// bytes may be of several owners, which are told apart by number.
/// Open addressing, linear probing, FNV-1a; entries are never removed.
public struct ByteTable: Sendable {
  private struct Entry {
    var owner: Int
    var key: [UInt8]
    var value: Int
  }

  private var entries: [Entry?] = Array(repeating: nil, count: 16)
  private var count = 0

  public init() {}

  public subscript(key: UnsafeRawBufferPointer, of owner: Int) -> Int? {
    get { entries[place(of: key, owner)]?.value }
    set {
      guard let newValue else { return }
      if 2 * (count + 1) > entries.count { grow() }
      let place = place(of: key, owner)
      if entries[place] == nil { count += 1 }
      entries[place] = Entry(owner: owner, key: Array(key), value: newValue)
    }
  }

  private func place(of key: UnsafeRawBufferPointer, _ owner: Int) -> Int {
    var hash = 0xCBF2_9CE4_8422_2325 ^ UInt64(truncatingIfNeeded: owner)
    for byte in key { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    var place = Int(truncatingIfNeeded: hash ^ (hash >> 32)) & (entries.count - 1)
    while let held = entries[place], held.owner != owner || !Self.agree(held.key, key) {
      place = (place + 1) & (entries.count - 1)
    }
    return place
  }

  private static func agree(_ held: [UInt8], _ key: UnsafeRawBufferPointer) -> Bool {
    guard held.count == key.count else { return false }
    for index in key.indices where held[index] != key[index] { return false }
    return true
  }

  private mutating func grow() {
    let old = entries.compactMap { $0 }
    entries = Array(repeating: nil, count: entries.count * 2)
    count = 0
    for entry in old { entry.key.withUnsafeBytes { self[$0, of: entry.owner] = entry.value } }
  }
}
