import RunnelCore
import RunnelKernels

/// What a model file says of its network: the layers in order, what they were trained on, and how their scores become
/// labels. The JSON text of the metadata key `runnel.model`, read strictly.
public struct ModelDescription: Sendable, Equatable {
  /// How the network meets the stream. One that was trained one way and is run the other gives other answers.
  public enum Regime: String, Sendable, CaseIterable {
    /// Every frame steps the network once; h and c live on.
    case carried
    /// Windows of `window.length` frames every `hop`; each starts from the initial state.
    case windowed
  }

  public enum Pattern: String, Sendable, CaseIterable {
    /// A score per step, of that step's frame alone: nothing is carried.
    case oneToOne = "one-to-one"
    /// A score per step; windowed, the scores of all steps of a window as a sequence.
    case manyToMany = "many-to-many"
    /// The score of one step of a window.
    case manyToOne = "many-to-one"
    /// A decoder makes a sequence of one frame.
    case oneToMany = "one-to-many"
    /// A decoder makes a sequence of what the encoder made of a window.
    case encoderDecoder = "encoder-decoder"
  }

  /// What a window is. Window w covers frames w · hop ..< w · hop + length of the session.
  public struct Window: Sendable, Hashable {
    /// T, frames.
    public var length: Int
    /// The output step, from 0 on, whose score is the label of a many-to-one window.
    public var target: Int
  }

  /// One feature of a frame, to be bound to a channel.
  public struct Input: Sendable, Hashable {
    public var name: String
    /// The physical unit it was trained in; nil where it does not matter.
    public var unit: String?
  }

  /// A slice of the last layer's output with its own activation and labels.
  public struct Head: Sendable, Hashable {
    public enum Activation: String, Sendable, CaseIterable {
      case softmax
      case sigmoid
      case linear
    }

    public var name: String
    public var activation: Activation
    public var labels: [String]
  }

  public var name: String
  public var regime: Regime
  public var pattern: Pattern
  /// Of the windowed regime.
  public var window: Window?
  /// Carried: the state is never older than this and `warmUp`; a shadow warms up beside it and takes over. Seconds,
  /// 0 for a state that lives as long as its session.
  public var maxStateAge: Double
  /// Of the network's steps, Hz.
  public var rate: Double
  /// Of the recordings it was trained on, Hz: fixes which lag of the resampler is inside `delay`.
  public var trainedRate: Double
  /// Carried: output steps from label to label where every step could have one. Windowed: frames from the start of a
  /// window to the start of the next.
  public var hop: Int
  /// A score at step n speaks of n − delay; seconds, lag of the conditioning as trained included.
  public var delay: Double
  /// Labels are `warming` for so many seconds after a reset.
  public var warmUp: Double
  public var inputs: [Input]
  public var conditioning: Conditioning
  public var layers: [LayerDescription]
  /// The layers with what each reads and when.
  public var graph: NetworkGraph
  /// What makes a sequence of the last output, in `one-to-many` and `encoder-decoder`.
  public var decoder: DecoderDescription?
  /// A second network, stepped once per event of the first.
  public var eventStage: EventStageDescription?
  public var heads: [Head]
  public var decide: DecisionRule
  /// Of max(1e-3, largest |golden|), for f32.
  public var tolerance: Double
  /// The same for reduced weights, of the precisions for which the file promises something.
  public var reducedTolerances: [WeightPrecision: Double]
  /// Which program made the golden tensors; `runnel` where no other ran the network, nil where it is not said.
  public var goldenBy: String?
  /// Free: trained on what, by which script, with which result.
  public var provenance: JSONValue
  /// `sha256:` and 64 hexadecimal digits.
  public var digest: String

  /// Scores of a step: the labels of all heads.
  public var outputs: Int { heads.reduce(0) { $0 + $1.labels.count } }

  public static let layerLimit = 64
}

extension ModelDescription {
  /// What golden scores and states may differ, of max(1e-3, largest |golden|); nil where the file does not say.
  func tolerance(of precision: WeightPrecision) -> Double? {
    precision == .float32 ? tolerance : reducedTolerances[precision]
  }
}
