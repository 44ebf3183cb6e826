import RunnelCore
import RunnelInference

/// Conv over time and a second axis, the columns: a convolution over time of maps, as DeepConvLSTM and the CRNNs of
/// keyword spotting have them.
///
/// A frame is then `columns` times `channels` features. A kernel of one column is a convolution in groups, one for each
/// column, all with the same weights; a wider one takes all features, with zeros where the kernel does not reach. Its
/// features lie column by column, whatever order the graph's reshapes suppose: layouts know it, and the weights of the
/// layer that reads them are put into that order.
extension GraphReader {
  /// The axis beside time that a kernel moves along, and how.
  struct Plane {
    /// Place among the axes.
    var axis: Int
    var columns: Int
    var kernel: Int
    var stride: Int
    var dilation: Int
    var above: Int
    var below: Int

    /// Columns that come out.
    var made: Int { (columns + above + below - (kernel - 1) * dilation - 1) / stride + 1 }
    var keepsColumns: Bool { kernel == 1 && stride == 1 && above == 0 && below == 0 }
  }

  /// Weights of one layer; a wide kernel over many columns has most of them zero.
  static let planeLimit = 1 << 26

  /// The second axis of a Conv over [batch, channels, …, …]; nil where there is none, or the kernel covers all of it.
  func plane(_ node: ONNXNode, _ flow: Flow, kernel: [Int]) throws(ImportError) -> Plane? {
    guard flow.layout.rank == 4, kernel.count == 2, flow.steps == .every, flow.isBatch(0) else { return nil }
    guard let time = [2, 3].first(where: { flow.layout.axes[$0].contains { $0.role == .time } }), flow.isTime(time)
    else { return nil }
    let axis = 5 - time
    let columns = flow.layout.shape[axis]
    guard columns > 1, flow.layout.axes[axis].allSatisfy({ $0.role == .feature }),
      flow.layout.axes[1].allSatisfy({ $0.role == .feature }), columns * flow.layout.shape[1] == flow.features
    else { return nil }
    func value(_ key: String) throws(ImportError) -> Int {
      guard let list = node.integers(key) else { return 1 }
      guard list.count == 2, (1...1 << 16).contains(list[axis - 2]) else { throw node.error("\(key) are \(list)") }
      return list[axis - 2]
    }
    var plane = Plane(
      axis: axis, columns: columns, kernel: kernel[axis - 2], stride: try value("strides"),
      dilation: try value("dilations"), above: 0, below: 0)
    let word = node.string("auto_pad") ?? "NOTSET"
    if word == "SAME_UPPER" || word == "SAME_LOWER" {
      let outputs = (columns + plane.stride - 1) / plane.stride
      let total = max(0, (outputs - 1) * plane.stride + (plane.kernel - 1) * plane.dilation + 1 - columns)
      plane.above = word == "SAME_UPPER" ? total / 2 : total - total / 2
      plane.below = total - plane.above
    } else if let pads = node.integers("pads"), word != "VALID" {
      guard pads.count == 4, pads.allSatisfy({ (0...1 << 16).contains($0) }) else {
        throw node.error("pads are \(pads)")
      }
      (plane.above, plane.below) = (pads[axis - 2], pads[axis])
    }
    guard plane.kernel > 0, columns + plane.above + plane.below > (plane.kernel - 1) * plane.dilation else {
      throw node.error("its kernel of \(plane.kernel) is longer than the \(columns) columns it gets")
    }
    // A kernel that covers the features of a step is a convolution over time as it is.
    let isWhole = plane.kernel == columns && plane.made == 1 && flow.layout.axes[1].isEmpty
    guard !isWhole || !flow.isFeatures(axis) else { return nil }
    return plane
  }

