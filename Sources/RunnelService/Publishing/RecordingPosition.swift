import RunnelCore

/// A place in a recording as people name it: `60s`, `5min`, or the sample index `21600`.
public enum RecordingPosition: Sendable, Hashable {
  case seconds(Double)
  case index(Int)

  /// - Parameter what: of a position in a recording, or what else the text is to be.
  /// - Throws: `usage` for what is neither.
  public init(_ text: String, as what: String = "position in a recording") throws(ServiceError) {
    if let index = Int(text), index >= 0 {
      self = .index(index)
      return
    }
    guard let quantity = Quantity(text), quantity.number >= 0,
      let unit = Dimension.duration.units.first(where: { $0.name == quantity.unit })
    else {
      throw ServiceError(
        .usage,
        "'\(text)' is no \(what): write a number of samples such as 54, or a time with its unit, \(Dimension.duration.choice)"
      )
    }
    self = .seconds(unit.value(quantity.number))
  }

  /// The row, the nearest one to a time.
  ///
  /// - Parameter rows: of the recording; its end is a position too.
  /// - Throws: `usage` beyond the end.
  public func row(rate: Double, rows: Int, of name: String) throws(ServiceError) -> Int {
    let row: Int? =
      switch self {
      case .index(let index): index
      case .seconds(let seconds): Int(exactly: (seconds * rate).rounded())
      }
    guard let row, row <= rows else {
      throw ServiceError(
        .usage,
        "\(self) lies beyond the end of \(name), which has \(rows) rows (\(Phrase.rounded(Double(rows) / rate)) s)")
    }
    return row
  }
}

extension RecordingPosition: CustomStringConvertible {
  public var description: String {
    switch self {
    case .seconds(let seconds): "\(Phrase.number(seconds))s"
    case .index(let index): "sample \(index)"
    }
  }
}
