import RunnelCore

/// A WFDB record of one segment, open for reading: its frames in order, in constant memory.
///
///     var record = try WFDBRecord(open: "mitdb/119.hea")
///     try record.read(36_000..<36_360, into: frames)      // Int32: (frames, samples of a frame)
///
/// A frame holds the samples of each signal in turn, one where the header says nothing else. All formats of
/// `WFDBFormat`, in one shared signal file or several; skewed signals are shifted back into step. A copy is a second,
/// independent reader of the same open files.
public struct WFDBRecord: Sendable {
  public let header: WFDBHeader
  /// The path of the header.
  public let path: String
  /// Frames in all, from the header or else from the size of the files.
  public let rows: Int
  /// Samples of a frame.
  public let width: Int

  private var files: [SignalFile]
  private var scratch: [Int32] = []
  private var skewed: [Int32] = []
  /// Frames by which the most skewed signal lags.
  private let reach: Int

  /// Frames a second.
  public var rate: Double { header.rate }
  /// Row 0 as Unix nanoseconds, the header's clock taken for UTC; nil where it gives no time and date.
  public var start: Int64? { header.start }

  /// Opens `NAME.hea` and the signal files it names, in the same folder; `path` may leave out `.hea`.
  ///
  /// Throws for what cannot be read, for a header that is wrong, and for signal files that are shorter or longer than
  /// the header says.
  public init(open path: String) throws(RecordingError) {
    let path = WFDBHeader.path(path)
    try self.init(try WFDBHeader(contentsOf: path), path: path)
  }

  init(_ header: WFDBHeader, path: String) throws(RecordingError) {
    self.header = header
    self.path = path
    if header.isMultiSegment {
      throw RecordingError(
        .malformed, file: path, "'\(header.name)' has segments of its own where a single one was expected",
        remedy: "list the innermost segments")
    }
    files = try SignalFile.open(header, path: path)
    rows = try SignalFile.rows(header, files, path: path)
    width = files.reduce(0) { $0 + $1.width }
    let reach = header.signals.map { ($0.skew + $0.samplesPerFrame - 1) / $0.samplesPerFrame }.max() ?? 0
    self.reach = reach
    guard width <= 1 << 20, reach * width <= 1 << 24 else {
      throw RecordingError(
        .unsupported, file: path,
        "a frame of \(width) samples and a skew of \(reach) frames are more than is read here",
        remedy: "correct the header")
    }
  }

  /// Name, unit and gain of each signal; without a description the name is `signal0`, `signal1` … by position, without
  /// a unit it is `mV` (none for `NU`), without a gain 200 per unit.
  public var channels: [Channel] {
    header.signals.enumerated().map { index, signal in
      Channel(
        name: signal.name(at: index), unit: signal.usedUnit,
        scaling: .gain(signal.usedGain, baseline: Double(signal.usedBaseline)), missing: Double(signal.missing))
    }
  }

  /// Fills `target` (frames, width). Behind the end a skewed signal has no samples: its format's missing value.
  public mutating func read(
    _ frames: Range<Int>, into target: UnsafeMutableBufferPointer<Int32>
  ) throws(RecordingError) {
    precondition(frames.lowerBound >= 0 && frames.upperBound <= rows, "the record has these frames")
    precondition(target.count >= frames.count * width, "the buffer holds the frames")
    guard !frames.isEmpty, width > 0 else { return }
    if reach == 0 { return try readStored(frames, into: target.baseAddress!) }
    let stored = frames.lowerBound..<min(frames.upperBound + reach, rows)
    var frameBuffer = skewed
    if frameBuffer.count < stored.count * width { frameBuffer = [Int32](repeating: 0, count: stored.count * width) }
    let outcome: Result<Void, RecordingError> = frameBuffer.withUnsafeMutableBufferPointer { buffer in
      do throws(RecordingError) { return .success(try readStored(stored, into: buffer.baseAddress!)) } catch {
        return .failure(error)
      }
    }
    try outcome.get()
    shift(frameBuffer, stored.count, into: target, frames.count)
    skewed = frameBuffer
  }

  private func shift(
    _ stored: [Int32], _ storedCount: Int, into target: UnsafeMutableBufferPointer<Int32>, _ count: Int
  ) {
    var offset = 0
    for signal in header.signals {
      for frame in 0..<count {
        for k in 0..<signal.samplesPerFrame {
          let place = frame * signal.samplesPerFrame + k + signal.skew
          let (source, inside) = (place / signal.samplesPerFrame, place % signal.samplesPerFrame)
          target[frame * width + offset + k] =
            source < storedCount ? stored[source * width + offset + inside] : signal.missing
        }
      }
      offset += signal.samplesPerFrame
    }
  }

  private mutating func readStored(
    _ frames: Range<Int>, into target: UnsafeMutablePointer<Int32>
  ) throws(RecordingError) {
    for index in files.indices {
      try files[index].read(frames, into: target, stride: width, scratch: &scratch)
    }
  }

  /// Reads the whole record anew and compares every checksum that the header has, skewed samples included; quietly
  /// nothing where it gives no number of samples.
  public func verifyChecksums() throws(RecordingError) {
    guard header.rows != nil, rows > 0, header.signals.contains(where: { $0.format != 0 && $0.checksum != nil }) else {
      return
    }
    var reader = self
    var sums = [UInt16](repeating: 0, count: header.signals.count)
    let step = max(1, 32_768 / width)
    var frames = [Int32](repeating: 0, count: min(step, rows) * width)
    var next = 0
    while next < rows {
      let count = min(step, rows - next)
      let outcome: Result<Void, RecordingError> = frames.withUnsafeMutableBufferPointer { buffer in
        do throws(RecordingError) {
          try reader.readStored(next..<next + count, into: buffer.baseAddress!)
          sum(buffer.baseAddress!, count, into: &sums)
          return .success(())
        } catch { return .failure(error) }
      }
      try outcome.get()
      next += count
    }
    try compare(sums)
  }

  private func sum(_ frames: UnsafePointer<Int32>, _ count: Int, into sums: inout [UInt16]) {
    var offset = 0
    for (index, signal) in header.signals.enumerated() {
      var sum = sums[index]
      for frame in 0..<count {
        for k in 0..<signal.samplesPerFrame { sum &+= UInt16(truncatingIfNeeded: frames[frame * width + offset + k]) }
      }
      sums[index] = sum
      offset += signal.samplesPerFrame
    }
  }

  private func compare(_ sums: [UInt16]) throws(RecordingError) {
    for (index, signal) in header.signals.enumerated() where signal.format != 0 {
      guard let stored = signal.checksum, UInt16(truncatingIfNeeded: stored) != sums[index] else { continue }
      throw RecordingError(
        .checksum, file: path, at: .line(signal.line, column: nil),
        "signal '\(signal.name(at: index))' has checksum \(Int16(bitPattern: sums[index])), its header says \(stored)",
        remedy: "copy the record again; its samples are not those that were recorded")
    }
  }
}

extension WFDBHeader.Signal {
  /// What stands for a sample that is not there.
  var missing: Int32 { (WFDBFormat(rawValue: format) ?? .format16).missing }
}

extension WFDBHeader {
  /// The header's path, whether `.hea` was given or not.
  static func path(_ path: String) -> String { path.hasSuffix(".hea") ? path : path + ".hea" }
}
