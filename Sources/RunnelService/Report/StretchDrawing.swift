import RunnelLabels

/// One stretch as inline SVG: what is true above the signal, what was called below it, what is wrong in colour.
///
///     N        N        V        N          true, with a line down into the signal
///     ╱╲_____╱╲_____╱╲╱___╱╲               signal, with its scale
///     N        N        N        N          called; wrong ones boxed
///     12:30     12:32     12:34             time from the beginning of the record
struct StretchDrawing {
  private let stretch: Stretch
  private let excerpt: SignalExcerpt?

  init(_ stretch: Stretch, _ excerpt: SignalExcerpt?) {
    self.stretch = stretch
    self.excerpt = excerpt
  }

  // MARK: measures, in units of the drawing

  private static let width = 1000.0
  private static let left = 64.0
  private static let right = 988.0
  private static let signalTop = 40.0
  private static let signalBottom = 190.0
  private var calledTop: Double { Self.signalBottom + 12 }
  private var axisTop: Double { calledTop + bandHeight + 10 }
  private var height: Double { axisTop + 22 }
  private var bandHeight: Double { 22 }

  private var first: Double { Double(stretch.rows.lowerBound) }
  private var count: Double { Double(stretch.rows.count) }

  private func x(_ row: Double) -> Double { Self.left + (row - first) / count * (Self.right - Self.left) }
  private func at(_ value: Double) -> String { HTMLText.coordinate(value) }

  var html: String {
    let words = HTMLText.escaped("\(stretch.record.name): \(stretch.reason)")
    return """
      <svg viewBox="0 0 \(at(Self.width)) \(at(height))" role="img" aria-label="\(words)">
      \((axis + signal + marks).joined(separator: "\n"))
      </svg>
      """
  }

  // MARK: time

  private var axis: [String] {
    let (rate, seconds) = (stretch.record.rate, count / stretch.record.rate)
    let step = Self.steps.first { seconds / $0 <= 11 } ?? 86_400
    let decimals = step < 1 ? 1 : 0
    var lines = [
      "<rect class=\"paper\" x=\"\(at(Self.left))\" y=\"\(at(Self.signalTop))\" width=\"\(at(Self.right - Self.left))\" height=\"\(at(Self.signalBottom - Self.signalTop))\"/>"
    ]
    var tick = (first / rate / step).rounded(.up) * step
    while tick * rate <= first + count {
      let place = x(tick * rate)
      lines.append(
        "<path class=\"grid\" d=\"M\(at(place)) \(at(Self.signalTop))V\(at(Self.signalBottom))\"/>")
      if place > Self.left + 8, place < Self.right - 8 {
        lines.append(text(HTMLText.time(tick, decimals: decimals), place, axisTop + 12, "tick middle"))
      }
      tick += step
    }
    lines.append(text("true", Self.left - 18, Self.signalTop - 13, "side end"))
    lines.append(text("called", Self.left - 18, calledTop + 15, "side end"))
    return lines
  }

  private static let steps: [Double] = [
    0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21_600,
  ]

  // MARK: signal

  private var signal: [String] {
    guard let excerpt, let range = excerpt.range else {
      return [text("the samples are not at hand", (Self.left + Self.right) / 2, 118, "side middle")]
    }
    let span = max(range.upperBound - range.lowerBound, 1e-9)
    let y = { (value: Double) in
      Self.signalBottom - 8 - (value - range.lowerBound) / span * (Self.signalBottom - Self.signalTop - 16)
    }
    let paths = excerpt.lines(columns: 1400).map { line -> String in
      var path = ""
      for (index, point) in line.enumerated() {
        path += (index == 0 ? "M" : "L") + at(x(first + point.row)) + " " + at(y(Double(point.value)))
      }
      return "<path class=\"signal\" d=\"\(path)\"/>"
    }
    // A bar as long as a round number, a fifth of the height or more.
    var bar = 1.0
    while bar > span / 2 { bar /= 10 }
    while bar * 10 <= span / 2 { bar *= 10 }
    for times in [5.0, 2] where bar * times <= span / 2 {
      bar *= times
      break
    }
    let (low, high) = (y(range.lowerBound), y(range.lowerBound + bar))
    let unit = excerpt.unit.map { " \($0)" } ?? ""
    let size = bar == bar.rounded() ? "\(Int(bar))" : "\(Float(bar))"
    return [
      "<path class=\"bar\" d=\"M\(at(Self.left - 8)) \(at(low))V\(at(high))\"/>",
      text(size + unit, Self.left - 13, (low + high) / 2 + 4, "tick end"),
    ] + paths
  }

  // MARK: marks

