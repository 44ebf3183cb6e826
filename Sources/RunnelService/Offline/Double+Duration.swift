import RunnelCore

extension Double {
  /// Seconds from a command-line duration such as `300s` or `150ms`, 0 or more; 0 needs no unit.
  ///
  /// - Parameters:
  ///   - option: what it was given for, in the error: `--window`.
  ///   - countsSeconds: a bare number counts seconds, as the option's name says.
  public init(duration text: String, option: String, countsSeconds: Bool = false) throws(ServiceError) {
    guard let quantity = Quantity(text), quantity.number >= 0 else {
      throw ServiceError(.usage, "\(option) \(text) is no duration: give one like 300s, 5min or 150ms")
    }
    let isBare = quantity.unit.isEmpty && (countsSeconds || quantity.number == 0)
    guard let unit = Dimension.duration.units.first(where: { $0.name == (isBare ? "s" : quantity.unit) }) else {
      let near = Dimension.duration.guess(quantity.unit).map { "\(Phrase.number(quantity.number))\($0.name)" }
      throw ServiceError(
        .usage,
        "\(option) \(text) has no unit of time: \(near.map { "did you mean \($0)?" } ?? Dimension.duration.choice)")
    }
    self = unit.value(quantity.number)
  }
}

extension Double {
  /// Hertz from a command-line frequency such as `120Hz`, above 0; a bare number counts hertz.
  ///
  /// - Parameter option: what it was given for, in the error: `--rate`.
  public init(frequency text: String, option: String) throws(ServiceError) {
    guard let quantity = Quantity(text), quantity.number > 0 else {
      throw ServiceError(.usage, "\(option) \(text) is no frequency above 0: give one like 120Hz")
    }
    let unit = Dimension.frequency.units.first { $0.name == (quantity.unit.isEmpty ? "Hz" : quantity.unit) }
    guard let unit else {
      throw ServiceError(.usage, "\(option) \(text) has no unit of frequency: \(Dimension.frequency.choice)")
    }
    self = unit.value(quantity.number)
  }
}

extension Int {
  /// Bytes from a command-line size such as `1GiB` or `500MB`.
  ///
  /// - Parameter option: what it was given for, in the error: `--split-size`.
  public init(size text: String, atLeast least: Int, option: String) throws(ServiceError) {
    guard let quantity = Quantity(text), let unit = Dimension.size.units.first(where: { $0.name == quantity.unit })
    else {
      throw ServiceError(
        .usage, "\(option) \(text) is no size: give a number with its unit, \(Dimension.size.choice)")
    }
    let bytes = unit.value(quantity.number).rounded()
    guard bytes >= Double(least), bytes < 0x1p62 else {
      throw ServiceError(
        .usage, "\(option) \(text) is too small or too large: give \(Dimension.size.text(Double(least))) or more")
    }
    self = Int(bytes)
  }
}
