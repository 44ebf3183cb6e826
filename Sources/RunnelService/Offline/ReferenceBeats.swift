import RunnelCore
import RunnelLabels
import RunnelPipeline
import RunnelWire

/// The class that a network gives to each beat of the truth, so that its classes can be judged apart from its detections:
/// that with the largest sum of scores over the steps within the match window of the beat, "no beat" left aside.
///
/// It is the rule by which `peaks` names a candidate, with the beat's own place for the candidate's. A beat without any
/// such step, in a gap for example, has no class and is missed.
struct ReferenceBeats: LabelSink {
  /// Labels every step, unsmoothed, whatever the pipeline's rule.
  let labeller: Labeller
  private let beats: [Annotation]
  private let window: Int64
  /// Of the deciding head, nil where a class is no beat.
  private let codes: [AnnotationCode?]
  /// Of each beat the sum of each class; empty where no step was near.
  private var sums: [[Float]]
  /// The first beat that later steps may be near to.
  private var begin = 0

  /// - Parameter beats: of the truth; marks that are no beats are passed over.
  /// - Throws: `ServiceError` (64) for networks whose classes are not beats, or are given to events by a second stage.
  init(_ beats: [Annotation], labeller: Labeller, rate: Double, scoring: BeatScoring) throws(ServiceError) {
    var labeller = labeller
    let model = labeller.plans[0].model.description
    guard model.eventStage == nil else {
      throw ServiceError(
        .usage,
        "model '\(model.name)' has an event stage, which judges what the first stage finds and no other beats: "
          + "leave out --reference-beats")
    }
    let head = labeller.plans[0].rule.head
    let labels = model.heads.first { head == nil || $0.name == head }?.labels ?? []
    codes = labels.map { BeatLabels.code(of: $0) }
    guard codes.contains(where: { $0 != nil }) else {
      throw ServiceError(
        .usage,
        "model '\(model.name)' says \(Phrase.list(labels, "and")), of which none is a class of beats: N, S, V, F or Q")
    }
    labeller.plans[0].rule.emit = .every
    labeller.plans[0].rule.smooth = .none
    self.labeller = labeller
    self.beats = beats.filter { scoring.classMap[$0.code] != nil }.sorted { $0.at < $1.at }
    window = Int64((scoring.window * rate).rounded())
    sums = Array(repeating: [], count: self.beats.count)
  }

  mutating func publish(_ label: LabelMessage, arrived: Int64) {
    guard label.kind == .label, let at = label.at, label.scores.count == codes.count else { return }
    while begin < beats.count, beats[begin].at + window < at { begin += 1 }
    var index = begin
    while index < beats.count, beats[index].at - window <= at {
      if sums[index].isEmpty {
        sums[index] = label.scores
      } else {
        for k in codes.indices { sums[index][k] += label.scores[k] }
      }
      index += 1
    }
  }

  /// A beat each, at the place of the truth.
  var annotations: [Annotation] {
    zip(beats, sums).compactMap { beat, sums in
      let classes = sums.indices.filter { codes[$0] != nil }
      guard let best = classes.max(by: { sums[$0] < sums[$1] }), let code = codes[best] else { return nil }
      return Annotation(at: beat.at, code: code)
    }
  }
}
