import RunnelCore

/// What GNU Radio puts in front of the items where its sink has pass_tags on (tag_headers.cc;
/// docs/foreign-formats.md §1).
///
///     u16 0x5FF0, u8 version 1, u64 offset of the first item, u64 number of tags
///     a tag: u64 offset of its item, then key, value and source as PMT values
///
/// Of the tags those are kept that say when and how fast: `rx_time`, the first of them, and `rx_rate`, the last.
struct TagHeader {
  /// Index of the first item, since the flowgraph began.
  var first: UInt64
  /// Where the items begin in the part.
  var itemsStart: Int
  /// Unix ns of an item.
  var time: (item: UInt64, nanoseconds: Int64)?
  /// Items a second.
  var rate: Double?

  static let size = 19

  /// Whether the part begins with the magic and the version; bare items do so once in 16 million messages.
  static func begins(_ part: UnsafeRawBufferPointer) -> Bool {
    part.count >= size && part[0] == 0xF0 && part[1] == 0x5F && part[2] == 1
  }

  /// - Parameter bytes: the whole data part.
  init(_ bytes: UnsafeRawBufferPointer, part: Int, limits: WireLimits) throws(DecodeError) {
    precondition(Self.begins(bytes), "a tag header begins with its magic")
    first = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 3, as: UInt64.self))
    guard first < WireLimits.largestIndex else {
      throw DecodeError(.malformed, part: part, byteOffset: 3, expected: "an offset below 2^62", found: "\(first)")
    }
    let tags = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 11, as: UInt64.self))
    // A tag has eleven bytes at least: a count beyond that is a lie.
    guard tags <= UInt64(bytes.count - Self.size) / 11 else {
      throw DecodeError(
        .truncated, part: part, byteOffset: 11, expected: "as many tags as fit", found: "\(tags) tags")
    }
    itemsStart = Self.size
    for _ in 0..<Int(tags) { try readTag(bytes, part: part, limits: limits) }
  }

  private mutating func readTag(
    _ bytes: UnsafeRawBufferPointer, part: Int, limits: WireLimits
  ) throws(DecodeError) {
    guard bytes.count - itemsStart >= 8 else {
      throw DecodeError(
        .truncated, part: part, byteOffset: itemsStart, expected: "a tag's offset",
        found: "\(bytes.count - itemsStart) bytes")
    }
    let item = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: itemsStart, as: UInt64.self))
    var values = PMTScanner(bytes, at: itemsStart + 8, part: part, depthLimit: limits.jsonDepth)
    let key = try values.symbol()
    if isText("rx_time", key, bytes), time == nil {
      time = try values.secondsAndFraction().flatMap(Self.nanoseconds).map { (item, $0) }
    } else if isText("rx_rate", key, bytes) {
      rate = try values.double().flatMap { WireLimits.rates.contains($0) ? $0 : nil } ?? rate
    } else {
      try values.skip()
    }
    try values.skip()
    itemsStart = values.position
  }

  private func isText(_ text: StaticString, _ range: Range<Int>?, _ bytes: UnsafeRawBufferPointer) -> Bool {
    guard let range else { return false }
    return UnsafeRawBufferPointer(rebasing: bytes[range]).equals(text)
  }

  /// Nil where it is no time within 146 years of 1970.
  private static func nanoseconds(_ time: (seconds: UInt64, fraction: Double)) -> Int64? {
    guard time.seconds < 4_600_000_000, (0..<1).contains(time.fraction) else { return nil }
    return Int64(time.seconds) * 1_000_000_000 + Int64((time.fraction * 1e9).rounded())
  }
}
