import RunnelCore
import Testing

@testable import RunnelSignal

/// Values stored as the element type says, at the byte order and layout given, after `offset` stray bytes.
private struct Stored {
  var bytes: [UInt8]
  var offset: Int

  func withChunk<R>(
    _ element: ElementType, _ order: ByteOrder, _ layout: SampleLayout, rows: Int, channels: Int,
    _ body: (Chunk) -> R
  ) -> R {
    bytes.withUnsafeBytes {
      body(
        Chunk(
          payload: UnsafeRawBufferPointer(rebasing: $0[offset...]), element: element, byteOrder: order, layout: layout,
          rows: rows, channels: channels))
    }
  }
}

private func encode(_ value: Double, _ element: ElementType, _ order: ByteOrder) -> [UInt8] {
  let bits: UInt64 =
    switch element {
    case .float32: UInt64(Float(value).bitPattern)
    case .float64: value.bitPattern
    default: UInt64(bitPattern: Int64(value))
    }
  let little = (0..<element.size).map { UInt8(truncatingIfNeeded: bits >> (8 * $0)) }
  return order == .little ? little : little.reversed()
}

/// `values` is (rows, channels).
private func store(
  _ values: [[Double]], _ element: ElementType, _ order: ByteOrder = .little, _ layout: SampleLayout = .interleaved,
  offset: Int = 0
) -> Stored {
  var bytes = [UInt8](repeating: 0xAA, count: offset)
  switch layout {
  case .interleaved: for row in values { for value in row { bytes += encode(value, element, order) } }
  case .planar: for c in values[0].indices { for row in values { bytes += encode(row[c], element, order) } }
  }
  return Stored(bytes: bytes, offset: offset)
}

private func read(
  _ reader: SampleReader, _ chunk: Chunk, channel: Int = 0, rows: Range<Int>? = nil
) -> (samples: [Float], faults: [UInt8], lost: Int) {
  let rows = rows ?? 0..<chunk.rows
  var samples = [Float](repeating: -1, count: rows.count)
  var faults = [UInt8](repeating: 99, count: rows.count)
  let lost = reader.read(chunk, channel: channel, rows: rows, into: &samples, faults: &faults)
  return (samples, faults, lost)
}

@Suite struct SampleReaderTests {
  @Test(arguments: ElementType.allCases)
  func `every type, byte order, layout and alignment gives the same values`(element: ElementType) {
    let signed = element != .uint8 && element != .uint16 && element != .uint32
    let lowest = signed ? -50 : 0
    let rows: [[Double]] = (0..<7).map { (t: Int) -> [Double] in
      (0..<3).map { (c: Int) -> Double in Double((t * 17 + c * 5) % 100 + lowest) }
    }
    let reader = SampleReader()
    for order in [ByteOrder.little, .big] {
      for layout in [SampleLayout.interleaved, .planar] {
        for offset in 0..<4 {
          let stored = store(rows, element, order, layout, offset: offset)
          stored.withChunk(element, order, layout, rows: 7, channels: 3) { chunk in
            for c in 0..<3 {
              #expect(read(reader, chunk, channel: c).samples == rows.map { Float($0[c]) })
              #expect(read(reader, chunk, channel: c, rows: 2..<5).samples == rows[2..<5].map { Float($0[c]) })
            }
          }
        }
      }
    }
  }

  @Test func `the ends of 24 and 64 bits are read with their sign`() {
    store([[-8_388_608], [8_388_607], [-1]], .int24).withChunk(.int24, .little, .interleaved, rows: 3, channels: 1) {
      #expect(read(SampleReader(), $0).samples == [-8_388_608, 8_388_607, -1])
    }
    store([[-0x1p63], [0x1p62]], .int64, .big).withChunk(.int64, .big, .interleaved, rows: 2, channels: 1) {
      #expect(read(SampleReader(), $0).samples == [-0x1p63, 0x1p62])
    }
  }

  @Test func `integers are scaled in f64 and rounded once`() {
    store([[1023], [-7]], .int16).withChunk(.int16, .little, .interleaved, rows: 2, channels: 1) { chunk in
      let linear = SampleReader(scaling: .linear(scale: 0.005, offset: -5.12), unitFactor: 1000)
      #expect(read(linear, chunk).samples == [Float((1023 * 0.005 - 5.12) * 1000), Float((-7 * 0.005 - 5.12) * 1000)])
      let gain = SampleReader(scaling: .gain(200, baseline: 1024))
      #expect(read(gain, chunk).samples == [Float(-1.0 / 200), Float(-1031.0 / 200)])
    }
  }

  @Test func `float input is physical already and takes only the unit factor`() {
    store([[2.5]], .float32).withChunk(.float32, .little, .interleaved, rows: 1, channels: 1) { chunk in
      let reader = SampleReader(scaling: .linear(scale: 100, offset: 1), unitFactor: 0.001)
      #expect(read(reader, chunk).samples == [Float(2.5 * 0.001)])
    }
  }

