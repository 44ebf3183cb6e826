import RunnelCore

/// Writes a WFDB record, streaming: `NAME.dat` grows under a name of its own, and with `finish` both files appear,
/// the header last, so that who sees a header sees a whole record.
///
///     var writer = try WFDBWriter("synth/bed7", channels: channels, rate: 360, format: .format212)
///     try writer.append(samples)          // interleaved: (T, channels)
///     try writer.finish()
///
/// The header carries checksums, first samples, gain, baseline, unit and description. Left unfinished, nothing stays.
public struct WFDBWriter: ~Copyable, Sendable {
  /// Rows written so far.
  public private(set) var rows = 0
  public let format: WFDBFormat

  private let headerPath: String
  private var header: WFDBHeader
  private var file: AtomicFile
  private var sums: [UInt16]
  /// The first sample of an unfinished pair of format 212.
  private var odd: UInt32?
  private var packed: [UInt8] = []

  /// `path` with or without `.hea`; `start` is row 0 in Unix nanoseconds, written as UTC; `information` becomes the
  /// comment lines at the end.
  ///
  /// Throws `unsupported` for names, units or scalings that a header cannot say, and whatever making the file throws.
  public init(
    _ path: String, channels: [Channel], rate: Double, format: WFDBFormat, start: Int64? = nil,
    information: [String] = []
  ) throws(RecordingError) {
    precondition(WFDBFormat.writable.contains(format), "only some formats are written")
    precondition(rate > 0 && rate.isFinite, "a rate is positive")
    let base = path.hasSuffix(".hea") ? String(path.dropLast(4)) : path
    let name = String(base.split(separator: "/", omittingEmptySubsequences: false).last ?? "")
    var header = WFDBHeader(name: name, rate: rate)
    for channel in channels {
      header.signals.append(
        try WFDBHeader.Signal(of: channel, file: name + ".dat", format: format, header: base + ".hea"))
    }
    header.information = information
    header.place(at: start)
    try header.checkWritable(path: base + ".hea")
    let output = try AtomicFile(base + ".dat")
    self.format = format
    headerPath = base + ".hea"
    self.header = header
    file = output
    sums = Array(repeating: 0, count: channels.count)
  }

  /// Appends rows (T, channels).
  ///
  /// Throws `unsupported` for a value that the format cannot hold, `writeFailed` when the disk fails.
  public mutating func append(_ samples: some Collection<some BinaryInteger>) throws(RecordingError) {
    let width = header.signals.count
    guard width > 0, samples.count > 0 else { return }
    precondition(samples.count % width == 0, "rows are whole")
    if let (wrong, value) = samples.enumerated().first(where: { !format.range.contains(Int32(clamping: $1)) }) {
      throw RecordingError(
        .unsupported, file: file.path,
        "row \(rows + wrong / width), signal \(wrong % width): value \(value) is outside "
          + "\(format.range.lowerBound) to \(format.range.upperBound), the range of format \(format.rawValue)",
        remedy: "lower the gain, or write a format of more bits")
    }
    if rows == 0 {
      for (channel, sample) in samples.prefix(width).enumerated() { header.signals[channel].initial = Int(sample) }
    }
    var channel = 0
    for sample in samples {
      sums[channel] &+= UInt16(truncatingIfNeeded: sample)
      channel = channel + 1 == width ? 0 : channel + 1
    }
    packed.removeAll(keepingCapacity: true)
    pack(samples)
    try file.append(packed)
    rows += samples.count / width
  }

  /// Writes what is pending and the header. Nothing may be appended afterwards.
  public mutating func finish() throws(RecordingError) {
    if let word = odd {
      // An odd total ends with two bytes, as wfdb-python writes it (docs/foreign-formats.md §7).
      try file.append([UInt8(word & 0xFF), UInt8(word >> 8 & 0x0F)])
      self.odd = nil
    }
    header.rows = rows
    for (index, sum) in sums.enumerated() { header.signals[index].checksum = Int(Int16(bitPattern: sum)) }
    try file.finish()
    try ByteFile.write(Array(header.text.utf8), to: headerPath)
  }

  private mutating func pack(_ samples: some Collection<some BinaryInteger>) {
    for sample in samples {
      let word = UInt32(truncatingIfNeeded: sample)
      guard format == .format212 else {
        for byte in 0..<UInt32(format.bits / 8) { packed.append(UInt8(truncatingIfNeeded: word >> (8 * byte))) }
        continue
      }
      if let first = odd {
        packed.append(UInt8(truncatingIfNeeded: first))
        packed.append(UInt8(first >> 8 & 0x0F) | UInt8(word >> 8 & 0x0F) << 4)
        packed.append(UInt8(truncatingIfNeeded: word))
        odd = nil
      } else {
        odd = word
      }
    }
  }
}
