/// CRC-32 as zip, PNG and Ethernet use it: polynomial 0x04C11DB7, reflected (PKWARE APPNOTE 4.4.7). The wire's CRC-32C
/// has another polynomial.
enum ZipChecksum {
  static func of(_ bytes: some Sequence<UInt8>) -> UInt32 {
    var rest: UInt32 = .max
    for byte in bytes { rest = table[Int(UInt8(truncatingIfNeeded: rest) ^ byte)] ^ rest >> 8 }
    return ~rest
  }

  private static let table: [UInt32] = (0..<256).map { index in
    (0..<8).reduce(UInt32(index)) { rest, _ in rest & 1 == 1 ? rest >> 1 ^ 0xEDB8_8320 : rest >> 1 }
  }
}
