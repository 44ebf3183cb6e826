import RunnelCore
import RunnelKernels

/// What a model file says of its network: the layers in order, what they were trained on, and how their scores become
/// labels. The JSON text of the metadata key `runnel.model`, read strictly.
public struct ModelDescription: Sendable, Equatable {
  public enum Regime: String, Sendable, CaseIterable {
    /// Every frame steps the network once; h and c live on.
    case carried
  }

  public enum Pattern: String, Sendable, CaseIterable {
    /// A score per step.
    case manyToMany = "many-to-many"
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
  /// Of the network's steps, Hz.
  public var rate: Double
  /// Of the recordings it was trained on, Hz: fixes which lag of the resampler is inside `delay`.
  public var trainedRate: Double
  /// Steps from label to label where every step could have one.
  public var hop: Int
  /// A score at step n speaks of n − delay; seconds, lag of the conditioning as trained included.
  public var delay: Double
  /// Labels are `warming` for so many seconds after a reset.
  public var warmUp: Double
  public var inputs: [Input]
  public var conditioning: Conditioning
  public var layers: [LayerDescription]
  public var heads: [Head]
  public var decide: DecisionRule
  /// Of max(1e-3, largest |golden|), for f32.
  public var tolerance: Double
  /// Free: trained on what, by which script, with which result.
  public var provenance: JSONValue
  /// `sha256:` and 64 hexadecimal digits.
  public var digest: String

  /// Scores of a step: the labels of all heads.
  public var outputs: Int { heads.reduce(0) { $0 + $1.labels.count } }

  public static let layerLimit = 64
}
