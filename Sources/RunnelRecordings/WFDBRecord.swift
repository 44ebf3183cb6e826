import RunnelCore

/// A WFDB record open for reading: rows of all its signals in order, a block at a time, in constant memory.
///
///     var record = try WFDBRecord(open: "mitdb/119.hea")
///     try record.seek(to: 36_000)
///     while let samples = try record.next(rows: 360) { … }        // Int16, interleaved: (T, channels)
///
/// Formats 212 and 16, in one shared signal file or several. Samples stay raw; `channels` say how to scale them.
/// The stored checksums are verified by a reader that begins at row 0 and goes to the end, when it asks for more, or
/// at any time by `verifyChecksums()`. A copy is a second, independent reader of the same open files.
public struct WFDBRecord: Sendable {
  public let header: WFDBHeader
  /// The path of the header.
  public let path: String
  /// Name, unit and gain of each signal; without a description the name is `signal0`, `signal1` … by position,
  /// without a unit it is `mV` (none for `NU`), without a gain 200 per unit.
  public let channels: [Channel]
  /// The stored value of each channel that means "no sample here": −2048 in format 212, −32768 in 16.
  public let missing: [Int16]
  /// Rows in all, from the header or else from the size of the files.
  public let rows: Int
  /// The row that is read next.
  public private(set) var position = 0

  private let files: [SignalFile]
  private var block: [UInt8]
  /// Sums of rows 0..<summed, modulo 65536.
  private var sums: [UInt16]
  private var summed = 0

  public var rate: Double { header.rate }
  /// Row 0 as Unix nanoseconds, the header's clock taken for UTC; nil where it gives no time and date.
  public var start: Int64? { header.start }

  /// Opens `NAME.hea` and the signal files it names, in the same folder; `path` may leave out `.hea`.
  ///
  /// Throws for what cannot be read, for a header that is wrong, for what runnel does not support, and for signal
  /// files that are shorter or longer than the header says.
  public init(open path: String) throws(RecordingError) {
    self.path = path.hasSuffix(".hea") ? path : path + ".hea"
    header = try WFDBHeader(contentsOf: self.path)
    try SignalFile.checkSupport(header, path: self.path)
    files = try SignalFile.open(header, path: self.path)
    rows = try SignalFile.rows(header, files, path: self.path)
    channels = header.signals.enumerated().map { index, signal in
      Channel(
        name: signal.name(at: index), unit: signal.usedUnit,
        scaling: .gain(signal.usedGain, baseline: Double(signal.usedBaseline)))
    }
    missing = files.flatMap { file in Array(repeating: file.format.missing, count: file.channels) }
    block = [UInt8](repeating: 0, count: files.map(\.blockSize).max() ?? 0)
    sums = Array(repeating: 0, count: channels.count)
  }

  /// Goes to a row; `rows` is the end. Throws `position` outside 0...rows.
  public mutating func seek(to row: Int) throws(RecordingError) {
    guard (0...rows).contains(row) else {
      throw RecordingError(
        .position, file: path, "row \(row) was asked for, the record has rows 0 to \(rows)",
        remedy: "choose a position inside it")
    }
    position = row
  }

  /// The next rows, interleaved, at most `count` of them; nil at the end.
  public mutating func next(rows count: Int) throws(RecordingError) -> [Int16]? {
    precondition(count > 0, "a chunk has rows")
    var samples = [Int16](repeating: 0, count: min(count, rows - position) * channels.count)
    let outcome: Result<Int, RecordingError> = samples.withUnsafeMutableBufferPointer { buffer in
      do throws(RecordingError) { return .success(try read(into: buffer)) } catch { return .failure(error) }
    }
    return try outcome.get() == 0 ? nil : samples
  }

  /// Fills `buffer` (T, channels) with the next rows and says how many came: 0 only at the end. Allocates nothing.
  ///
  /// Throws `checksum` in place of the 0, where everything was read from row 0 and a stored sum is not that of
  /// the samples.
  public mutating func read(into buffer: UnsafeMutableBufferPointer<Int16>) throws(RecordingError) -> Int {
    guard position < rows, !channels.isEmpty else {
      if summed == rows { try compareChecksums() }
      return 0
    }
    let count = min(buffer.count / channels.count, rows - position)
    precondition(count > 0, "the buffer holds a row at least")
    for file in files {
      try file.read(
        rows: position..<position + count, into: buffer.baseAddress! + file.firstChannel, stride: channels.count,
        block: &block)
    }
    if position <= summed, summed < position + count {
      sum(buffer, rows: summed - position..<count)
      summed = position + count
    }
    position += count
    return count
  }

  /// Reads the whole record once and compares each signal's sum with the stored one, modulo 65536 because writers
  /// disagree about the sign. Nothing is compared where the header gives no checksum or no number of samples.
  public func verifyChecksums() throws(RecordingError) {
    var reader = self
    reader.position = 0
    reader.summed = 0
    for index in reader.sums.indices { reader.sums[index] = 0 }
    let width = max(channels.count, 1)
    var rowsBuffer = [Int16](repeating: 0, count: max(1, 32_768 / width) * width)
    while true {
      let outcome: Result<Int, RecordingError> = rowsBuffer.withUnsafeMutableBufferPointer { buffer in
        do throws(RecordingError) { return .success(try reader.read(into: buffer)) } catch { return .failure(error) }
      }
      if try outcome.get() == 0 { return }
    }
  }

  private mutating func sum(_ buffer: UnsafeMutableBufferPointer<Int16>, rows: Range<Int>) {
    let width = channels.count
    sums.withUnsafeMutableBufferPointer { sums in
      for channel in 0..<width {
        var sum = sums[channel]
        var index = rows.lowerBound * width + channel
        for _ in rows {
          sum &+= UInt16(bitPattern: buffer[index])
          index += width
        }
        sums[channel] = sum
      }
    }
  }

  private func compareChecksums() throws(RecordingError) {
    guard header.rows != nil else { return }
    for (index, signal) in header.signals.enumerated() {
      guard let stored = signal.checksum, UInt16(truncatingIfNeeded: stored) != sums[index] else { continue }
      throw RecordingError(
        .checksum, file: path, at: .line(signal.line, column: nil),
        "signal '\(channels[index].name)' has checksum \(Int16(bitPattern: sums[index])), its header says \(stored)",
        remedy: "copy the record again; its samples are not those that were recorded")
    }
  }
}
