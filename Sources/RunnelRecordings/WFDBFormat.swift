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

  /// Unpacks `count` samples, whole rows, from the bytes of `span(first:count:)`. The `channels` samples of a row
  /// land side by side; the next row begins `stride` samples on.
  func decode(
    _ bytes: UnsafePointer<UInt8>, first: Int, count: Int, into rows: UnsafeMutablePointer<Int16>,
    channels: Int, stride: Int
  ) {
    if channels == stride {
      decode(bytes, first: first, count: count, into: rows)
      return
    }
    for row in 0..<count / channels {
      let sample = first + row * channels
      let start = span(first: sample, count: channels).lowerBound - span(first: first, count: count).lowerBound
      decode(bytes + start, first: sample, count: channels, into: rows + row * stride)
    }
  }

  private func decode(
    _ bytes: UnsafePointer<UInt8>, first: Int, count: Int, into target: UnsafeMutablePointer<Int16>
  ) {
    var k = 0
    switch self {
    case .format16:
      while k < count {
        target[k] = Int16(bitPattern: UInt16(bytes[2 * k]) | UInt16(bytes[2 * k + 1]) << 8)
        k += 1
      }
    case .format212:
      var group = bytes
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
    }
  }

  /// The two samples of a group; the shift up and down extends the sign of 12 bits.
  private static func first(_ group: UnsafePointer<UInt8>) -> Int16 {
    Int16(bitPattern: (UInt16(group[0]) | UInt16(group[1] & 15) << 8) << 4) >> 4
  }

  private static func second(_ group: UnsafePointer<UInt8>) -> Int16 {
    Int16(bitPattern: (UInt16(group[2]) | UInt16(group[1] >> 4) << 8) << 4) >> 4
  }
}
