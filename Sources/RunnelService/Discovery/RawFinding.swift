/// What bytes without any description could be: which sizes of items divide every message, and which of the usual
/// types gives numbers that a signal could have.
public struct RawFinding: Sendable {
  /// The largest size that divides every message's data; 0 where all were empty.
  public private(set) var divisor = 0
  /// The first message's, at most so many.
  private var head: [UInt8] = []
  private static let headLimit = 4096
  /// In front of the items: the tag header of GNU Radio, by which its offset is known.
  private var lastOffset: (offset: UInt64, bytes: Int)?
  /// Bytes of one item of a GNU Radio stream, from its offsets; nil where they do not tell.
  public private(set) var itemSize: Int?
  public private(set) var itemsLost: Int64 = 0

  public init() {}

  mutating func note(_ data: UnsafeRawBufferPointer) {
    if head.isEmpty { head = Array(data.prefix(Self.headLimit)) }
    divisor = Self.greatestCommonDivisor(divisor, data.count)
  }

  /// - Parameter part: begins with the tag header (FORMATS.md A.1): magic, version, u64 offset, u64 number of tags.
  mutating func noteTagged(_ part: UnsafeRawBufferPointer) {
    let offset = UInt64(littleEndian: part.loadUnaligned(fromByteOffset: 3, as: UInt64.self))
    let tags = UInt64(littleEndian: part.loadUnaligned(fromByteOffset: 11, as: UInt64.self))
    let items = part.count - 19
    if let last = lastOffset, offset > last.offset, last.bytes > 0 {
      let count = offset - last.offset
      if itemSize == nil, count <= UInt64(last.bytes), last.bytes % Int(count) == 0 {
        itemSize = last.bytes / Int(count)
      } else if let itemSize, count <= UInt64(Int64.max) {
        itemsLost += max(0, Int64(count) - Int64(last.bytes / itemSize))
      }
    }
    // With tags between, the length of the items is not known without reading them.
    lastOffset = tags == 0 ? (offset, items) : nil
    if tags == 0, items > 0 { note(UnsafeRawBufferPointer(rebasing: part[19...])) }
  }

  /// Sizes of an item that fit: one value of a type, or one row of several.
  public var itemSizes: [Int] { divisor == 0 ? [] : [1, 2, 4, 8].filter { divisor % $0 == 0 } }

  /// The type, if any, that gives numbers a signal could have: the float whose values are neither NaN nor absurd and
  /// lie closest together, else the integer that moves in small steps.
  public var type: String? {
    let singles = itemSizes.contains(4) ? spread(floats(Float32.self)) : nil
    let doubles = itemSizes.contains(8) ? spread(floats(Float64.self)) : nil
    if singles != nil || doubles != nil { return (singles ?? .infinity) <= (doubles ?? .infinity) ? "f32" : "f64" }
    let halves = itemSizes.contains(2) ? integers(Int16.self) : []
    // Small 32-bit numbers: every second half is nothing but the sign.
    let isWide =
      itemSizes.contains(4) && stride(from: 1, to: halves.count, by: 2).allSatisfy { (-1...0).contains(halves[$0]) }
    if isWide, isSmooth(integers(Int32.self)) { return "i32" }
    return isSmooth(halves) ? "i16" : nil
  }

  private func floats<T: BinaryFloatingPoint>(_: T.Type) -> [Double] {
    head.withUnsafeBytes { bytes in
      stride(from: 0, through: bytes.count - MemoryLayout<T>.size, by: MemoryLayout<T>.size).map {
        Double(bytes.loadUnaligned(fromByteOffset: $0, as: T.self))
      }
    }
  }

  private func integers<T: FixedWidthInteger>(_: T.Type) -> [Double] {
    head.withUnsafeBytes { bytes in
      stride(from: 0, through: bytes.count - MemoryLayout<T>.size, by: MemoryLayout<T>.size).map {
        Double(T(littleEndian: bytes.loadUnaligned(fromByteOffset: $0, as: T.self)))
      }
    }
  }

  /// How many times larger the large values are than the small; nil where too many are zero, absurd or no numbers. The wrong
  /// width takes parts of mantissas for exponents, which spreads the values over many decades.
  private func spread(_ values: [Double]) -> Double? {
    let sizes = values.filter { (1e-9...1e9).contains(abs($0)) }.map { abs($0) }.sorted()
    let zeros = values.count { $0 == 0 }
    guard !sizes.isEmpty, (sizes.count + zeros) * 20 >= values.count * 19, zeros * 2 < values.count else { return nil }
    return sizes[sizes.count * 19 / 20] / sizes[sizes.count / 20]
  }

  /// Whether neighbours, up to eight channels apart, are closer than strangers: a signal, not noise of other types.
  private func isSmooth(_ values: [Double]) -> Bool {
    guard values.count >= 16, let low = values.min(), let high = values.max(), low < high else { return false }
    return (1...8).contains { lag in
      let steps = zip(values, values.dropFirst(lag)).reduce(0) { $0 + abs($1.1 - $1.0) }
      return steps / Double(values.count - lag) < (high - low) / 6
    }
  }

  private static func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int {
    b == 0 ? a : greatestCommonDivisor(b, a % b)
  }
}
