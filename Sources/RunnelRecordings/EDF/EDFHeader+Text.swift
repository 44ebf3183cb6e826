import RunnelCore

/// The header as bytes.
extension EDFHeader {
  /// - Parameter records: of the file; what `finish` patches.
  func encoded(records: Int) -> [UInt8] {
    var bytes: [UInt8] = bits == 24 ? [0xFF] + Array("BIOSEMI".utf8) : Self.padded("0", 8)
    func put(_ text: String, _ width: Int) { bytes += Self.padded(text, width) }
    put(patient, 80)
    put(recording, 80)
    let clock = clock
    put(clock.day, 8)
    put(clock.time, 8)
    put("\(size)", 8)
    put(bits == 24 ? "BDF+C" : "EDF+C", 44)
    put("\(records)", 8)
    put(Self.eight(duration), 8)
    put("\(signals.count)", 4)
    for signal in signals { put(signal.label, 16) }
    for signal in signals { put(signal.transducer, 80) }
    for signal in signals { put(signal.unit, 8) }
    for signal in signals {
      put(Self.eight(signal.isInverted ? signal.physical.upperBound : signal.physical.lowerBound), 8)
    }
    for signal in signals {
      put(Self.eight(signal.isInverted ? signal.physical.lowerBound : signal.physical.upperBound), 8)
    }
    for signal in signals { put("\(signal.digital.lowerBound)", 8) }
    for signal in signals { put("\(signal.digital.upperBound)", 8) }
    for signal in signals { put(signal.filter, 80) }
    for signal in signals { put("\(signal.samples)", 8) }
    for _ in signals { put("", 32) }
    return bytes
  }

  /// Printable ASCII, padded with spaces, cut where it is too long.
  static func padded(_ text: String, _ width: Int) -> [UInt8] {
    let plain = text.unicodeScalars.map { (0x20..<0x7F).contains($0.value) ? UInt8($0.value) : 0x3F }
    return Array(plain.prefix(width)) + Array(repeating: 0x20, count: max(0, width - plain.count))
  }

  /// A number in at most eight characters without an exponent, as nearly as they can say it.
  static func eight(_ value: Double) -> String {
    if let whole = Int(exactly: value), "\(whole)".count <= 8 { return "\(whole)" }
    for decimals in stride(from: 7, through: 0, by: -1) {
      let scale = (0..<decimals).reduce(1.0) { power, _ in power * 10 }
      let units = (abs(value) * scale).rounded()
      guard units < 1e15 else { continue }
      var text = "\(Int64(units))"
      if decimals > 0 {
        text = String(repeating: "0", count: max(0, decimals + 1 - text.count)) + text
        text.insert(".", at: text.index(text.endIndex, offsetBy: -decimals))
        while text.last == "0" { text.removeLast() }
        if text.last == "." { text.removeLast() }
      }
      if value < 0, text != "0" { text = "-" + text }
      if text.count <= 8 { return text }
    }
    return value < 0 ? "-9999999" : "99999999"
  }

  private static let months = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]

  /// `02-MAR-2021`, or X.
  var writtenDay: String {
    guard let date else { return "X" }
    return "\(Self.two(date.day))-\(Self.months[date.month - 1])-\(date.year)"
  }

  private static func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }

  private var clock: (day: String, time: String) {
    let seconds = Int(time / 1_000_000_000)
    let clock = [seconds / 3600, seconds / 60 % 60, seconds % 60].map(Self.two).joined(separator: ".")
    // The format has two digits of a year, from 1985 to 2084; what lies outside is written as `yy`.
    let day = date ?? WFDBHeader.Date(day: 1, month: 1, year: 1985)
    let year = (1985...2084).contains(day.year) ? Self.two(day.year % 100) : "yy"
    return ("\(Self.two(day.day)).\(Self.two(day.month)).\(year)", clock)
  }

  /// Sets the start from Unix nanoseconds, whole seconds of UTC.
  mutating func place(at start: Int64?) {
    var header = WFDBHeader(name: "")
    header.place(at: start)
    date = header.date
    time = (header.time ?? 0) / 1_000_000_000 * 1_000_000_000
  }
}

extension EDFHeader.Signal {
  /// The signal that holds a channel's raw values, and by how much of a step its scaling is off.
  static func made(
    of channel: Channel, bits: Int, rows: Int, file: String
  ) throws(RecordingError) -> (EDFHeader.Signal, error: Double) {
    let (scale, offset): (Double, Double) =
      switch channel.scaling {
      case .gain(let gain, let baseline): (1 / gain, -baseline / gain)
      case .linear(let scale, let offset): (scale, offset)
      }
    var signal = EDFHeader.Signal()
    signal.label = channel.name
    signal.unit = channel.unit ?? ""
    signal.samples = rows
    let reach = 1 << (bits - 1)
    signal.digital = limit(-reach, scale, offset)...limit(reach - 1, scale, offset)
    let limits = [signal.digital.lowerBound, signal.digital.upperBound].map { Double($0) * scale + offset }
    let written = limits.map { Double(EDFHeader.eight($0)) ?? 0 }
    let error = zip(limits, written).map { abs($0 - $1) / abs(scale) }.max() ?? 0
    guard scale != 0, scale.isFinite, written[0] != written[1], error < 0.5 else {
      throw RecordingError(
        .unsupported, file: file,
        "the scaling of channel '\(channel.name)' cannot be said in the eight characters that the header has for its limits",
        remedy: "give it another unit, or write WFDB")
    }
    signal.physical = min(written[0], written[1])...max(written[0], written[1])
    signal.isInverted = written[0] > written[1]
    return (signal, error)
  }

  /// The digital value, at most a hundredth nearer to 0 than the last there is, whose physical one has a short decimal;
  /// the last one where there is none.
  private static func limit(_ last: Int, _ scale: Double, _ offset: Double) -> Int {
    let physical = Double(last) * scale + offset
    var step = 1e-4
    if Double(EDFHeader.eight(physical)) == physical { return last }
    while step <= 1 {
      let short = (physical / step).rounded(.towardZero) * step
      let digital = ((short - offset) / scale).rounded()
      let isExact = abs(digital * scale + offset - short) <= 1e-7 * abs(scale)
      if isExact, abs(digital) <= abs(Double(last)), abs(digital) >= 0.99 * abs(Double(last)),
        abs((Double(EDFHeader.eight(short)) ?? 0) - short) <= 1e-7 * abs(scale)
      {
        return Int(digital)
      }
      step *= 10
    }
    return last
  }
}
