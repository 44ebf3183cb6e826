/// What an LSTM is beside the plain one; the default is the plain one.
public struct LSTMOptions: Sendable, Hashable {
  /// Whose weights are missing, because the gate is one minus the other.
  public enum Coupling: String, Sendable, CaseIterable {
    case none
    /// i = 1 − f (TFLite's CIFG); the rows of i are absent.
    case input
    /// f = 1 − i (`input_forget` as ONNX Runtime computes it); the rows of f are absent.
    case forget
  }

  /// `weight_hr` (P, H): h' = W_hr (o ⊙ act(c')), and h has P units (Sak, Senior and Beaufays 2014).
  public var projection: [Float]?
  /// P; 0 where there is no projection.
  public var projectionWidth: Int
  /// `weight_peephole` (3H) i f o; coupled (2H), without the missing gate. i and f see c, o sees c' (Gers,
  /// Schraudolph and Schmidhuber 2002).
  public var peepholes: [Float]?
  public var coupling: Coupling
  /// Of i, f and o.
  public var gateActivation: Activation
  /// Of g.
  public var cellActivation: Activation
  /// Of c'.
  public var outputActivation: Activation
  /// Bounds c' to ±cellClip after the update.
  public var cellClip: Float?
  /// Bounds what the activations of the gates and of g are taken of, peephole term included, to ±gateClip.
  public var gateClip: Float?

  public init(
    projection: [Float]? = nil, projectionWidth: Int = 0, peepholes: [Float]? = nil, coupling: Coupling = .none,
    gateActivation: Activation = .sigmoid, cellActivation: Activation = .tanh, outputActivation: Activation = .tanh,
    cellClip: Float? = nil, gateClip: Float? = nil
  ) {
    self.projection = projection
    self.projectionWidth = projectionWidth
    self.peepholes = peepholes
    self.coupling = coupling
    self.gateActivation = gateActivation
    self.cellActivation = cellActivation
    self.outputActivation = outputActivation
    self.cellClip = cellClip
    self.gateClip = gateClip
  }

  public static let plain = LSTMOptions()
}
