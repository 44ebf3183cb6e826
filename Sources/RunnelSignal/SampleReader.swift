import RunnelCore

/// Reads one channel of a chunk as physical f32 samples: any element type, byte order, layout and alignment.
///
/// physical = (raw − baseline) / gain or raw × scale + offset, then × unit factor: in f64, rounded once. Float input
/// counts as physical already, so only the factor is applied. A missing sample (sentinel, outside the range, not
/// finite) comes out as NaN with its `SampleFault`.
public struct SampleReader: Sendable {
  private let scaling: Channel.Scaling
  private let unitFactor: Double
  /// Raw values, before scaling.
  private let missing: [Double]
  /// Physical values in the channel's own unit, before the factor.
  private let range: ClosedRange<Double>?

  public init(
    scaling: Channel.Scaling = .identity, unitFactor: Double = 1, missing: [Double] = [],
    range: ClosedRange<Double>? = nil
  ) {
    self.scaling = scaling
    self.unitFactor = unitFactor
    self.missing = missing
    self.range = range
  }

  /// Writes `rows.count` samples and as many fault bytes, and returns how many samples are missing.
  public func read(
    _ chunk: Chunk, channel: Int, rows: Range<Int>, into physical: UnsafeMutablePointer<Float>,
    faults: UnsafeMutablePointer<UInt8>
  ) -> Int {
    precondition(channel >= 0 && channel < chunk.channels, "a channel of this chunk")
    precondition(rows.lowerBound >= 0 && rows.upperBound <= chunk.rows, "rows of this chunk")
    guard !rows.isEmpty, let base = chunk.payload.baseAddress else { return 0 }
    let column = Column(base, of: chunk, channel: channel, rows: rows)
    return switch (chunk.element, chunk.byteOrder) {
    case (.int8, _): convert(Int8.self, column, physical, faults)
    case (.uint8, _): convert(UInt8.self, column, physical, faults)
    case (.int16, .little): convert(Int16.self, column, physical, faults)
    case (.int16, .big): convert(Swapped<Int16>.self, column, physical, faults)
    case (.uint16, .little): convert(UInt16.self, column, physical, faults)
    case (.uint16, .big): convert(Swapped<UInt16>.self, column, physical, faults)
    case (.int24, .little): convert(Int24Little.self, column, physical, faults)
    case (.int24, .big): convert(Int24Big.self, column, physical, faults)
    case (.int32, .little): convert(Int32.self, column, physical, faults)
    case (.int32, .big): convert(Swapped<Int32>.self, column, physical, faults)
    case (.uint32, .little): convert(UInt32.self, column, physical, faults)
    case (.uint32, .big): convert(Swapped<UInt32>.self, column, physical, faults)
    case (.int64, .little): convert(Int64.self, column, physical, faults)
    case (.int64, .big): convert(Swapped<Int64>.self, column, physical, faults)
    case (.float32, .little): convert(Float.self, column, physical, faults)
    case (.float32, .big): convert(Swapped<Float>.self, column, physical, faults)
    case (.float64, .little): convert(Double.self, column, physical, faults)
    case (.float64, .big): convert(Swapped<Double>.self, column, physical, faults)
    }
  }

  /// Specialised per element type, so that the loop holds no choice but those of scaling.
  private func convert<Element: StoredElement>(
    _ type: Element.Type, _ column: Column, _ physical: UnsafeMutablePointer<Float>,
    _ faults: UnsafeMutablePointer<UInt8>
  ) -> Int {
    if Element.isFloat { return convert(type, column, physical, faults) { $0 } }
    switch scaling {
    case .linear(let scale, let offset): return convert(type, column, physical, faults) { $0 * scale + offset }
    case .gain(let gain, let baseline): return convert(type, column, physical, faults) { ($0 - baseline) / gain }
    }
  }

  @inline(__always)
  private func convert<Element: StoredElement>(
    _ type: Element.Type, _ column: Column, _ physical: UnsafeMutablePointer<Float>,
    _ faults: UnsafeMutablePointer<UInt8>, scaled: (Double) -> Double
  ) -> Int {
    let (first, stride, factor) = (column.first, column.stride, unitFactor)
    // Loops with nothing but arithmetic in them, over neighbours where they are that: the compiler then takes several
    // samples at a time. What is not finite is rare, and looked for afterwards.
    if stride == Element.size {
      for t in 0..<column.count {
        physical[t] = Float(scaled(Element.value(at: first + t * Element.size)) * factor)
      }
    } else {
      for t in 0..<column.count { physical[t] = Float(scaled(Element.value(at: first + t * stride)) * factor) }
    }
    let lost = markNonFinite(column.count, physical, faults)
    if missing.isEmpty, range == nil { return lost }
    return pick(type, column, physical, faults, scaled: scaled)
  }

  /// What is not finite becomes NaN with its fault; returns how many there are.
  private func markNonFinite(
    _ count: Int, _ physical: UnsafeMutablePointer<Float>, _ faults: UnsafeMutablePointer<UInt8>
  ) -> Int {
    faults.update(repeating: 0, count: count)  // SampleFault.none
    let exponent: UInt32 = 0x7F80_0000
    var found: UInt32 = 0
    for t in 0..<count { found |= physical[t].bitPattern & exponent == exponent ? 1 : 0 }
    guard found != 0 else { return 0 }
    var lost = 0
    for t in 0..<count where !physical[t].isFinite {
      faults[t] = 1  // SampleFault.nan
      physical[t] = .nan
      lost += 1
    }
    return lost
  }

  /// The second pass of channels that declare sentinels or a range; counts all that is missing.
  @inline(__always)
  private func pick<Element: StoredElement>(
    _ type: Element.Type, _ column: Column, _ physical: UnsafeMutablePointer<Float>,
    _ faults: UnsafeMutablePointer<UInt8>, scaled: (Double) -> Double
  ) -> Int {
    var lost = 0
    for t in 0..<column.count {
      let raw = Element.value(at: column.first + t * column.stride)
      let fault = judge(raw: raw, physical: scaled(raw), else: faults[t] == 0 ? .none : .nan)
      guard fault != .none else { continue }
      faults[t] = fault.rawValue
      physical[t] = .nan
      lost += 1
    }
    return lost
  }

  /// A sentinel is named as such even where scaling made it infinite or put it out of range.
  private func judge(raw: Double, physical: Double, else fault: SampleFault) -> SampleFault {
    for sentinel in missing where raw == sentinel { return .sentinel }
    if let range, fault == .none, !range.contains(physical) { return .range }
    return fault
  }
}

/// Where the samples of one channel lie.
private struct Column {
  let first: UnsafeRawPointer
  /// Bytes from one sample to the next.
  let stride: Int
  let count: Int

  init(_ base: UnsafeRawPointer, of chunk: Chunk, channel: Int, rows: Range<Int>) {
    let size = chunk.element.size
    count = rows.count
    switch chunk.layout {
    case .interleaved:
      stride = chunk.channels * size
      first = base + rows.lowerBound * stride + channel * size
    case .planar:
      stride = size
      first = base + (channel * chunk.rows + rows.lowerBound) * size
    }
  }
}
