internal import CRunnelKernels

/// CRC-32C (Castagnoli polynomial, reflected 0x82F63B78; RFC 3720 appendix B.4), over one buffer or over several in
/// turn, as a message's checksum runs over its topic, header and payload.
///
///     var checksum = CRC32C()
///     checksum.update(topic)
///     checksum.update(payload)
///     checksum.value
///
/// Eight bytes a step: by the processor's own instruction (SSE 4.2, arm64's CRC extension), or through eight tables
/// ("slicing by 8", Kounavis and Berry, ISCC 2005). It detects damage; it is no protection against malice.
public struct CRC32C: Sendable {
  private var register: UInt32 = .max

  public init() {}

  /// The checksum of everything seen so far.
  public var value: UInt32 { ~register }

  public static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    var checksum = CRC32C()
    checksum.update(bytes)
    return checksum.value
  }

  /// Any alignment.
  public mutating func update(_ bytes: UnsafeRawBufferPointer) {
    if let instruction = Self.instruction {
      register = instruction(register, bytes.baseAddress, Int64(bytes.count))
    } else {
      register = Self.byTables(register, bytes)
    }
  }

  /// As many zero bytes: what a header's own checksum field counts as.
  public mutating func update(zeros count: Int) {
    for _ in 0..<count { register = Self.tables[Int(register & 0xFF)] ^ (register >> 8) }
  }

  private static let instruction = runnel_crc32c_instruction()

  /// What `update` does where there is no instruction.
  static func byTables(_ start: UInt32, _ bytes: UnsafeRawBufferPointer) -> UInt32 {
    tables.withUnsafeBufferPointer { run(start, bytes, $0) }
  }

  private static func run(
    _ start: UInt32, _ bytes: UnsafeRawBufferPointer, _ table: UnsafeBufferPointer<UInt32>
  ) -> UInt32 {
    var crc = start
    var index = 0
    while bytes.count - index >= 8 {
      let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)) ^ UInt64(crc)
      crc =
        table[1792 + Int(word & 0xFF)] ^ table[1536 + Int(word >> 8 & 0xFF)]
        ^ table[1280 + Int(word >> 16 & 0xFF)] ^ table[1024 + Int(word >> 24 & 0xFF)]
        ^ table[768 + Int(word >> 32 & 0xFF)] ^ table[512 + Int(word >> 40 & 0xFF)]
        ^ table[256 + Int(word >> 48 & 0xFF)] ^ table[Int(word >> 56)]
      index += 8
    }
    while index < bytes.count {
      crc = table[Int((crc ^ UInt32(bytes[index])) & 0xFF)] ^ (crc >> 8)
      index += 1
    }
    return crc
  }

  /// (8, 256): row k holds the effect of a byte that k further bytes follow.
  private static let tables: [UInt32] = {
    var table = [UInt32](repeating: 0, count: 8 * 256)
    for byte in 0..<256 {
      var crc = UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0x82F6_3B78 : crc >> 1 }
      table[byte] = crc
    }
    for index in 256..<8 * 256 {
      let before = table[index - 256]
      table[index] = table[Int(before & 0xFF)] ^ before >> 8
    }
    return table
  }()
}
