import RunnelCore

extension Episode {
  /// The episodes that labels of one lane make: states from onset to offset; labels that hold until the next from one to
  /// the next, to the lane's next break, or to the end.
  ///
  /// - Parameters:
  ///   - breaks: where labels end though no other follows.
  ///   - end: of the recording; what never ends lasts so long.
  /// - Returns: and how many labels are points, which no episode is made of.
  public static func list(
    of marks: [LabelMark], breaks: [Int64] = [], end: Int64
  ) -> (episodes: [Episode], points: Int) {
    let ordered = marks.enumerated().sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }.map(\.element)
    var next = end
    var points = 0
    var episodes: [Episode] = []
    let breaks = breaks.sorted()
    for mark in ordered.reversed() {
      let upper: Int64
      switch mark.extent {
      case .point:
        points += 1
        continue
      case .rows(let count): upper = mark.at + count
      case .open: upper = end
      case .untilNext:
        upper = min(next, breaks.first { $0 > mark.at } ?? end)
        next = mark.at
      }
      if upper > mark.at { episodes.append(Episode(mark.label, mark.at..<upper)) }
    }
    return (episodes.reversed(), points)
  }
}

extension LabelMark {
  /// Annotations as labels with an extent: what has a length keeps it; a rhythm change holds until the next, under its
  /// name without the parenthesis (`(AFIB` is AFIB); ventricular flutter or fibrillation, `[` to `]`, is VF, as
  /// epicmp of the WFDB software calls it; all others are points.
  public static func list(_ annotations: [Annotation]) -> [LabelMark] {
    var marks: [LabelMark] = []
    var flutter: Int?
    for annotation in annotations {
      switch annotation.code.symbol {
      case "+":
        let name = annotation.text.drop { $0 == "(" }.prefix { $0 != "\0" }
        marks.append(LabelMark(at: annotation.at, extent: .untilNext, label: String(name)))
      case "[":
        guard flutter == nil else { continue }
        flutter = marks.count
        marks.append(LabelMark(at: annotation.at, extent: .open, label: "VF"))
      case "]":
        guard let onset = flutter else { continue }
        marks[onset].extent = .rows(max(0, LabelMark.bounded(annotation.at) - marks[onset].at))
        flutter = nil
      default:
        marks.append(
          LabelMark(
            at: annotation.at, extent: annotation.length > 0 ? .rows(annotation.length) : .point,
            label: annotation.label))
      }
    }
    return marks
  }
}
