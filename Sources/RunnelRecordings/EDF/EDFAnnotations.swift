import RunnelCore

/// Timed annotation lists of EDF+ (docs/foreign-formats.md §8): `+12.5␕0.3␔V␔␀`.
struct EDFAnnotation: Sendable, Hashable {
  /// Seconds from the file's start.
  var onset: Double
  var duration: Double
  var texts: [String]

  private static let durationMark: UInt8 = 0x15
  private static let end: UInt8 = 0x14

  /// The lists in one record's annotation signal; the first one of the first signal keeps the record's time.
  ///
  /// - Parameter base: place of the first byte in the file.
  static func lists(
    in bytes: ArraySlice<UInt8>, base: Int, file: String
  ) throws(RecordingError) -> [EDFAnnotation] {
    var found: [EDFAnnotation] = []
    for list in bytes.split(separator: 0) {
      let place = base + (list.startIndex - bytes.startIndex)
      guard let stop = list.firstIndex(of: end), let first = list.first, first == 0x2B || first == 0x2D else {
        throw wrong(file, place, "an onset with its sign, and the byte 0x14 behind it", list)
      }
      let parts = list[..<stop].split(separator: durationMark, maxSplits: 1, omittingEmptySubsequences: false)
      guard let onset = seconds(parts[0]), let duration = parts.count > 1 ? seconds(parts[1]) : 0, duration >= 0 else {
        throw wrong(file, place, "an onset and a duration in decimal seconds", list)
      }
      let texts = list[(stop + 1)...].split(separator: end, omittingEmptySubsequences: false).dropLast()
      found.append(EDFAnnotation(onset: onset, duration: duration, texts: texts.map { HeaderLine.text($0) }))
    }
    return found
  }

  private static func seconds(_ bytes: ArraySlice<UInt8>) -> Double? {
    guard bytes.count <= 32, let value = Double(HeaderLine.text(bytes)), abs(value) < 1e9 else { return nil }
    return value
  }

  private static func wrong(
    _ file: String, _ place: Int, _ expected: String, _ found: ArraySlice<UInt8>
  ) -> RecordingError {
    RecordingError(
      .malformed, file: file, at: .byte(place),
      "expected \(expected), found '\(HeaderLine.text(found.prefix(24)))'", remedy: EDFHeader.remedy)
  }

  /// The bytes of a list.
  var encoded: [UInt8] {
    var bytes = Array((onset < 0 ? "" : "+").utf8) + Array(Self.decimal(onset).utf8)
    if duration > 0 { bytes += [Self.durationMark] + Array(Self.decimal(duration).utf8) }
    bytes.append(Self.end)
    for text in texts { bytes += text.utf8.filter { $0 >= 0x20 || $0 == 0x09 } + [Self.end] }
    return bytes + [0]
  }

  /// Seconds with up to seven decimals and no exponent.
  static func decimal(_ seconds: Double) -> String {
    let units = Int64(nearest: abs(seconds) * 1e7)
    var text = "\(units / 10_000_000)"
    var rest = units % 10_000_000
    if rest > 0 {
      var digits = String(10_000_000 + rest).dropFirst()
      while digits.last == "0" { digits.removeLast() }
      text += "." + digits
      rest = 0
    }
    return seconds < 0 && units > 0 ? "-" + text : text
  }
}
