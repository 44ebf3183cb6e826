import RunnelCore

/// The values of one map, gathered while it is read: a column for each channel, and what says when.
///
/// A class, for the columns stay where they are; memory is taken where a message has more rows than any before.
final class FieldValues {
  /// A number as a format has it.
  enum Number {
    case integer(Int64)
    case unsigned(UInt64)
    case real(Double)
    /// `null`: not known.
    case missing

    var double: Double {
      switch self {
      case .integer(let value): Double(value)
      case .unsigned(let value): Double(value)
      case .real(let value): value
      case .missing: .nan
      }
    }
  }

  let channels: Int
  let unit: TimeUnit
  private(set) var timestamp: Int64?
  private(set) var sequence: UInt64?
  private(set) var first: Int64?
  private var columns: [[Double]]
  private var memory = UnsafeMutableRawBufferPointer(start: nil, count: 0)

  init(channels: Int, unit: TimeUnit) {
    self.channels = channels
    self.unit = unit
    columns = Array(repeating: [], count: channels)
  }

  deinit { memory.deallocate() }

  func clear() {
    (timestamp, sequence, first) = (nil, nil, nil)
    for channel in 0..<channels { columns[channel].removeAll(keepingCapacity: true) }
  }

  /// - Returns: what should stand there instead; nil where the number is fine.
  func take(_ number: Number, for target: FieldTree.Target) -> StaticString? {
    switch target {
    case .channel(let channel): columns[channel].append(number.double)
    case .time:
      if case .missing = number { return nil }
      guard timestamp == nil else { return "one time a message, that of its first row" }
      guard let time = unit.nanoseconds(number) else { return "a time within 146 years of its zero" }
      timestamp = time
    case .sequence:
      if case .missing = number { return nil }
      guard sequence == nil else { return "one sequence number a message" }
      guard let value = Self.index(number) else { return "a sequence number, whole and from 0 to below 2^62" }
      sequence = UInt64(value)
    case .first:
      if case .missing = number { return nil }
      guard first == nil else { return "one index a message, that of its first row" }
      guard let value = Self.index(number) else { return "a sample index, whole and from 0 to below 2^62" }
      first = value
    }
    return nil
  }

  func take(timestamp: Int64) { self.timestamp = timestamp }

  /// Values of this channel that have come before; 0 for the others.
  func count(_ target: FieldTree.Target) -> Int {
    if case .channel(let channel) = target { columns[channel].count } else { 0 }
  }

  /// Rows of the longest column.
  var rows: Int {
    var rows = 0
    for channel in 0..<channels { rows = max(rows, columns[channel].count) }
    return rows
  }

  /// A channel that has neither no value nor as many as the longest.
  var unevenChannel: (channel: Int, count: Int)? {
    let rows = rows
    for channel in 0..<channels where !columns[channel].isEmpty && columns[channel].count != rows {
      return (channel, columns[channel].count)
    }
    return nil
  }

  /// The columns one after the other; one without values is missing in every row. Valid until the next `clear`.
  func chunk() -> Chunk {
    let rows = rows
    let size = rows * channels * 8
    if memory.count < size {
      memory.deallocate()
      memory = .allocate(byteCount: size, alignment: 16)
    }
    for channel in 0..<channels {
      for row in 0..<rows {
        let value = columns[channel].isEmpty ? .nan : columns[channel][row]
        memory.storeBytes(of: value, toByteOffset: (channel * rows + row) * 8, as: Double.self)
      }
    }
    return Chunk(
      payload: UnsafeRawBufferPointer(rebasing: memory[..<size]), element: .float64, layout: .planar, rows: rows,
      channels: channels)
  }

  private static func index(_ number: Number) -> Int64? {
    switch number {
    case .integer(let value) where value >= 0 && value < Int64(WireLimits.largestIndex): value
    case .unsigned(let value) where value < WireLimits.largestIndex: Int64(value)
    case .real(let value) where value >= 0 && value < 0x1p62 && value.rounded() == value: Int64(value)
    default: nil
    }
  }
}

/// In what a sender counts its time.
public enum TimeUnit: String, Sendable, CaseIterable {
  case seconds = "s"
  case milliseconds = "ms"
  case microseconds = "us"
  case nanoseconds = "ns"

  /// Of one unit.
  private var scale: Int64 {
    switch self {
    case .seconds: 1_000_000_000
    case .milliseconds: 1_000_000
    case .microseconds: 1000
    case .nanoseconds: 1
    }
  }

  /// Nil where it is not within 146 years of zero. Whole numbers are exact.
  func nanoseconds(_ number: FieldValues.Number) -> Int64? {
    func near(_ value: Int64) -> Int64? {
      let (product, overflows) = value.multipliedReportingOverflow(by: scale)
      return overflows || product.magnitude >= WireLimits.largestIndex ? nil : product
    }
    switch number {
    case .integer(let value): return near(value)
    case .unsigned(let value): return value <= UInt64(Int64.max) ? near(Int64(value)) : nil
    case .real(let value):
      let product = (value * Double(scale)).rounded()
      return abs(product) < 0x1p62 ? Int64(product) : nil
    case .missing: return nil
    }
  }
}
