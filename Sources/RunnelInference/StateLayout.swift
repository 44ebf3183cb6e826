import RunnelKernels

/// What a network carries from step to step, in the order of its layers: a ring of past frames per convolution, h and
/// c per recurrent layer.
public struct StateLayout: Sendable, Equatable {
  /// Past frames of a convolution.
  struct Ring: Sendable, Equatable {
    /// (kernel − 1) · dilation frames.
    var past: Int
    /// Features of a frame.
    var width: Int
    /// Where its frames begin in `NetworkState.values`, oldest first.
    var place: Int
  }

  /// h and c of one recurrent layer.
  struct Cell: Sendable, Equatable {
    var hidden: Int
    /// Where h begins in `NetworkState.values`; c follows it.
    var place: Int
    /// The tensor name without `h_l` or `c_l`, and the number in a stack: `lstm`, 0.
    var layer: String
    var depth: Int
    var stride: Int { KernelSet.padded(hidden) }
  }

  private(set) var rings: [Ring] = []
  private(set) var cells: [Cell] = []
  /// Floats of a `NetworkState`.
  private(set) var count = 0

  init(_ layers: [LayerDescription]) {
    for layer in layers {
      switch layer.kind {
      case .conv1d(let span, _, _, _):
        rings.append(Ring(past: span.past, width: layer.input, place: count))
        count += span.past * layer.input
      case .recurrent(let recurrent):
        for level in 0..<recurrent.depth {
          cells.append(Cell(hidden: layer.output, place: count, layer: layer.name, depth: level))
          count += 2 * layer.output
        }
      default: break
      }
    }
  }
}

/// Everything a network carries for one slot, as a value: what a checkpoint keeps of it.
///
/// Layers in their order; of a convolution the past frames, oldest first, of an LSTM h then c for each level. It does
/// not depend on the kernel set, nor on where in a ring the frames lay. Equal means equal bit for bit.
public struct NetworkState: Sendable, Equatable {
  public var values: [Float]
  /// Steps that layers have taken since the reset, as far as they matter, and the output indexes of what waits.
  public var counts: [Int64]

  public init(values: [Float], counts: [Int64] = []) {
    self.values = values
    self.counts = counts
  }

  public static func == (a: Self, b: Self) -> Bool {
    a.counts == b.counts && a.values.count == b.values.count
      && zip(a.values, b.values).allSatisfy { $0.bitPattern == $1.bitPattern }
  }
}

/// A stored state that cannot be the state of this network.
public enum StateError: Error, Sendable, Equatable, CustomStringConvertible {
  case count(expected: Int, found: Int)
  case nonFinite(index: Int)

  public var description: String {
    switch self {
    case .count(let expected, let found):
      "a state of this network has \(expected) values, found \(found): it belongs to another model"
    case .nonFinite(let index): "the state is not finite at value \(index)"
    }
  }
}
