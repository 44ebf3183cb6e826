import RunnelCore
import RunnelSignal
import RunnelWire

/// An electrocardiogram that nobody gave, digitised as MIT-BIH's were: i16, 200 units per millivolt, 0 is 0 mV.
///
///     let source = try SyntheticSource(.init(seed: 7, ventricularFraction: 0.1), stream: "synthetic")
///     source.heard = { beats += $0 }          // the truth about the rows given
///
/// Published or written to a record, in format 212 or 16, the samples are the same ones: clipped to ±2047 (10.2 mV), as
/// a converter of 12 bits does. Made of exact arithmetic only, so a seed gives the same bytes everywhere.
public final class SyntheticSource: SampleSource {
  public let settings: SyntheticECG.Settings
  public let description: StreamDescription
  public let element = ElementType.int16
  public let first: Int64 = 0
  /// Nobody sampled it; a publisher at the original timing gives the rows that of their sending.
  public let start: Int64? = nil
  /// Hears of beats soon after the row of their peak was given.
  public var heard: ([Annotation]) -> Void = { _ in }
  /// Samples that did not fit and were clipped.
  public private(set) var clipped = 0

  private var ecg: SyntheticECG
  private var millivolts: [Float] = []
  private var samples: UnsafeMutableBufferPointer<Int16>

  /// Units per millivolt, and the largest value; −2048 would mean a missing sample in format 212.
  public static let gain = 200.0
  private static let limit = 2047.0

  /// - Throws: `usage` for settings no heart could follow.
  public init(_ settings: SyntheticECG.Settings, stream: String) throws(ServiceError) {
    self.settings = settings
    ecg = try Self.generator(settings)
    description = StreamDescription(
      stream: stream, rate: settings.rate,
      channels: settings.channels.map { channel in
        Channel(name: channel.name, unit: channel.unit, scaling: .gain(Self.gain, baseline: 0))
      }, device: "runnel synth ecg, seed \(settings.seed)", synthetic: true)
    samples = .allocate(capacity: 1)
  }

  deinit { samples.deallocate() }

  public var rowCount: Int64? { settings.rows.map { Int64($0) } }
  public var nextIndex: Int64 { ecg.position }

  public func next(rows count: Int) -> UnsafeRawBufferPointer {
    let wanted = Int(min(Int64(count), (rowCount ?? .max) - ecg.position))
    guard wanted > 0 else { return UnsafeRawBufferPointer(start: nil, count: 0) }
    let values = wanted * settings.leads
    if millivolts.count < values {
      millivolts = [Float](repeating: 0, count: values)
      samples.deallocate()
      samples = .allocate(capacity: values)
    }
    millivolts.withUnsafeMutableBufferPointer { ecg.next(rows: wanted, into: $0.baseAddress!) }
    for index in 0..<values { samples[index] = digitised(millivolts[index]) }
    heard(ecg.takeAnnotations())
    return UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(samples)[..<(values * 2)])
  }

  public func rewind() throws(ServiceError) {
    ecg = try Self.generator(settings)
    clipped = 0
  }

  private func digitised(_ millivolts: Float) -> Int16 {
    let units = (Double(millivolts) * Self.gain).rounded()
    let kept = min(max(units, -Self.limit), Self.limit)
    if kept != units { clipped += 1 }
    return Int16(kept)
  }

  private static func generator(_ settings: SyntheticECG.Settings) throws(ServiceError) -> SyntheticECG {
    do throws(SyntheticECGError) { return try SyntheticECG(settings) } catch { throw ServiceError(.usage, "\(error)") }
  }
}
