import RunnelCore

/// A number with its unit, as configurations write them: `360 Hz`, `1.5kHz`, `50ms`, `64MiB`, `2 s`.
struct Quantity: Sendable, Hashable {
  /// As written.
  var number: Double
  /// As written; empty where none was.
  var unit: String

  /// Nil where the text does not begin with a decimal number.
  init?(_ text: String) {
    let bytes = Array(text.utf8)
    var end = 0
    func digits() -> Int {
      let start = end
      while end < bytes.count, (48...57).contains(bytes[end]) { end += 1 }
      return end - start
    }
    if let first = bytes.first, first == UInt8(ascii: "-") || first == UInt8(ascii: "+") { end = 1 }
    var count = digits()
    if end < bytes.count, bytes[end] == UInt8(ascii: ".") {
      end += 1
      count += digits()
    }
    guard count > 0 else { return nil }
    let mantissa = end
    if end < bytes.count, bytes[end] | 32 == UInt8(ascii: "e") {
      end += 1
      if end < bytes.count, bytes[end] == UInt8(ascii: "-") || bytes[end] == UInt8(ascii: "+") { end += 1 }
      if digits() == 0 { end = mantissa }
    }
    guard let number = Double(String(decoding: bytes[..<end], as: UTF8.self)), number.isFinite else { return nil }
    self.number = number
    var rest = bytes[end...]
    while rest.first == UInt8(ascii: " ") { rest.removeFirst() }
    unit = String(decoding: rest, as: UTF8.self)
  }
}

/// What a quantity measures, and in which units a configuration may say it. One unit is used inside.
public enum Dimension: String, Sendable, CaseIterable {
  case duration
  case frequency
  case size

  struct Unit: Sendable {
    var name: String
    /// How many of the unit used inside.
    var factor: Double
    /// Division rounds once where multiplying by 0.001 would round twice.
    var divisor: Double = 1

    func value(_ number: Double) -> Double { number * factor / divisor }
    func number(_ value: Double) -> Double { value * divisor / factor }
  }

  /// Seconds, hertz, bytes; the unit used inside has factor 1.
  var units: [Unit] {
    switch self {
    case .duration:
      [
        Unit(name: "us", factor: 1, divisor: 1e6), Unit(name: "ms", factor: 1, divisor: 1e3),
        Unit(name: "s", factor: 1),
        Unit(name: "min", factor: 60), Unit(name: "h", factor: 3600),
      ]
    case .frequency:
      [Unit(name: "Hz", factor: 1), Unit(name: "kHz", factor: 1e3), Unit(name: "MHz", factor: 1e6)]
    case .size:
      [
        Unit(name: "B", factor: 1), Unit(name: "KiB", factor: 0x1p10), Unit(name: "MiB", factor: 0x1p20),
        Unit(name: "GiB", factor: 0x1p30), Unit(name: "kB", factor: 1e3), Unit(name: "MB", factor: 1e6),
        Unit(name: "GB", factor: 1e9),
      ]
    }
  }

  /// `us, ms, s, min or h`
  var choice: String { Phrase.list(units.map(\.name), "or") }

  /// With its article.
  var phrase: String {
    switch self {
    case .duration: "a duration"
    case .frequency: "a frequency"
    case .size: "a size"
    }
  }

  /// What people write who mean one of the units.
  private static let synonyms: [String: String] = [
    "µs": "us", "μs": "us", "usec": "us", "microseconds": "us", "msec": "ms", "msecs": "ms", "millis": "ms",
    "milliseconds": "ms", "millisecond": "ms", "sec": "s", "secs": "s", "second": "s", "seconds": "s", "mins": "min",
    "minute": "min", "minutes": "min", "hr": "h", "hrs": "h", "hour": "h", "hours": "h", "sps": "Hz", "s/s": "Hz",
    "hertz": "Hz", "/s": "Hz", "1/s": "Hz", "ksps": "kHz", "byte": "B", "bytes": "B", "k": "KiB", "kib": "KiB",
    "kb": "kB", "m": "MiB", "mib": "MiB", "mb": "MB", "g": "GiB", "gib": "GiB", "gb": "GB", "hz": "Hz", "khz": "kHz",
    "mhz": "MHz",
  ]

  /// The unit of this dimension that `word` probably stands for; nil where that is open. `m` is open for a duration
  /// (ms or min), and `mHz` for a frequency (a thousandth or a million).
  func guess(_ word: String) -> Unit? {
    if self == .frequency && word == "mHz" { return nil }
    let name = Self.synonyms[word.lowercased()] ?? word
    return units.first { $0.name == name } ?? units.first { $0.name.lowercased() == word.lowercased() }
  }

  /// What to write for a number without a unit: the unit that people mean, and for bytes the largest that fits whole.
  /// A duration takes the unit of `example`; hundreds of seconds are rather milliseconds.
  func proposal(_ number: Double, like example: String) -> String {
    let unit: Unit =
      switch self {
      case .duration: example.hasSuffix("ms") || abs(number) >= 100 ? units[1] : units[2]
      case .frequency: units[0]
      case .size:
        number < 65536 ? units[2] : units[..<4].last { $0.number(number).rounded() == $0.number(number) } ?? units[0]
      }
    return written(self == .size && number >= 65536 ? unit.number(number) : number, unit.name)
  }

  /// A value in the unit used inside as a configuration writes it, in the largest unit that says it in whole or
  /// short figures: 0.05 s is `50ms`.
  func text(_ value: Double) -> String {
    for unit in units.prefix(self == .size ? 4 : units.count).reversed() {
      let number = unit.number(value)
      let isShort = abs(number) >= 1 && (number * 10).rounded() == number * 10
      if isShort && unit.value(number) == value { return written(number, unit.name) }
    }
    let base = units.first { $0.factor == 1 && $0.divisor == 1 } ?? units[0]
    return written(value, base.name)
  }

  func written(_ number: Double, _ unit: String) -> String {
    Phrase.number(number) + (self == .frequency ? " " : "") + unit
  }
}
