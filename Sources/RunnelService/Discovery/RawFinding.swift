import RunnelCore
import RunnelWire

/// What bytes without any description could be: which sizes of items divide every message, and which of the usual
/// types gives numbers that a signal could have.
public struct RawFinding: Sendable {
  /// The largest size that divides every message's data; 0 where all were empty.
  public private(set) var divisor = 0
  /// The first message's, at most so many.
  private var head: [UInt8] = []
  private static let headLimit = 4096
  private var bytes = 0
  /// Of GNU Radio's items, by the offsets of their tag headers: that of the last message, its length, and the first.
  private var last: (offset: Int64, bytes: Int)?
  private var begin: (offset: Int64, time: Int64)?
  private var end: (offset: Int64, time: Int64)?
  /// Bytes of one item of a GNU Radio stream, from its offsets; nil where they do not tell.
  public private(set) var itemSize: Int?
  public private(set) var itemsLost: Int64 = 0
  /// Items a second, as `rx_rate` says.
  public private(set) var declaredRate: Double?

  public init() {}

  mutating func note(_ data: UnsafeRawBufferPointer) {
    if head.isEmpty { head = Array(data.prefix(Self.headLimit)) }
    bytes += data.count
    divisor = Self.greatestCommonDivisor(divisor, data.count)
  }

  /// - Parameter message: items as bytes, with the offset that their tag header has.
  mutating func note(_ message: SampleMessage, at time: Int64) {
    note(message.chunk.payload)
    declaredRate = message.rate ?? declaredRate
    guard let offset = message.first else { return }
    if let last, offset > last.offset, last.bytes > 0 {
      let count = offset - last.offset
      if itemSize == nil, count <= Int64(last.bytes), last.bytes % Int(count) == 0 {
        itemSize = last.bytes / Int(count)
      } else if let itemSize {
        itemsLost = itemsLost.addingClamped(max(0, count - Int64(last.bytes / itemSize)))
      }
    }
    last = (offset, message.chunk.payload.count)
    begin = begin ?? (offset, time)
    end = (offset, time)
  }

  /// Items a second by their offsets; nil where they do not tell.
  public var itemRate: Double? {
    guard let begin, let end, end.time > begin.time, end.offset > begin.offset else { return nil }
    return Double(end.offset - begin.offset) * 1e9 / Double(end.time - begin.time)
  }

  /// Bytes of one message, on average.
  func bytesPerMessage(of messages: Int) -> Double { Double(bytes) / Double(max(messages, 1)) }

  /// Sizes of an item that fit: one value of a type, or one row of several.
  public var itemSizes: [Int] { divisor == 0 ? [] : [1, 2, 4, 8].filter { divisor % $0 == 0 } }

  /// The type, if any, that gives numbers a signal could have: the float whose values are neither NaN nor absurd and
  /// lie closest together, else the integer that moves in small steps.
  public var element: ElementType? {
    let singles = itemSizes.contains(4) ? spread(floats(Float32.self)) : nil
    let doubles = itemSizes.contains(8) ? spread(floats(Float64.self)) : nil
    if singles != nil || doubles != nil {
      return (singles ?? .infinity) <= (doubles ?? .infinity) ? .float32 : .float64
    }
    let halves = itemSizes.contains(2) ? integers(Int16.self) : []
    // Small 32-bit numbers: every second half is nothing but the sign.
    let isWide =
      itemSizes.contains(4) && stride(from: 1, to: halves.count, by: 2).allSatisfy { (-1...0).contains(halves[$0]) }
    if isWide, isSmooth(integers(Int32.self)) { return .int32 }
    return isSmooth(halves) ? .int16 : nil
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
