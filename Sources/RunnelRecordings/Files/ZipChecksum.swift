/// CRC-32 as zip, PNG, MCAP and Ethernet use it: polynomial 0x04C11DB7, reflected (PKWARE APPNOTE 4.4.7). The wire's
/// CRC-32C has another polynomial.
///
/// Eight bytes a step through eight tables ("slicing by 8", Kounavis and Berry, ISCC 2005).
struct ZipChecksum: Sendable {
  private var register: UInt32 = .max

  /// The checksum of everything seen so far.
  var value: UInt32 { ~register }

  static func of(_ bytes: some Sequence<UInt8>) -> UInt32 {
    var checksum = ZipChecksum()
    if bytes.withContiguousStorageIfAvailable({ checksum.update(UnsafeRawBufferPointer($0)) }) == nil {
      Array(bytes).withUnsafeBytes { checksum.update($0) }
    }
    return checksum.value
  }

  mutating func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { update($0) } }

  mutating func update(_ bytes: UnsafeRawBufferPointer) {
    register = Self.tables.withUnsafeBufferPointer { table in
      var crc = register
      var index = 0
      while bytes.count - index >= 8 {
        let low = crc ^ UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt32.self))
        let high = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: index + 4, as: UInt32.self))
        crc = table[1792 + Int(low & 0xFF)]
        crc ^= table[1536 + Int(low >> 8 & 0xFF)]
        crc ^= table[1280 + Int(low >> 16 & 0xFF)]
        crc ^= table[1024 + Int(low >> 24)]
        crc ^= table[768 + Int(high & 0xFF)]
        crc ^= table[512 + Int(high >> 8 & 0xFF)]
        crc ^= table[256 + Int(high >> 16 & 0xFF)]
        crc ^= table[Int(high >> 24)]
        index += 8
      }
      while index < bytes.count {
        crc = table[Int(UInt8(truncatingIfNeeded: crc) ^ bytes[index])] ^ crc >> 8
        index += 1
      }
      return crc
    }
  }

  /// Table k (256 entries): the checksum of a byte that k zero bytes follow.
  private static let tables: [UInt32] = {
    var tables: [UInt32] = (0..<256).map { index in
      var rest = UInt32(index)
      for _ in 0..<8 { rest = rest & 1 == 1 ? rest >> 1 ^ 0xEDB8_8320 : rest >> 1 }
      return rest
    }
    for k in 1..<8 {
      for index in 0..<256 {
        let last = tables[(k - 1) * 256 + index]
        tables.append(tables[Int(last & 0xFF)] ^ last >> 8)
      }
    }
    return tables
  }()
}
