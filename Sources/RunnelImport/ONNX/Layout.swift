/// How the frames of a window lie in an array: which axis is time, which are features, and in what order features that
/// were split or merged lie in it.
///
/// Every axis is a list of factors, the slowest first. A reshape regroups the factors of all axes and a transpose
/// permutes the axes; so that what comes out is known without running anything. An axis of size 1 has no factors: it
/// may be the batch, one direction, or nothing.
struct Layout: Equatable {
  struct Factor: Equatable {
    enum Role {
      case batch
      case time
      case feature
    }

    var role: Role
    /// Distance of neighbours, in units of the role: features of a frame, steps.
    var stride: Int
    var size: Int
  }

  typealias Axis = [Factor]

  var axes: [Axis]

  var shape: [Int] { axes.map { $0.reduce(1) { $0 * $1.size } } }
  var rank: Int { axes.count }

  init(_ axes: [Axis]) { self.axes = axes }

  /// An axis of one role; none of size 1.
  static func axis(_ role: Factor.Role, _ size: Int) -> Axis {
    size == 1 ? [] : [Factor(role: role, stride: 1, size: size)]
  }

  /// The place of the axis that is wholly and only this role; nil where it is split, merged or absent.
  func place(of role: Factor.Role) -> Int? {
    let places = axes.indices.filter { axes[$0].contains { $0.role == role } }
    guard places.count == 1, axes[places[0]].count == 1, axes[places[0]][0].stride == 1 else { return nil }
    return places[0]
  }

  func has(_ role: Factor.Role) -> Bool { axes.contains { $0.contains { $0.role == role } } }

  func transposed(_ order: [Int]) -> Layout { Layout(order.map { axes[$0] }) }

  /// The same elements under another shape; nil where an axis would begin in the middle of a step or a batch.
  func reshaped(_ shape: [Int]) -> Layout? {
    var rest = axes.flatMap { $0 }[...]
    var result: [Axis] = []
    for size in shape {
      var axis: Axis = []
      var open = size
      while open > 1 {
        guard let next = rest.first else { return nil }
        if open % next.size == 0 {
          axis.append(next)
          open /= next.size
          rest.removeFirst()
        } else {
          guard next.role == .feature, next.size % open == 0 else { return nil }
          let inner = next.size / open
          axis.append(Factor(role: .feature, stride: next.stride * inner, size: open))
          rest[rest.startIndex] = Factor(role: .feature, stride: next.stride, size: inner)
          open = 1
        }
      }
      result.append(Self.merged(axis))
    }
    return rest.isEmpty ? Layout(result) : nil
  }

  /// Neighbours that continue each other are one factor.
  static func merged(_ axis: Axis) -> Axis {
    var result: Axis = []
    for factor in axis {
      if let last = result.last, last.role == factor.role, last.stride == factor.stride * factor.size {
        result[result.count - 1] = Factor(role: factor.role, stride: factor.stride, size: last.size * factor.size)
      } else {
        result.append(factor)
      }
    }
    return result
  }
}

/// What flows through the graph at one place: the output of a layer, for every step of a window or for one that was
/// chosen, and how it lies in its array.
struct Flow {
  /// Which steps of the window it holds.
  enum Steps: Equatable {
    case every
    /// One of the layer's steps, counted from 0.
    case one(Int)
    /// What a layer made of the whole window.
    case whole
  }

  /// Of the layer; `LayerDescription.frame` for the frame itself.
  var layer: String
  var layout: Layout
  /// Features of a step.
  var features: Int
  /// Steps that the layer gives, of which `steps` may have chosen one.
  var length: Int
  var steps = Steps.every
  /// Padding that waits for a convolution or a pool; it lies in the array already.
  var padding: Padding?
  /// Somebody else reads the layer too, so that nothing may be merged into it.
  var isShared = false
  /// Last output of a recurrent layer, as ONNX gives it beside the outputs of all steps.
  var isState = false

  struct Padding: Equatable {
    var left: Int
    var right: Int
    var value: Float
  }

  init(layer: String, layout: Layout, features: Int, length: Int, steps: Steps = .every) {
    self.layer = layer
    self.layout = layout
    self.features = features
    self.length = length
    self.steps = steps
  }

  /// Steps that lie in the array, padding among them.
  var visibleSteps: Int { steps == .every ? length + (padding.map { $0.left + $0.right } ?? 0) : 1 }
  /// Whether all features of a step lie in `axis`, in their order.
  func isFeatures(_ axis: Int) -> Bool {
    layout.axes.indices.contains(axis) && layout.axes[axis] == Layout.axis(.feature, features)
  }
  func isTime(_ axis: Int) -> Bool {
    layout.axes.indices.contains(axis) && layout.axes[axis] == Layout.axis(.time, visibleSteps)
  }
  func isBatch(_ axis: Int) -> Bool {
    guard layout.axes.indices.contains(axis) else { return false }
    return layout.axes[axis].allSatisfy { $0.role == .batch }
  }
}
