import RunnelInference
import RunnelLabels

/// What a lane knows of its event stage: how events become features, and what the stage's classes are called.
struct EventStagePlan: Sendable {
  let labels: [String]
  /// The class that drops its event.
  let none: Int?
  let waits: Bool
  /// Outputs of the first network a second: in them intervals are measured.
  let rate: Double
  /// Width of the hidden vector; 0 where it is no feature.
  let hidden: Int
  private let description: EventStageDescription
  private let scores: Int

  /// Nil where the model has none.
  init?(_ model: ModelDescription, rate: Double, scores: Int) {
    guard let stage = model.eventStage else { return nil }
    labels = stage.head.labels
    none = stage.none
    waits = stage.waits
    self.rate = rate
    self.scores = scores
    hidden = stage.hiddenOf.flatMap { name in model.layers.first { $0.name == name }?.output } ?? 0
    description = stage
  }

  func makeState() -> EventStageState {
    EventStageState(
      features: EventFeatures(stage: description, scores: scores, hidden: hidden),
      hidden: Array(repeating: 0, count: hidden))
  }
}

/// What a lane carries from event to event, but for the stage's h and c, which lie in the stage's bank.
struct EventStageState: Sendable, Equatable {
  var features: EventFeatures
  /// The named layer's output at the step where s was largest in the peak that is open.
  var hidden: [Float]
  /// The event that waits for the next one.
  var waiting: Waiting?
  /// The number that the next published event gets. It counts on through resets.
  var nextEvent: Int64 = 0

  struct Waiting: Sendable, Equatable {
    var decision: Decision
    var isWarming: Bool
  }

  /// Takes an event, as the decision and the mean scores over its peak; `hidden` where the peak is at this very step.
  /// - Returns: whether the features of an event are complete: of this one, or where events wait of the one before.
  mutating func push(
    _ decision: Decision, _ means: UnsafeBufferPointer<Float>, rate: Double, hidden: UnsafeBufferPointer<Float>?
  ) -> Bool {
    if let hidden { keep(hidden) }
    return self.hidden.withUnsafeBufferPointer {
      features.push(step: decision.position, rate: rate, scores: means, hidden: $0)
    }
  }

  /// The step is the largest so far of its peak.
  mutating func keep(_ values: UnsafeBufferPointer<Float>) {
    for index in hidden.indices { hidden[index] = values[index] }
  }

  /// The event whose features are complete now that `decision` has come.
  mutating func due(_ decision: Decision, waits: Bool, isWarming: Bool) -> Waiting? {
    let newest = Waiting(decision: decision, isWarming: isWarming)
    guard waits else { return newest }
    defer { waiting = newest }
    return waiting
  }

  /// It is judged when the next has come.
  mutating func wait(_ decision: Decision, isWarming: Bool) {
    waiting = Waiting(decision: decision, isWarming: isWarming)
  }

  /// Forgets the events so far.
  /// - Returns: whether one was waiting, and is discarded.
  mutating func reset() -> Bool {
    waiting = nil
    for index in hidden.indices { hidden[index] = 0 }
    return features.reset()
  }
}
