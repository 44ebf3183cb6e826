import RunnelCore

/// What runnel publishes: one label, event or status of one lane, or its heartbeat (docs/wire-format.md §8).
///
/// A field that is nil is absent from the JSON. In `label` and `event` the position, level, quality and count of
/// missing samples are never nil.
public struct LabelMessage: Sendable, Equatable {
  public enum Kind: Sendable, Hashable {
    case label
    /// A settled change: its onset and offset share a number; a beat is a point.
    case event(Phase, number: Int64)
    case status(Status, reason: String?)
    case heartbeat
  }

  public enum Phase: String, Sendable, CaseIterable {
    case onset, offset, point
  }

  public enum Status: String, Sendable, CaseIterable {
    case start, end, gap, reset, stale, evicted, resumed, clock
  }

  /// What `t` was made of.
  public enum TimeSource: String, Sendable, CaseIterable {
    case sender, index, received
  }

  /// A further head's figure.
  public struct Value: Sendable, Hashable {
    public var name: String
    public var value: Float
    public init(_ name: String, _ value: Float) {
      self.name = name
      self.value = value
    }
  }

  public var kind: Kind
  /// The input's name in the configuration.
  public var input: String?
  public var stream: String
  public var channel: String
  public var pipeline: String
  /// `sha256:…` of the model file.
  public var model: String?
  /// Of the label topic; carried in checkpoints.
  public var epoch: UInt64?
  /// Of the source, where it differs.
  public var inputEpoch: UInt64?
  /// `seq` where this message consumes it, else the `next` one (see `consumesSequence`).
  public var sequence: UInt64
  /// The input index the label speaks of, delay and conditioning lag subtracted.
  public var at: Int64?
  /// The input rows it depended on since the previous label, both inclusive; the range of a gap.
  public var first: Int64?
  public var last: Int64?
  /// The newest input index used.
  public var decided: Int64?
  /// Unix ns of `at`, within 146 years of 1970.
  public var timestamp: Int64?
  public var timeSource: TimeSource?
  public var label: String?
  public var id: Int?
  public var p: Float?
  /// One per class; finite. Empty in a sequence, which has its own.
  public var scores: [Float]
  /// The steps of a label that is a sequence; nil where it is one label.
  public var steps: LabelSequence?
  public var values: [Value]
  /// What the network saw around it; nil where nothing was asked for.
  public var attachment: LabelAttachment?
  public var level: Level?
  public var quality: Quality?
  /// Input samples missing in the range.
  public var missing: Int64?
  /// The model's own judgement of the signal.
  public var usable: Bool?
  /// The signal is made up.
  public var synthetic: Bool?
  /// Sent again to a late subscriber.
  public var isRepeat: Bool
  public var latencyMicroseconds: Int64?

  public init(
    kind: Kind, input: String? = nil, stream: String, channel: String, pipeline: String, model: String? = nil,
    epoch: UInt64? = nil, inputEpoch: UInt64? = nil, sequence: UInt64, at: Int64? = nil, first: Int64? = nil,
    last: Int64? = nil, decided: Int64? = nil, timestamp: Int64? = nil, timeSource: TimeSource? = nil,
    label: String? = nil, id: Int? = nil, p: Float? = nil, scores: [Float] = [], steps: LabelSequence? = nil,
    values: [Value] = [], level: Level? = nil, quality: Quality? = nil, missing: Int64? = nil, usable: Bool? = nil,
    synthetic: Bool? = nil,
    isRepeat: Bool = false, latencyMicroseconds: Int64? = nil
  ) {
    self.kind = kind
    self.input = input
    self.stream = stream
    self.channel = channel
    self.pipeline = pipeline
    self.model = model
    self.epoch = epoch
    self.inputEpoch = inputEpoch
    self.sequence = sequence
    self.at = at
    self.first = first
    self.last = last
    self.decided = decided
    self.timestamp = timestamp
    self.timeSource = timeSource
    self.label = label
    self.id = id
    self.p = p
    self.scores = scores
    self.steps = steps
    self.values = values
    self.level = level
    self.quality = quality
    self.missing = missing
    self.usable = usable
    self.synthetic = synthetic
    self.isRepeat = isRepeat
    self.latencyMicroseconds = latencyMicroseconds
  }

  /// What follows from the data consumes a sequence number: labels, events, and the statuses gap, reset and end. What
  /// a clock or the daemon's life caused does not.
  public var consumesSequence: Bool {
    switch kind {
    case .label, .event, .status(.gap, _), .status(.reset, _), .status(.end, _): true
    case .status, .heartbeat: false
    }
  }

  /// Whether it says what a lane decided: a label or an event, not a status or a heartbeat.
  public var isDecision: Bool {
    switch kind {
    case .label, .event: true
    case .status, .heartbeat: false
    }
  }

  /// Without the scores of the classes, which an output may leave out.
  public mutating func removeScores() {
    scores = []
    steps?.scores = []
  }

  /// Whether the canonical form of a lane's labels contains this message.
  public var isCanonical: Bool { consumesSequence && !isRepeat }
}
