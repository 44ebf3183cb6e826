/// What the event stage is told of each event, made of the events themselves: a value, part of what a lane carries.
///
///     events      A ──0.8 s── B ──0.4 s── C        features ["interval", "next:interval"], wait 1
///     push(C) completes the vector of B: 0.8, 0.4
///
/// It knows nothing of gaps: who learns of one that is of unknown length, or resets the lane, resets this too.
public struct EventFeatures: Sendable, Equatable {
  /// (De), complete after a `push` that says so.
  public private(set) var vector: [Float]
  /// Whether an event is waiting for the next.
  public private(set) var isWaiting = false

  private let stage: Plan
  /// Of the event that waits, but for what only the next can tell.
  private var pending: [Float]
  private var last: Int64?
  /// Of the last 8 intervals, the oldest first.
  private var recent: [Double] = []
  private var medians: [RunningMedian]

  /// Where each feature stands in the vector.
  private struct Plan: Sendable, Equatable {
    var features: [EventStageDescription.Feature]
    var places: [Int]
    var waits: Bool
    var scores: Int
    var hidden: Int
  }

  /// Intervals that regularity looks at.
  public static let regularitySpan = 8

  /// - Parameters:
  ///   - scores: labels of the deciding head.
  ///   - hidden: features of the layer that `stage.hiddenOf` names; 0 where it names none.
  public init(stage: EventStageDescription, scores: Int, hidden: Int) {
    var places: [Int] = []
    var width = 0
    for feature in stage.features {
      places.append(width)
      width += feature.width(scores: scores, hidden: hidden)
    }
    self.stage = Plan(features: stage.features, places: places, waits: stage.waits, scores: scores, hidden: hidden)
    vector = [Float](repeating: 0, count: width)
    pending = vector
    recent.reserveCapacity(Self.regularitySpan + 1)
    let limits = Set(
      stage.features.compactMap { feature -> Int? in
        if case .ratio(let count) = feature.measure { count } else { nil }
      })
    medians = limits.sorted().map { RunningMedian(limit: $0) }
  }

  /// Hears of an event at grid step `step` of frames at `rate` Hz, with the decision's scores and the hidden vector of
  /// that step (empty where no feature asks for it).
  /// - Returns: whether `vector` is complete: of this event, or with `wait` of the one before.
  public mutating func push(
    step: Int64, rate: Double, scores: UnsafeBufferPointer<Float>, hidden: UnsafeBufferPointer<Float>
  ) -> Bool {
    precondition(scores.count == stage.scores && hidden.count >= (hiddenIsUsed ? stage.hidden : 0), "all that is asked")
    let interval = last.map { Double(step - $0) / rate }
    last = step
    if let interval { note(interval) }
    let completes = !stage.waits || isWaiting
    // What the next event tells goes into the vector of the one that waited.
    fill(ofNext: true, interval, scores, hidden)
    if stage.waits, isWaiting { copyPending() }
    fill(ofNext: false, interval, scores, hidden)
    if !stage.waits { copyPending() }
    isWaiting = stage.waits
    return completes
  }

  /// Forgets all events.
  /// - Returns: whether one was waiting, which now gets no label.
  @discardableResult
  public mutating func reset() -> Bool {
    let wasWaiting = isWaiting
    isWaiting = false
    last = nil
    recent.removeAll(keepingCapacity: true)
    for number in medians.indices { medians[number].reset() }
    for k in vector.indices { (vector[k], pending[k]) = (0, 0) }
    return wasWaiting
  }

  private var hiddenIsUsed: Bool { stage.features.contains { $0.measure == .hidden } }

  private mutating func note(_ interval: Double) {
    recent.append(interval)
    if recent.count > Self.regularitySpan { recent.removeFirst() }
    for number in medians.indices { medians[number].push(interval) }
  }

  private mutating func copyPending() { for k in vector.indices { vector[k] = pending[k] } }

  /// Puts an event's own features, or what it tells of the one before, into the vector of the event that waits.
  private mutating func fill(
    ofNext isNext: Bool, _ interval: Double?, _ scores: UnsafeBufferPointer<Float>,
    _ hidden: UnsafeBufferPointer<Float>
  ) {
    // Moved out for the while: written beside a copy of self it would be copied each time.
    var vector: [Float] = []
    swap(&vector, &pending)
    for number in stage.features.indices where stage.features[number].isNext == isNext {
      put(number, interval, scores, hidden, into: &vector)
    }
    swap(&vector, &pending)
  }

  private func put(
    _ number: Int, _ interval: Double?, _ scores: UnsafeBufferPointer<Float>, _ hidden: UnsafeBufferPointer<Float>,
    into vector: inout [Float]
  ) {
    let place = stage.places[number]
    switch stage.features[number].measure {
    case .scores: for k in 0..<stage.scores { vector[place + k] = scores[k] }
    case .hidden: for k in 0..<stage.hidden { vector[place + k] = hidden[k] }
    case .interval: vector[place] = Float(interval ?? 0)
    case .ratio(let count): vector[place] = Float(ratio(interval, of: count))
    case .regularity: vector[place] = Float(regularity)
    }
  }

  /// The interval over the median of the last `count`, itself one of them.
  private func ratio(_ interval: Double?, of count: Int) -> Double {
    guard let interval, let median = medians.first(where: { $0.limit == count })?.median, median > 0 else { return 1 }
    return interval / median
  }

  /// Standard deviation (of the population) over mean.
  private var regularity: Double {
    guard recent.count >= 2 else { return 0 }
    let mean = recent.reduce(0, +) / Double(recent.count)
    let squares = recent.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return mean > 0 ? (squares / Double(recent.count)).squareRoot() / mean : 0
  }
}
