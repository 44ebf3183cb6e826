import RunnelCore

/// What one side of a comparison says: its beats, and the spans in which there is nothing to compare.
struct BeatTrack: Sendable {
  struct Beat: Sendable {
    var at: Int64
    var beat: BeatClass
  }

  /// Later than every sample; what stands after the last beat.
  static let never = Int64.max / 4

  private(set) var beats: [Beat] = []
  /// Ventricular flutter or fibrillation, `[` to `]`, both inclusive: nothing in it is a beat, whatever it is called.
  /// One that is not closed lasts to the end.
  private(set) var flutter: [ClosedRange<Int64>] = []
  /// Where no signal could be read: from a `~` with bits 4 and 5 of its subtype set to the next `~` without. Where
  /// the next annotation is another one (a single mark inside the span, as the AHA database has it), the span runs from a
  /// match window after the last beat or flutter to a match window before that annotation.
  private(set) var shutdown: [ClosedRange<Int64>] = []

  /// - Parameter window: the match window in samples.
  init(_ annotations: [Annotation], classMap: BeatClassMap, window: Int64) {
    let ordered = Self.ordered(annotations)
    var index = 0
    while index < ordered.count {
      let annotation = ordered[index]
      index += 1
      if let beat = classMap[annotation.code] {
        beats.append(Beat(at: annotation.at, beat: beat))
      } else if annotation.code.symbol == "[" {
        let end = ordered[index...].firstIndex { $0.code.symbol == "]" }
        flutter.append(annotation.at...(end.map { ordered[$0].at } ?? Self.never))
        index = end.map { $0 + 1 } ?? ordered.count
      } else if Self.isShutdown(annotation) {
        guard index < ordered.count else {
          shutdown.append(annotation.at...Self.never)
          return
        }
        let next = ordered[index]
        if next.code.symbol == "~", !Self.isShutdown(next) {
          shutdown.append(annotation.at...next.at)
          index += 1
        } else {
          let end = next.at - window
          let last = max(beats.last?.at ?? 0, flutter.last?.upperBound ?? 0)
          shutdown.append(min(last + window, end)...end)
        }
      }
    }
  }

  /// The time of a beat, `never` beyond the last.
  func at(_ index: Int) -> Int64 { index < beats.count ? beats[index].at : Self.never }

  /// What stands on this side where the other has a beat and this one none; nil in flutter.
  func pseudoBeat(at time: Int64) -> BeatClass? {
    if flutter.contains(where: { $0.contains(time) }) { return nil }
    return shutdown.contains { $0.contains(time) } ? .shutdown : .nothing
  }

  private static func isShutdown(_ annotation: Annotation) -> Bool {
    annotation.code.symbol == "~" && annotation.subtype & 0x30 == 0x30
  }

  /// By time; those of one time stay in the order they came.
  private static func ordered(_ annotations: [Annotation]) -> [Annotation] {
    if zip(annotations, annotations.dropFirst()).allSatisfy({ $0.at <= $1.at }) { return annotations }
    return annotations.enumerated().sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }.map(\.element)
  }
}