  @Test func `missing samples come out as NaN with their reason`() {
    let values = [[1.0], [.nan], [.infinity], [-999], [6], [-5], [1e300], [5]]
    store(values, .float64).withChunk(.float64, .little, .interleaved, rows: 8, channels: 1) { chunk in
      let made = read(SampleReader(missing: [-32768, -999], range: -5...5), chunk)
      let expected: [SampleFault] = [.none, .nan, .nan, .sentinel, .range, .none, .nan, .none]
      #expect(made.faults == expected.map(\.rawValue) && made.lost == 5)
      #expect(zip(made.samples, expected).allSatisfy { $0.isNaN == ($1 != .none) })
    }
    #expect(SampleFault.allCases.map(\.reason) == [nil, .nan, .sentinel, .range, .flat])
  }

  @Test func `sentinels are raw values and the range is in the channel's own unit`() {
    store([[-32768], [1000], [2000]], .int16).withChunk(.int16, .little, .interleaved, rows: 3, channels: 1) { chunk in
      let reader = SampleReader(
        scaling: .linear(scale: 0.001, offset: 0), unitFactor: 1000, missing: [-32768], range: -1.5...1.5)
      let made = read(reader, chunk)
      #expect(made.faults == [2, 0, 3] && made.samples[1] == 1000)
    }
  }

  @Test func `no rows are no work`() {
    let chunk = Chunk(payload: UnsafeRawBufferPointer(start: nil, count: 0), element: .int16, rows: 0, channels: 2)
    #expect(read(SampleReader(), chunk).lost == 0)
  }
}

@Suite struct FlatDetectorTests {
  private func mark(_ samples: [Float], _ cuts: [Int], faults: [UInt8]? = nil) -> ([UInt8], FlatDetector.Run) {
    let detector = FlatDetector(longest: 3)
    var (samples, faults) = (samples, faults ?? [UInt8](repeating: 0, count: samples.count))
    var run = FlatDetector.Run()
    let edges = [0] + cuts + [samples.count]
    for (from, to) in zip(edges, edges.dropFirst()) {
      samples.withUnsafeMutableBufferPointer { samples in
        faults.withUnsafeMutableBufferPointer { faults in
          _ = detector.mark(
            UnsafeMutableBufferPointer(rebasing: samples[from..<to]), faults: faults.baseAddress! + from, run: &run)
        }
      }
    }
    #expect(zip(samples, faults).allSatisfy { $0.isNaN == ($1 == SampleFault.flat.rawValue) })
    return (faults, run)
  }

  @Test func `a run is missing from the sample after the longest believed one`() {
    #expect(mark([1, 2, 2, 2, 2, 2, 3, 3], []).0 == [0, 0, 0, 0, 4, 4, 0, 0])
  }

  @Test func `cuts do not change what is flat`() {
    let samples = (0..<60).map { Float($0 / 7 % 3) }
    let whole = mark(samples, [])
    for cut in 0...60 { #expect(mark(samples, [cut]) == whole) }
    #expect(mark(samples, Array(0...60)) == whole)
  }

  @Test func `a sample missing for another reason ends the run`() {
    #expect(mark([5, 5, 5, 9, 5, 5, 5], [], faults: [0, 0, 0, 0, 0, 0, 0]).0 == [0, 0, 0, 0, 0, 0, 0])
    let detector = FlatDetector(longest: 2)
    var (samples, faults): ([Float], [UInt8]) = ([5, 5, .nan, 5, 5, 5], [0, 0, 2, 0, 0, 0])
    var run = FlatDetector.Run()
    let marked = samples.withUnsafeMutableBufferPointer { detector.mark($0, faults: &faults, run: &run) }
    #expect(marked == 1 && faults == [0, 0, 2, 0, 0, 4])
  }
}

@Suite struct UnitsTests {
  @Test func `units of one dimension convert by correctly rounded factors`() {
    for micro in ["uV", "\u{B5}V", "\u{3BC}V"] { #expect(Units.factor(from: micro, to: "mV") == 0.001) }
    #expect(Units.factor(from: "V", to: "mV") == 1000 && Units.factor(from: "nV", to: "uV") == 0.001)
    #expect(Units.factor(from: "mg", to: "m/s2") == 0.00980665 && Units.factor(from: "m/s^2", to: "m/s2") == 1)
    #expect(Units.factor(from: "kPa", to: "Pa") == 1000 && Units.factor(from: "mmHg", to: "Pa") == 133.322387415)
    #expect(Units.factor(from: "%", to: "1") == 0.01)
  }

  @Test func `units of different dimensions do not convert`() {
    #expect(Units.factor(from: "mV", to: "g") == nil && Units.factor(from: "mV", to: "MV") == nil)
    #expect(Units.factor(from: "furlong", to: "mV") == nil && !Units.isKnown("furlong"))
  }

  @Test func `an unknown unit is itself`() { #expect(Units.factor(from: "adu", to: "adu") == 1) }
}
