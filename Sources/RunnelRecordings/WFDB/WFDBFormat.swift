/// How a WFDB signal file stores its samples (docs/foreign-formats.md §7, signal formats).
public enum WFDBFormat: Int, Sendable, Hashable, CaseIterable {
  /// First differences of one byte, of each signal from its `initial` on.
  case format8 = 8
  case format16 = 16
  case format24 = 24
  case format32 = 32
  /// 16 bits, the high byte first.
  case format61 = 61
  /// One byte, less 128.
  case format80 = 80
  /// 16 bits, less 32768.
  case format160 = 160
  /// Two 12-bit samples in three bytes, packed over the whole interleaved sequence of the file.
  case format212 = 212
  /// Three 10-bit samples in two 16-bit words.
  case format310 = 310
  /// Three 10-bit samples in a 32-bit word.
  case format311 = 311

  /// Those that are written.
  public static let writable: [WFDBFormat] = [.format16, .format24, .format32, .format212]

  /// The value that says "no sample here". Differences have none of their own; to what reads WFDB −32768 is one.
  public var missing: Int32 {
    switch self {
    case .format8, .format16, .format61, .format160: -32768
    case .format24: -8_388_608
    case .format32: .min
    case .format80: -128
    case .format212: -2048
    case .format310, .format311: -512
    }
  }

  /// Stored bits of one sample.
  public var bits: Int {
    switch self {
    case .format8, .format80: 8
    case .format16, .format61, .format160: 16
    case .format24: 24
    case .format32: 32
    case .format212: 12
    case .format310, .format311: 10
    }
  }

  /// The values that can be stored, `missing` among them.
  public var range: ClosedRange<Int32> { missing...(-(missing + 1)) }

  /// Samples that are packed together, and the bytes they take.
  private var group: (samples: Int, bytes: Int) {
    switch self {
    case .format8, .format80: (1, 1)
    case .format16, .format61, .format160: (1, 2)
    case .format24: (1, 3)
    case .format32: (1, 4)
    case .format212: (2, 3)
    case .format310, .format311: (3, 4)
    }
  }

  /// Bytes that hold the first `samples` samples; a group may be cut behind the last byte in use.
  func size(samples: Int) -> Int {
    let rest = samples % group.samples
    let whole = samples / group.samples * group.bytes
    // The third sample of 310 lies in both words, the second of 311 in the first three bytes.
    return whole + (rest == 0 ? 0 : self == .format310 ? 2 * rest : rest + 1)
  }

  /// The sizes that a file of so many samples may have: an odd one may be padded to a whole group.
  func sizes(samples: Int) -> ClosedRange<Int> {
    let least = size(samples: samples)
    let groups = (samples + group.samples - 1) / group.samples
    return least...max(least, groups * group.bytes)
  }

  /// The samples in so many bytes.
  func samples(bytes: Int) -> Int {
    var samples = bytes / group.bytes * group.samples
    while size(samples: samples + 1) <= bytes { samples += 1 }
    return samples
  }

  /// The bytes to read for samples `first`..<`first + count`: whole groups, the last one cut where it may be.
  func span(first: Int, count: Int) -> Range<Int> {
    first / group.samples * group.bytes..<size(samples: first + count)
  }

  /// Unpacks samples `first`..<`first + count` from the bytes of their span. Of format 8 these are the differences.
  ///
  /// - Parameter bytes: readable for three bytes more than the span.
  func decode(
    _ bytes: UnsafePointer<UInt8>, first: Int, count: Int, into target: UnsafeMutablePointer<Int32>
  ) {
    func word(_ k: Int) -> UInt32 { UInt32(bytes[k]) | UInt32(bytes[k + 1]) << 8 }
    switch self {
    case .format8: for k in 0..<count { target[k] = Int32(Int8(bitPattern: bytes[k])) }
    case .format80: for k in 0..<count { target[k] = Int32(bytes[k]) - 128 }
    case .format16:
      for k in 0..<count { target[k] = Int32(Int16(truncatingIfNeeded: word(2 * k))) }
    case .format160: for k in 0..<count { target[k] = Int32(word(2 * k)) - 32768 }
    case .format61:
      for k in 0..<count { target[k] = Int32(Int16(truncatingIfNeeded: word(2 * k)).byteSwapped) }
    case .format24:
      for k in 0..<count { target[k] = Self.signed(word(3 * k) | UInt32(bytes[3 * k + 2]) << 16, bits: 24) }
    case .format32:
      for k in 0..<count { target[k] = Int32(bitPattern: word(4 * k) | word(4 * k + 2) << 16) }
    case .format212:
      var group = bytes
      var k = 0
      if first & 1 == 1, count > 0 {
        target[0] = Self.second(group)
        group += 3
        k = 1
      }
      while k + 1 < count {
        target[k] = Self.first(group)
        target[k + 1] = Self.second(group)
        group += 3
        k += 2
      }
      if k < count { target[k] = Self.first(group) }
    case .format310, .format311:
      for k in 0..<count {
        let sample = first + k
        let group = 4 * (sample / 3 - first / 3)
        let (low, high) = (word(group), word(group + 2))
        let packed =
          switch (self, sample % 3) {
          case (.format310, 0): low >> 1
          case (.format310, 1): high >> 1
          case (.format310, _): low >> 11 | (high >> 11) << 5
          case (_, let place): (low | high << 16) >> UInt32(10 * place)
          }
        target[k] = Self.signed(packed, bits: 10)
      }
    }
  }

  /// The lowest bits with their sign: up and down again.
  private static func signed(_ value: UInt32, bits: UInt32) -> Int32 {
    Int32(bitPattern: value << (32 - bits)) >> Int32(32 - bits)
  }

  private static func first(_ group: UnsafePointer<UInt8>) -> Int32 {
    signed(UInt32(group[0]) | UInt32(group[1] & 15) << 8, bits: 12)
  }

  private static func second(_ group: UnsafePointer<UInt8>) -> Int32 {
    signed(UInt32(group[2]) | UInt32(group[1] >> 4) << 8, bits: 12)
  }
}