  /// Taps of the convolution over time (made · outputs, features / groups, kernel), and its groups.
  ///
  /// - Parameter weight: (outputs, channels / groups, …, …) as the graph has it.
  func taps(
    _ node: ONNXNode, _ flow: Flow, _ plane: Plane, _ weight: ConstantArray, groups: Int
  ) throws(ImportError) -> (values: [Float], groups: Int) {
    let (channels, outputs, own) = (flow.layout.shape[1], weight.shape[0], weight.shape[1])
    guard own * groups == channels, outputs % groups == 0 else {
      throw node.error("its weight \(weight.shape) with \(groups) groups does not take \(channels) channels")
    }
    // (outputs, own, columns of the kernel, taps)
    let turned = plane.axis == 2 ? weight : weight.transposed([0, 1, 3, 2])
    let (values, kernel) = (turned.floats, turned.shape[3])
    let places = Self.features(flow.layout.axes[1])
    let columns = Self.features(flow.layout.axes[plane.axis])
    if plane.keepsColumns, columns.enumerated().allSatisfy({ $0.element == $0.offset * channels }),
      places.enumerated().allSatisfy({ $0.element == $0.offset })
    {
      return ((0..<plane.made).flatMap { _ in values }, groups * plane.made)
    }
    let rows = plane.made * outputs
    guard let count = Int.product([rows, flow.features, kernel], limit: Self.planeLimit) else {
      throw node.error(
        "over \(plane.columns) columns of \(channels) channels is a convolution with more than \(Self.planeLimit) weights; pool or stride over the columns earlier"
      )
    }
    var taps = [Float](repeating: 0, count: count)
    for place in 0..<plane.made {
      for k in 0..<plane.kernel {
        let column = place * plane.stride + k * plane.dilation - plane.above
        guard columns.indices.contains(column) else { continue }
        for output in 0..<outputs {
          let group = output / (outputs / groups)
          for channel in 0..<own {
            let feature = columns[column] + places[group * own + channel]
            let to = ((place * outputs + output) * flow.features + feature) * kernel
            let from = ((output * own + channel) * plane.kernel + k) * kernel
            for tap in 0..<kernel { taps[to + tap] += values[from + tap] }
          }
        }
      }
    }
    return (taps, 1)
  }

  /// Which feature of a frame each place of an axis holds.
  static func features(_ axis: Layout.Axis) -> [Int] {
    ConstantArray.places(axis.map(\.size), axis.map(\.stride))
  }

  /// The features of a frame in the order in which they lie in `axis`, where that is all of them; nil where they lie
  /// in their own order, or not all there.
  func shuffled(_ flow: Flow, _ axis: Int) -> [Int]? {
    guard flow.layout.axes.indices.contains(axis), !flow.isFeatures(axis),
      flow.layout.axes[axis].allSatisfy({ $0.role == .feature }), flow.layout.shape[axis] == flow.features
    else { return nil }
    return Self.features(flow.layout.axes[axis])
  }

  /// Columns of a weight (…, features) put from the order in `axis` into that of the frame.
  func ordered(_ weight: ConstantArray, _ flow: Flow, _ axis: Int) -> ConstantArray {
    guard let order = shuffled(flow, axis), weight.shape.last == order.count else { return weight }
    var inverse = order
    for (place, feature) in order.enumerated() { inverse[feature] = place }
    let rows = weight.count / order.count
    return weight.taking((0..<rows).flatMap { row in inverse.map { row * order.count + $0 } }, shape: weight.shape)
  }

  /// One number for each channel in axis 1, for every feature; as they are where axis 1 has the features.
  func perChannel(_ flow: Flow, _ values: [Float]) -> [Float] {
    guard !flow.isFeatures(1), flow.layout.axes[1].allSatisfy({ $0.role == .feature }) else { return values }
    var result = [Float](repeating: 0, count: flow.features)
    let others = flow.layout.axes.enumerated().filter { $0.offset != 1 }
      .flatMap { $0.element.filter { $0.role == .feature } }
    for (channel, place) in Self.features(flow.layout.axes[1]).enumerated() {
      for other in Self.features(others) { result[place + other] = values[channel] }
    }
    return result
  }
}