  private var marks: [String] {
    switch stretch.content {
    case .beats(let pairs): pairs.flatMap(beat)
    case .episodes(let comparison):
      bands(comparison.truth, top: Self.signalTop - 12 - bandHeight / 2 - 6, against: comparison.test)
        + bands(comparison.test, top: calledTop, against: comparison.truth)
    }
  }

  private func beat(_ pair: BeatPairing.Pair) -> [String] {
    let kind = pair.isWrong ? "wrong" : "right"
    let (truthY, testY) = (Self.signalTop - 8, calledTop + 17)
    let (truthX, testX) = (pair.truthAt.map { x(Double($0)) }, pair.testAt.map { x(Double($0)) })
    var shapes: [String] = []
    if let truthX {
      shapes.append(
        "<path class=\"lead \(kind)\" d=\"M\(at(truthX)) \(at(Self.signalTop - 3))V\(at(Self.signalTop + 12))\"/>")
      shapes.append(boxed(pair.truth.rawValue, truthX, truthY, kind))
    } else if let testX {
      shapes.append(text("–", testX, truthY - 1, "mark middle none"))
    }
    if let testX {
      shapes.append(
        "<path class=\"lead \(kind)\" d=\"M\(at(testX)) \(at(Self.signalBottom - 12))V\(at(Self.signalBottom + 4))\"/>")
      shapes.append(boxed(pair.test.rawValue, testX, testY, kind))
    } else if let truthX {
      shapes.append(text("–", truthX, testY - 1, "mark middle none"))
    }
    return shapes
  }

  /// A letter; a wrong one in a box, so that colour is not all that tells.
  private func boxed(_ letter: String, _ x: Double, _ y: Double, _ kind: String) -> String {
    let box =
      kind == "wrong"
      ? "<rect class=\"box\" x=\"\(at(x - 9))\" y=\"\(at(y - 15))\" width=\"18\" height=\"20\" rx=\"4\"/>" : ""
    return box + text(letter, x, y, "mark middle \(kind)")
  }

  /// Bars of one side; a part that the other side does not say is hatched.
  private func bands(_ episodes: [Episode], top: Double, against others: [Episode]) -> [String] {
    episodes.flatMap { episode -> [String] in
      episode.pieces.flatMap { piece -> [String] in
        let shown = piece.clamped(to: stretch.rows)
        guard !shown.isEmpty else { return [] }
        let right = others.filter { $0.label == episode.label }.flatMap(\.pieces).map { $0.clamped(to: shown) }
        let bars = [band(shown, top, "wrong")] + right.filter { !$0.isEmpty }.map { band($0, top, "right") }
        let (from, to) = (x(Double(shown.lowerBound)), x(Double(shown.upperBound)))
        let fits = to - from > 8 * Double(episode.label.count) + 8
        return fits ? bars + [text(episode.label, (from + to) / 2, top + 15.5, "name middle")] : bars
      }
    }
  }

  private func band(_ rows: Range<Int64>, _ top: Double, _ kind: String) -> String {
    let (from, to) = (x(Double(rows.lowerBound)), x(Double(rows.upperBound)))
    return
      "<rect class=\"band \(kind)\" x=\"\(at(from))\" y=\"\(at(top))\" width=\"\(at(max(1, to - from)))\" height=\"\(at(bandHeight))\"/>"
  }

  private func text(_ text: String, _ x: Double, _ y: Double, _ kind: String) -> String {
    "<text class=\"\(kind)\" x=\"\(at(x))\" y=\"\(at(y))\">\(HTMLText.escaped(text))</text>"
  }
}

extension SignalExcerpt {
  struct Point {
    /// From the excerpt's first.
    var row: Double
    var value: Float
  }

  /// From the smallest to the largest sample; nil where there is none.
  var range: ClosedRange<Double>? {
    let there = samples.filter { !$0.isNaN }
    guard let least = there.min(), let most = there.max() else { return nil }
    return Double(least)...Double(most)
  }

  /// Lines between what is missing. Of more samples than columns each column has its smallest and its largest, in their
  /// order, so that no peak is lost.
  func lines(columns: Int) -> [[Point]] {
    let size = max(1, samples.count / columns)
    var lines: [[Point]] = []
    var line: [Point] = []
    var column = 0
    while column < samples.count {
      let rows = column..<min(column + size, samples.count)
      let there = rows.filter { !samples[$0].isNaN }
      if let low = there.min(by: { samples[$0] < samples[$1] }), let high = there.max(by: { samples[$0] < samples[$1] })
      {
        for row in Set([low, high]).sorted() { line.append(Point(row: Double(row), value: samples[row])) }
      } else if !line.isEmpty {
        lines.append(line)
        line = []
      }
      column += size
    }
    return line.isEmpty ? lines : lines + [line]
  }
}
