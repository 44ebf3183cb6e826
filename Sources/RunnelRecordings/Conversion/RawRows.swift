import RunnelCore

/// Rows of a track as raw numbers in f64, with NaN for a missing one, read a block at a time.
struct RawRows {
  let recording: any Recording
  let track: Int

  static let blockRows = 4096

  /// Calls `body` with blocks in order: the first row's index, and (rows, channels).
  ///
  /// - Parameter progress: hears how many rows are done.
  func forEach(
    progress: (Int) -> Void = { _ in }, _ body: (Int, [Double]) throws(RecordingError) -> Void
  ) throws(RecordingError) {
    let described = recording.tracks[track]
    let width = described.channels.count
    var done = 0
    for run in described.runs {
      var row = run.lowerBound
      while row < run.upperBound {
        let count = min(Self.blockRows, run.upperBound - row)
        let bytes = try recording.bytes(row..<row + count, of: track)
        var values = [Double](repeating: 0, count: count * width)
        bytes.withUnsafeBytes { raw in
          for (column, channel) in described.channels.enumerated() {
            for place in stride(from: column, to: values.count, by: width) {
              let value = Self.value(raw, place, described.element)
              values[place] = value == channel.missing ? .nan : value
            }
          }
        }
        try body(row, values)
        row += count
        done += count
        progress(done)
      }
    }
  }

  private static func value(_ raw: UnsafeRawBufferPointer, _ place: Int, _ element: ElementType) -> Double {
    func load<T: FixedWidthInteger & BitwiseCopyable>(_: T.Type) -> T {
      T(littleEndian: raw.loadUnaligned(fromByteOffset: place * MemoryLayout<T>.size, as: T.self))
    }
    switch element {
    case .int8: return Double(load(Int8.self))
    case .uint8: return Double(load(UInt8.self))
    case .int16: return Double(load(Int16.self))
    case .uint16: return Double(load(UInt16.self))
    case .int32: return Double(load(Int32.self))
    case .uint32: return Double(load(UInt32.self))
    case .int64: return Double(load(Int64.self))
    case .float32: return Double(Float(bitPattern: load(UInt32.self)))
    case .float64: return Double(bitPattern: load(UInt64.self))
    case .int24:
      let bytes = (0..<3).reduce(UInt32(0)) { $0 | UInt32(raw[3 * place + $1]) << UInt32(8 * $1 + 8) }
      return Double(Int32(bitPattern: bytes) >> 8)
    }
  }
}

extension Channel.Scaling {
  func physical(_ raw: Double) -> Double {
    switch self {
    case .linear(let scale, let offset): raw * scale + offset
    case .gain(let gain, let baseline): (raw - baseline) / gain
    }
  }

  /// As gain and baseline.
  var gainAndBaseline: (gain: Double, baseline: Double) {
    switch self {
    case .linear(let scale, let offset): (1 / scale, -offset / scale)
    case .gain(let gain, let baseline): (gain, baseline)
    }
  }
}

/// What a first reading of a track finds: what a format must hold.
struct TrackSurvey {
  struct Extent {
    /// Of raw values that are there.
    var range: ClosedRange<Double>?
    var missing = 0
    /// Whether all of them are whole numbers.
    var isWhole = true
  }

  private(set) var extents: [Extent]
  /// Infinite values, which no integer format has.
  private(set) var infinities = 0

  init(_ rows: RawRows, progress: (Int) -> Void) throws(RecordingError) {
    let width = rows.recording.tracks[rows.track].channels.count
    extents = Array(repeating: Extent(), count: width)
    var (extents, infinities) = (extents, 0)
    try rows.forEach(progress: progress) { (_, values) throws(RecordingError) in
      for (place, value) in values.enumerated() {
        let column = place % width
        if value.isNaN {
          extents[column].missing += 1
        } else if value.isInfinite {
          infinities += 1
        } else {
          let range = extents[column].range ?? value...value
          extents[column].range = min(range.lowerBound, value)...max(range.upperBound, value)
          if value != value.rounded() { extents[column].isWhole = false }
        }
      }
    }
    (self.extents, self.infinities) = (extents, infinities)
  }
}
