import RunnelCore

extension WFDBHeader {
  /// The header as a file, lines ending in LF: only what `WFDBWriter` writes (one segment, one sample per frame).
  public var text: String {
    var record = "\(name) \(signals.count) \(Self.number(rate)) \(rows ?? 0)"
    if let time {
      record += " " + Self.clock(time)
      if let date {
        record += " \(Self.padded(date.day, 2))/\(Self.padded(date.month, 2))/\(Self.padded(date.year, 4))"
      }
    }
    let lines = [record] + signals.map(Self.line) + information.map { $0.isEmpty ? "#" : "# \($0)" }
    return lines.map { $0 + "\n" }.joined()
  }

  private static func line(_ signal: Signal) -> String {
    let offset = signal.byteOffset > 0 ? "+\(signal.byteOffset)" : ""
    let scale = "\(number(signal.gain ?? 0))(\(signal.usedBaseline))/\(signal.unit ?? "mV")"
    let fields = "\(signal.resolution ?? 12) \(signal.adcZero) \(signal.initial ?? 0) \(signal.checksum ?? 0)"
    return "\(signal.file) \(signal.format)\(offset) \(scale) \(fields) \(signal.blockSize)"
      + (signal.description.map { " \($0)" } ?? "")
  }

  /// Whole numbers without a fraction, others in the fewest digits that say the same value.
  private static func number(_ value: Double) -> String {
    Int(exactly: value).map { "\($0)" } ?? "\(value)"
  }

  private static func padded(_ value: Int, _ width: Int) -> String {
    let digits = "\(value)"
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }

  private static func clock(_ nanoseconds: Int64) -> String {
    let seconds = Int(nanoseconds / 1_000_000_000)
    let clock = [seconds / 3600, seconds / 60 % 60, seconds % 60].map { padded($0, 2) }.joined(separator: ":")
    let rest = Int(nanoseconds % 1_000_000_000)
    if rest == 0 { return clock }
    var fraction = padded(rest, 9)
    while fraction.hasSuffix("0") { fraction.removeLast() }
    return "\(clock).\(fraction)"
  }

  /// Sets time and date from Unix nanoseconds, as UTC.
  mutating func place(at start: Int64?) {
    guard let start else { return }
    let day: Int64 = 86_400_000_000_000
    let days = start >= 0 ? start / day : (start - day + 1) / day
    date = Date(unixDay: days)
    time = start - days * day
  }

  /// Refuses names that the header's grammar cannot carry.
  func checkWritable(path: String) throws(RecordingError) {
    let good = name.utf8.allSatisfy { byte in
      (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == 0x5F
        || byte == 0x2D
    }
    guard good, !name.isEmpty else {
      throw RecordingError(
        .unsupported, file: path, "'\(name)' is no record name", remedy: "use letters, digits, '_' and '-' only")
    }
    guard !information.contains(where: { $0.utf8.contains { $0 < 0x20 && $0 != 0x09 } }) else {
      throw RecordingError(
        .unsupported, file: path, "a comment has a line break or control character", remedy: "give one comment a line")
    }
    for line in text.utf8.split(separator: 0x0A) where line.count > 255 {
      throw RecordingError(
        .unsupported, file: path, "a header line would have \(line.count) bytes, 255 are allowed",
        remedy: "shorten the names")
    }
  }
}

extension WFDBHeader.Signal {
  /// The line that describes a channel.
  init(of channel: Channel, file: String, format: WFDBFormat, header: String) throws(RecordingError) {
    self.init(file: file, format: format.rawValue)
    let (gain, zero): (Double, Double) =
      switch channel.scaling {
      case .gain(let gain, let baseline): (gain, baseline)
      case .linear(let scale, let offset): (1 / scale, -offset / scale)
      }
    guard gain != 0, gain.isFinite, zero.magnitude <= 0x1p31, (zero - zero.rounded()).magnitude <= 1e-6 else {
      throw Self.refusal(
        header, channel, "has a scaling that a header cannot say", "give it a gain and a whole baseline")
    }
    guard channel.unit.map({ !$0.isEmpty && !$0.utf8.contains { $0 <= 0x20 } }) ?? true else {
      throw Self.refusal(header, channel, "has a unit that is empty or has white space", "write the unit as one word")
    }
    guard !channel.name.utf8.contains(where: { $0 < 0x20 }) else {
      throw Self.refusal(header, channel, "has a name with a control character", "rename it")
    }
    self.gain = gain
    baseline = Int(zero.rounded())
    unit = channel.unit ?? Self.noUnit
    resolution = format.bits
    description = channel.name.isEmpty ? nil : channel.name
  }

  private static func refusal(_ header: String, _ channel: Channel, _ problem: String, _ remedy: String)
    -> RecordingError
  {
    RecordingError(.unsupported, file: header, "channel '\(channel.name)' \(problem)", remedy: remedy)
  }
}
