import RunnelInference

/// How the lanes of a pipeline meet their model: which states step when, where the outputs lie among the frames, and
/// how many of them are from label to label. Made once from the model's description and what the configuration may say
/// of it.
struct LaneRegime: Sendable, Hashable {
  let schedule: StepSchedule
  let grid: OutputGrid
  /// Outputs a second: the steps that decisions count.
  let outputRate: Double
  /// Outputs from label to label.
  let hop: Int
  /// Frames of a window; 0 where there are none.
  let windowLength: Int
  /// Frames from a window's first to its newest that is needed; 0 where there are no windows.
  let windowReach: Int64
  /// What an output is made of: a score of each class, or a sequence of such.
  let sequence: SequenceShape?

  /// Outputs that are sequences.
  struct SequenceShape: Sendable, Hashable {
    /// S, of a window whose sequence is not cut.
    var steps: Int
    /// Frames from step to step; nil where a decoder made them, so that they have no place in time.
    var framesPerStep: Int64?
  }

  /// More windows open at once than anybody means to have.
  static let openWindowLimit: Int64 = 4096

  /// - Parameters:
  ///   - hop: nil takes the model's.
  ///   - maxStateAge: seconds; nil takes the model's.
  /// - Throws: a sentence without the pipeline's name.
  init(_ model: ModelDescription, hop: Int? = nil, maxStateAge: Double? = nil) throws(RegimeError) {
    let hop = hop ?? model.hop
    guard hop >= 1 else { throw .hop(hop) }
    switch model.regime {
    case .carried:
      let time = model.graph.time
      schedule = StepSchedule(try Self.carried(model, age: maxStateAge ?? model.maxStateAge))
      grid = OutputGrid(stride: time.stride, spoken: time.first, decided: time.first)
      outputRate = model.rate / Double(time.stride)
      self.hop = hop
      (windowLength, windowReach, sequence) = (0, 0, nil)
    case .windowed:
      guard (maxStateAge ?? 0) == 0 else { throw .stateAgeOfWindows }
      guard let window = model.window else { preconditionFailure("a windowed model says what a window is") }
      let way = Self.windowed(model, window, hop: Int64(hop))
      schedule = StepSchedule(way)
      if case .sideBySide(_, let length) = way {
        windowReach = length - 1
        let open = (length + Int64(hop) - 1) / Int64(hop)
        guard open <= Self.openWindowLimit else { throw .openWindows(open, length: length, hop: hop) }
      } else {
        windowReach = Int64(window.length) - 1
      }
      windowLength = window.length
      let steps = model.graph.length(of: window.length)
      let time = model.graph.time
      let isOfWholeWindow = model.graph.output.isCollapsed || model.decoder != nil
      let last = model.pattern == .manyToOne ? window.target : steps - 1
      grid = OutputGrid(
        stride: Int64(hop),
        spoken: isOfWholeWindow
          ? Int64(window.length) - 1 : max(0, time.frame(ofOutput: Int64(last)) - model.graph.output.ahead),
        decided: windowReach, isWindowed: true)
      outputRate = model.rate / Double(hop)
      self.hop = 1
      switch model.pattern {
      case .manyToOne, .oneToOne: sequence = nil
      case .manyToMany:
        sequence = SequenceShape(steps: steps, framesPerStep: model.graph.output.isCollapsed ? nil : time.stride)
      case .oneToMany, .encoderDecoder:
        sequence = SequenceShape(steps: model.decoder?.steps ?? 1, framesPerStep: nil)
      }
    }
  }

  private static func carried(_ model: ModelDescription, age: Double) throws(RegimeError) -> StepSchedule.Way {
    guard age > 0 else { return .carried }
    guard model.graph.hasMemory else { throw .stateAgeWithoutState }
    guard model.warmUp > 0 else { throw .stateAgeWithoutWarmUp }
    let frames = Int64((min(age * model.rate, 0x1p53)).rounded())
    // A shadow that has had too few frames for an output would leave a hole where it takes over.
    let lead = max(Int64((model.warmUp * model.rate).rounded(.up)), model.graph.time.first)
    guard frames > lead else { throw .stateAgeTooShort(age, warmUp: Double(lead) / model.rate) }
    return .renewed(age: frames, lead: lead)
  }

  private static func windowed(
    _ model: ModelDescription, _ window: ModelDescription.Window, hop: Int64
  ) -> StepSchedule.Way {
    let length = Int64(window.length)
    guard model.pattern == .manyToOne, model.stepsSideBySide else {
      return .whole(hop: hop, length: length)
    }
    // The frames behind the target's change nothing any more.
    return .sideBySide(hop: hop, length: model.graph.time.frame(ofOutput: Int64(window.target)) + 1)
  }
}

extension ModelDescription {
  /// Windows of one lane that are stepped side by side, by the model's own hop; nil where they are evaluated whole, and
  /// for what is carried.
  public var windowsSideBySide: Int? {
    let states = statesOfLane
    return regime == .windowed && states > 0 ? states : nil
  }

  /// States that a lane carries, by the model's own hop: one, two where it is renewed, one for each window that can be
  /// open, none where windows are evaluated whole.
  public var statesOfLane: Int { (try? LaneRegime(self))?.schedule.places ?? 0 }
}

/// Why a model cannot run as it is asked to; each sentence goes on after the pipeline's name.
enum RegimeError: Error, Hashable, CustomStringConvertible {
  case hop(Int)
  case stateAgeOfWindows
  case stateAgeWithoutState
  case stateAgeWithoutWarmUp
  case stateAgeTooShort(Double, warmUp: Double)
  case openWindows(Int64, length: Int64, hop: Int)

  var description: String {
    switch self {
    case .hop(let hop): "hop is \(hop); give 1 or more"
    case .stateAgeOfWindows:
      "max_state_age is for carried models, and this one is windowed: each window starts anew, so its state is never "
        + "older than the window; leave max_state_age out"
    case .stateAgeWithoutState:
      "max_state_age has nothing to renew: the model is one-to-one and carries no state; leave it out"
    case .stateAgeWithoutWarmUp:
      "max_state_age needs to know how long a fresh state warms up before it takes over, and the model's warm-up is 0 s: "
        + "export it with warmup, or leave max_state_age out"
    case .stateAgeTooShort(let age, let warmUp):
      "max_state_age is \(age) s, and a fresh state warms up for \(warmUp) s: give more than that"
    case .openWindows(let open, let length, let hop):
      "windows of \(length) frames every \(hop) would be \(open) open at once, and at most \(LaneRegime.openWindowLimit) "
        + "can be: give a larger hop"
    }
  }
}
