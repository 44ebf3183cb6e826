/// A place in a recording as people write it: `90s`, `1.5min`, `250ms`, or a bare sample index.
public enum RecordPosition: Sendable, Hashable {
  case seconds(Double)
  case row(Int)

  /// - Parameter option: what the place was given for, in the error: `--from`.
  public init(_ text: String, option: String) throws(ServiceError) {
    guard let quantity = Quantity(text), quantity.number >= 0 else {
      throw ServiceError(.usage, "\(option) \(text) is no place in a recording: give 90s, 1.5min or a sample index")
    }
    if quantity.unit.isEmpty {
      guard let row = Int(exactly: quantity.number) else {
        throw ServiceError(.usage, "\(option) \(text) is no sample index: give a whole number, or a unit: \(text)s")
      }
      self = .row(row)
    } else {
      self = .seconds(try quantity.seconds(option: option, text: text))
    }
  }

  /// The row at this place, the nearest where it lies between two.
  public func row(rate: Double) -> Int {
    switch self {
    case .row(let row): row
    case .seconds(let seconds): Int((min(seconds * rate, 0x1p53)).rounded())
    }
  }
}

extension Quantity {
  /// A duration given on the command line.
  func seconds(option: String, text: String) throws(ServiceError) -> Double {
    guard let unit = Dimension.duration.units.first(where: { $0.name == self.unit }) else {
      let near = Dimension.duration.guess(self.unit).map { "; did you mean \(Phrase.number(number))\($0.name)?" } ?? ""
      throw ServiceError(
        .usage, "\(option) \(text) has no unit of time: \(Dimension.duration.choice)\(near)")
    }
    return unit.value(number)
  }
}

extension Double {
  /// Seconds from a command-line duration such as `300s` or `150ms`, 0 or more.
  public init(duration text: String, option: String) throws(ServiceError) {
    guard let quantity = Quantity(text), quantity.number >= 0 else {
      throw ServiceError(.usage, "\(option) \(text) is no duration: give one like 300s, 5min or 150ms")
    }
    self = try quantity.seconds(option: option, text: text)
  }
}
