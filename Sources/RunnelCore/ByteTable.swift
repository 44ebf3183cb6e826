/// Small whole numbers by byte string: finds a stream by the bytes of its topic without making a String of them.
/// Open addressing, linear probing, FNV-1a; entries are never removed.
public struct ByteTable: Sendable {
  private var keys: [[UInt8]?] = Array(repeating: nil, count: 16)
  private var values: [Int] = Array(repeating: 0, count: 16)
  private var count = 0

  public init() {}

  public subscript(key: UnsafeRawBufferPointer) -> Int? {
    get {
      let place = place(of: key)
      return keys[place] == nil ? nil : values[place]
    }
    set {
      guard let newValue else { return }
      if 2 * (count + 1) > keys.count { grow() }
      let place = place(of: key)
      if keys[place] == nil { count += 1 }
      keys[place] = Array(key)
      values[place] = newValue
    }
  }

  private func place(of key: UnsafeRawBufferPointer) -> Int {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in key { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    var place = Int(truncatingIfNeeded: hash ^ (hash >> 32)) & (keys.count - 1)
    while let held = keys[place], !held.elementsEqual(key) { place = (place + 1) & (keys.count - 1) }
    return place
  }

  private mutating func grow() {
    let old = zip(keys, values).compactMap { key, value in key.map { ($0, value) } }
    keys = Array(repeating: nil, count: keys.count * 2)
    values = Array(repeating: 0, count: keys.count)
    count = 0
    for (key, value) in old { key.withUnsafeBytes { self[$0] = value } }
  }
}
