/// How a WFDB signal file stores its samples (FORMATS.md B.1, signal formats); those that runnel reads and writes.
public enum WFDBFormat: Int, Sendable, Hashable, CaseIterable {
  /// Little-endian 16-bit words.
  case format16 = 16
  /// Two 12-bit samples in three bytes, packed over the whole interleaved sequence of the file.
  case format212 = 212

  /// The stored value that says "no sample here".
  public var missing: Int16 { self == .format16 ? -32768 : -2048 }

  /// Stored bits of one sample.
  public var bits: Int { self == .format16 ? 16 : 12 }

  /// The values that can be stored.
  public var range: ClosedRange<Int16> { self == .format16 ? -32768...32767 : -2048...2047 }

  /// Bytes that hold the first `samples` samples; an odd total in 212 ends with two bytes.
  func size(samples: Int) -> Int { self == .format16 ? 2 * samples : (3 * samples + 1) / 2 }

  /// The bytes to read for samples `first`..<`first + count`: whole groups, the last one cut where it may be.
  func span(first: Int, count: Int) -> Range<Int> {
    switch self {
    case .format16: 2 * first..<2 * (first + count)
    case .format212: 3 * (first / 2)..<size(samples: first + count)
    }
  }

  /// Unpacks `count` samples from the bytes of `span(first:count:)`; each k-th lands at `place(k)` of `rows`.
  func decode(
    _ bytes: UnsafePointer<UInt8>, first: Int, count: Int, into rows: UnsafeMutablePointer<Int16>,
    channels: Int, stride: Int
  ) {
    // Within a row the channels of one file are neighbours; the next row is `stride` samples on.
    var target = rows
    var channel = 0
    func advance() {
      channel += 1
      target += 1
      if channel == channels {
        channel = 0
        target += stride - channels
      }
    }
    switch self {
    case .format16:
      for k in 0..<count {
        target.pointee = Int16(bitPattern: UInt16(bytes[2 * k]) | UInt16(bytes[2 * k + 1]) << 8)
        advance()
      }
    case .format212:
      var group = bytes
      var second = first & 1 == 1
      for _ in 0..<count {
        let word =
          second ? UInt16(group[2]) | UInt16(group[1] >> 4) << 8 : UInt16(group[0]) | UInt16(group[1] & 15) << 8
        target.pointee = Int16(bitPattern: word << 4) >> 4
        if second { group += 3 }
        second.toggle()
        advance()
      }
    }
  }
}
