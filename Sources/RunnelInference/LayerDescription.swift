import RunnelKernels

/// One layer of a network, as its description states it: what it reads, its kind and its sizes.
///
/// Layers stand in the order in which they run; each reads the one before it, or those that `from` names. Together
/// they are a `NetworkGraph`.
public struct LayerDescription: Sendable, Hashable {
  /// Prefix of its tensors; no two layers share one.
  public var name: String
  public var kind: Kind
  /// Names of the layers it reads; `input` is the frame.
  public var from: [String]
  /// Features that go in, of each layer it reads.
  public var input: Int
  /// Features that come out.
  public var output: Int

  public enum Kind: Sendable, Hashable {
    /// y = activation(W x + b)
    case linear(activation: Activation, bias: Bool)
    /// y[m] = activation(b + Σ_j W[j] x[m·stride − left + j·dilation]), features in `groups` that do not see each other.
    case conv1d(TimeSpan, groups: Int, activation: Activation, bias: Bool)
    case recurrent(RecurrentDescription)
    /// (x − running_mean) / √(running_var + ε) · weight + bias, the statistics those of the training.
    case batchNorm(epsilon: Double, affine: Bool)
    /// The same with mean and variance of the frame's own features (Ba et al. 2016, equation 4).
    case layerNorm(epsilon: Double, affine: Bool)
    case pool(TimeSpan, PoolOperation)
    /// A class number → its row of a table.
    case embedding(classes: Int)
    case activation(Activation)
    /// x < 0 ? weight · x : x, one weight or one per feature.
    case prelu
    case softmax
    /// Sum of several layers.
    case add
    /// Product of several layers.
    case multiply
    /// Several layers side by side.
    case concat
    /// Features `first ..< first + output` of what it reads.
    case select(first: Int)
    /// One step out of all steps of a window.
    case globalPool(PoolOperation)
    /// Of a recurrent layer over a window: the last output of the forward half beside the backward half's at step 0.
    case final
  }

  public enum PoolOperation: String, Sendable, CaseIterable {
    case max
    case mean
  }

  /// The name by which a layer reads the frame itself.
  public static let frame = "input"

  public static let sizeLimit = 8192
  public static let depthLimit = 16
  /// Frames that a convolution may look back.
  public static let pastLimit = 65536

  /// Whether it makes one step of a whole window, so that it can only run when the window is complete.
  public var collapses: Bool {
    switch kind {
    case .globalPool, .final: true
    default: false
    }
  }
}

/// How a layer looks along time: `kernel` taps, `dilation` steps apart, moved on by `stride`, over an input with `left`
/// steps of padding before it and `right` behind it.
public struct TimeSpan: Sendable, Hashable {
  public var kernel: Int
  public var stride: Int
  public var dilation: Int
  public var left: Int
  public var right: Int

  public init(kernel: Int, stride: Int = 1, dilation: Int = 1, left: Int, right: Int = 0) {
    self.kernel = kernel
    self.stride = stride
    self.dilation = dilation
    self.left = left
    self.right = right
  }

  /// Steps before the newest that the oldest tap needs.
  public var past: Int { (kernel - 1) * dilation }
  /// Input steps from the first that give nothing, because taps would lie before the padding.
  public var skip: Int { past - left }

  /// Steps that come out of a window of `steps`: PyTorch's formula, 0 where the window is too short.
  public func length(of steps: Int) -> Int {
    let room = steps + left + right - past - 1
    return room < 0 ? 0 : room / stride + 1
  }
}

/// A recurrent layer: `depth` cells on top of each other (docs/cells.md §2, §5, §9).
public struct RecurrentDescription: Sendable, Hashable {
  public enum Cell: Sendable, Hashable {
    /// h' = (1 − leak) h + leak · activation(W x + b_ih + R h + b_hh); Elman's (1990) where leak is 1.
    case rnn(activation: Activation, leak: Float)
    case gru(GRUDescription)
    case lstm(LSTMDescription)
  }

  public enum Direction: String, Sendable, CaseIterable {
    case forward
    case backward
    case bidirectional
  }

  public var cell: Cell
  /// H, units of each cell.
  public var hidden: Int
  public var depth: Int
  public var bias: Bool
  /// Whether the description says so. Where it does not, a file without biases is one of a module without.
  var statesBias = true
  public var direction: Direction
  /// The state before the first step is in the file; zeros where not.
  public var learnsInitialState: Bool

  /// Features of h: P where the cell projects, else H.
  public var width: Int {
    if case .lstm(let lstm) = cell, let projection = lstm.projection { projection } else { hidden }
  }
  /// Rows of a weight in units of H.
  public var gates: Int {
    switch cell {
    case .rnn: 1
    case .gru: 3
    case .lstm(let lstm): lstm.coupling == .none ? 4 : 3
    }
  }
  public var hasCellState: Bool { if case .lstm = cell { true } else { false } }
  /// Suffixes of the tensors, one for each direction that the layer runs.
  public var suffixes: [String] { direction == .bidirectional ? ["", "_reverse"] : [""] }
}

/// Cho et al.'s (2014) cell, gates in PyTorch's order r z n.
public struct GRUDescription: Sendable, Hashable {
  public enum Reset: String, Sendable, CaseIterable {
    /// n = tanh(W x + b_ih + r ⊙ (R h + b_hh)): PyTorch, cuDNN, Keras with reset_after.
    case after
    /// n = tanh(W x + b_ih + R (r ⊙ h) + b_hh): the paper's.
    case before
  }

  public var reset = Reset.after
  public var gateActivation = Activation.sigmoid
  public var activation = Activation.tanh
  /// Bound of every pre-activation.
  public var gateClip: Float?

  public init() {}
}

/// Hochreiter and Schmidhuber's (1997) cell with Gers et al.'s (2000) forget gate, gates in PyTorch's order i f g o.
public struct LSTMDescription: Sendable, Hashable {
  /// Which gate is one minus the other (Greff et al. 2017, CIFG); its rows are not in the file.
  public enum Coupling: String, Sendable, CaseIterable {
    case none
    /// i = 1 − f
    case input
    /// f = 1 − i
    case forget
  }

  /// P, features of h' = W_hr (o ⊙ tanh c') (Sak et al. 2014).
  public var projection: Int?
  /// Gers and Schmidhuber (2000): i and f also see c, o sees c'.
  public var peepholes = false
  public var coupling = Coupling.none
  public var gateActivation = Activation.sigmoid
  /// Of the candidate g.
  public var cellActivation = Activation.tanh
  /// Of c' on its way into h'.
  public var outputActivation = Activation.tanh
  /// Bound of c' after the update.
  public var cellClip: Float?
  /// Bound of every pre-activation, peepholes included.
  public var gateClip: Float?

  public init() {}
}
