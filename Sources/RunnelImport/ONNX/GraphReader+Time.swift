import RunnelCore
import RunnelInference

/// Layers that look along time: convolutions, pools and the padding before them.
extension GraphReader {
  /// Which axes of the array a convolution or a pool moves along, and how.
  private struct Motion {
    /// Place of time among the axes.
    var time: Int
    var kernel: Int
    var stride: Int
    var dilation: Int
    var left: Int
    var right: Int
    /// The axis of the features where they do not lie in axis 1: then the kernel covers all of them.
    var features: Int?

    func length(of steps: Int) -> Int {
      TimeSpan(kernel: kernel, stride: stride, dilation: dilation, left: left, right: right).length(of: steps)
    }
  }

  mutating func convolution(_ node: ONNXNode) throws(ImportError) -> Flow {
    let flow = try flow(node, 0, padded: true)
    guard let weight = try constant(node, 1), weight.rank == flow.layout.rank else {
      throw node.error("needs a weight of \(flow.layout.rank) dimensions")
    }
    if let kernel = node.integers("kernel_shape"), kernel != Array(weight.shape.dropFirst(2)) {
      throw node.error("kernel_shape is \(kernel), and its weight has shape \(weight.shape)")
    }
    var groups = node.integer("group") ?? 1
    let plane = try plane(node, flow, kernel: Array(weight.shape.dropFirst(2)))
    let motion = try motion(node, flow, kernel: Array(weight.shape.dropFirst(2)), plane: plane)
    guard (1...LayerDescription.sizeLimit).contains(groups), weight.count > 0 else {
      throw node.error("has an empty kernel")
    }
    let (channels, features) = (weight.shape[0], flow.features)
    let outputs = channels * (plane?.made ?? 1)
    // [O, 1, k, F] is [O, F, k] where the kernel covers the features.
    let isAcross = motion.features != nil && features > 1
    guard plane != nil || (isAcross ? weight.shape[1] == 1 && groups == 1 : weight.shape[1] * groups == features) else {
      throw node.error("its weight \(weight.shape) with \(groups) groups does not take \(features) features")
    }
    guard flow.padding?.value ?? 0 == 0 else { throw node.error("comes after a Pad with another value than 0") }
    var values = weight.floats
    if isAcross, let across = motion.features, across > motion.time {
      values = weight.transposed([0, 1] + [across, motion.time]).floats
    }
    if let plane { (values, groups) = try taps(node, flow, plane, weight, groups: groups) }
    guard outputs <= LayerDescription.sizeLimit else {
      throw node.error("makes \(outputs) features of a frame; at most \(LayerDescription.sizeLimit) are supported")
    }
    var layer = LayerDraft(
      name: layerName(node, weight: 1, kind: "conv"), kind: "conv1d", from: [flow.layer], output: outputs)
    layer.set("input", features)
    layer.set("output", outputs)
    layer.set("kernel", motion.kernel)
    if motion.stride != 1 { layer.set("stride", motion.stride) }
    if motion.dilation != 1 { layer.set("dilation", motion.dilation) }
    if groups != 1 { layer.set("groups", groups) }
    if motion.left != (motion.kernel - 1) * motion.dilation || motion.right != 0 {
      layer["padding"] = .array([.integer(Int64(motion.left)), .integer(Int64(motion.right))])
    }
    layer.add("weight", [outputs, features / groups, motion.kernel], values)
    let bias = try constant(node, 2)
    if let bias {
      guard bias.count == channels else {
        throw node.error("its bias has \(bias.count) values for \(channels) features")
      }
      layer.add("bias", [outputs], (0..<outputs / channels).flatMap { _ in bias.floats })
    } else {
      layer["bias"] = .bool(false)
    }
    let name = add(layer)
    if let bias { use(bias, as: "\(name).bias") }
    var result = follow(flow, name, weight, features: outputs, axis: nil)
    result.length = try length(node, motion, flow)
    result.layout.axes[1] = Layout.axis(.feature, channels)
    if let plane {
      result.layout.axes[plane.axis] =
        plane.made == 1 ? [] : [.init(role: .feature, stride: channels, size: plane.made)]
    }
    if let across = motion.features { result.layout.axes[across] = [] }
    result.layout.axes[motion.time] = Layout.axis(.time, result.length)
    return result
  }

  mutating func pool(_ node: ONNXNode) throws(ImportError) -> Flow {
    let flow = try flow(node, 0, padded: true)
    guard !isUsed(node, output: 1) else {
      throw node.error("its second output, the places of the largest, is not supported")
    }
    guard let kernel = node.integers("kernel_shape") else { throw node.error("needs a kernel_shape") }
    let isMax = node.operation == "MaxPool"
    let plane = try plane(node, flow, kernel: kernel)
    guard plane?.keepsColumns ?? true else {
      throw node.error(
        "pools \(plane?.kernel ?? 0) columns (features of a step) into one, which no layer does; pool over time alone, or stride the Conv before it"
      )
    }
    var motion = try motion(node, flow, kernel: kernel, plane: plane)
    guard motion.features == nil else { throw node.error("pools over the features") }
    if let padding = flow.padding {
      guard padding.value == (isMax ? -.infinity : 0) else {
        throw node.error("comes after a Pad with \(padding.value)")
      }
    }
    if !isMax, motion.left + motion.right > 0, flow.padding == nil, node.integer("count_include_pad") ?? 0 == 0 {
      throw node.error(
        "leaves the padding out of its mean (count_include_pad 0), which a layer here does not; train it with padding 0"
      )
    }
    let rest = (flow.length + motion.left + motion.right - (motion.kernel - 1) * motion.dilation - 1) % motion.stride
    guard node.integer("ceil_mode") ?? 0 == 0 || (rest == 0 && isFixed) else {
      throw node.error(
        "rounds up (ceil_mode 1), so that its last step sees less than the others; export it with ceil_mode=False")
    }
    motion.left = max(0, motion.left)
    var layer = LayerDraft(
      name: layerName(node, kind: isMax ? "maxpool" : "avgpool"), kind: isMax ? "maxpool" : "avgpool",
      from: [flow.layer],
      output: flow.features)
    layer.set("input", flow.features)
    layer.set("kernel", motion.kernel)
    if motion.stride != motion.kernel { layer.set("stride", motion.stride) }
    if motion.dilation != 1 { layer.set("dilation", motion.dilation) }
    if motion.left + motion.right > 0 {
      layer["padding"] = .array([.integer(Int64(motion.left)), .integer(Int64(motion.right))])
    }
    var result = follow(flow, add(layer), nil, features: flow.features, axis: nil)
    result.length = try length(node, motion, flow)
    result.layout.axes[motion.time] = Layout.axis(.time, result.length)
    return result
  }

  private var isFixed: Bool { supposition.steps < Supposition.firstGuess }

  private func length(_ node: ONNXNode, _ motion: Motion, _ flow: Flow) throws(ImportError) -> Int {
    let length = motion.length(of: flow.length)
    guard length > 0 else {
      throw node.error("its kernel of \(motion.kernel) is longer than the \(flow.length) steps it gets")
    }
    return length
  }

  /// Finds time among [batch, features, …] and reads kernel, stride and padding along it; along every other axis the
  /// kernel must be 1, or cover all features.
  private func motion(
    _ node: ONNXNode, _ flow: Flow, kernel: [Int], plane: Plane? = nil
  ) throws(ImportError) -> Motion {
    let rank = flow.layout.rank
    guard flow.steps == .every, rank >= 3, flow.isBatch(0), kernel.count == rank - 2 else {
      throw node.error("expects [batch, features, steps] and all steps of the window, found shape \(flow.layout.shape)")
    }
    let spatial = Array(2..<rank)
    let candidates = spatial.filter { flow.isTime($0) && (flow.visibleSteps > 1 || kernel[$0 - 2] > 1 || rank == 3) }
    guard let time = candidates.first ?? spatial.first(where: { flow.isTime($0) }) else {
      throw node.error("moves along an axis that is not time, in shape \(flow.layout.shape)")
    }
    var across: Int?
    for axis in spatial where axis != time && axis != plane?.axis {
      let size = flow.layout.shape[axis]
      if kernel[axis - 2] == 1 && size == 1 { continue }
      guard across == nil, flow.isFeatures(axis), kernel[axis - 2] == size, flow.layout.axes[1].isEmpty else {
        throw node.error(
          "has a kernel \(kernel) over shape \(flow.layout.shape): of two dimensions one must be time, the other features of a step"
        )
      }
      across = axis
    }
    guard flow.isFeatures(1) || across != nil || plane != nil else {
      throw node.error("expects features in axis 1, found shape \(flow.layout.shape)")
    }
    func value(_ key: String, _ axis: Int) throws(ImportError) -> Int {
      guard let list = node.integers(key) else { return 1 }
      guard list.count == rank - 2, list[axis - 2] > 0, list[axis - 2] <= 1 << 16 else {
        throw node.error("\(key) are \(list)")
      }
      return list[axis - 2]
    }
    var motion = Motion(
      time: time, kernel: kernel[time - 2], stride: try value("strides", time), dilation: try value("dilations", time),
      left: 0,
      right: 0, features: across)
    guard motion.kernel > 0, motion.kernel <= LayerDescription.sizeLimit else {
      throw node.error("has a kernel of \(motion.kernel)")
    }
    (motion.left, motion.right) = try pads(node, motion, flow)
    for axis in spatial where axis != time && axis != plane?.axis {
      guard let pads = node.integers("pads"), pads.count == 2 * (rank - 2) else { continue }
      guard pads[axis - 2] == 0, pads[axis - 2 + rank - 2] == 0 else { throw node.error("pads another axis than time") }
    }
    if let padding = flow.padding {
      motion.left += padding.left
      motion.right += padding.right
    }
    return motion
  }

  private func pads(_ node: ONNXNode, _ motion: Motion, _ flow: Flow) throws(ImportError) -> (Int, Int) {
    let spatial = flow.layout.rank - 2
    switch node.string("auto_pad") ?? "NOTSET" {
    case "NOTSET", "":
      guard let pads = node.integers("pads") else { return (0, 0) }
      guard pads.count == 2 * spatial, pads.allSatisfy({ (0...1 << 16).contains($0) }) else {
        throw node.error("pads are \(pads)")
      }
      return (pads[motion.time - 2], pads[motion.time - 2 + spatial])
    case "VALID": return (0, 0)
    case let word where word == "SAME_UPPER" || word == "SAME_LOWER":
      let outputs = (flow.visibleSteps + motion.stride - 1) / motion.stride
      let total = max(0, (outputs - 1) * motion.stride + (motion.kernel - 1) * motion.dilation + 1 - flow.visibleSteps)
      let less = total / 2
      return word == "SAME_UPPER" ? (less, total - less) : (total - less, less)
    case let word: throw node.error("auto_pad \(Quoted.name(word)) is not known")
    }
  }

  // MARK: padding

  /// Zeros before or behind the steps wait for the convolution that reads them.
  mutating func padding(_ node: ONNXNode) throws(ImportError) -> Flow {
    var flow = try flow(node)
    let settings = try settings(node)
    let rank = flow.layout.rank
    guard node.string("mode") ?? "constant" == "constant" else {
      throw node.error("pads with \(node.string("mode") ?? ""), not with a constant")
    }
    guard let pads = node.input(1) == nil ? node.integers("pads") : settings[1]?.integers else {
      throw node.error("needs pads")
    }
    let value = node.input(2) == nil ? node.float("value") ?? 0 : settings[2]?.scalar ?? 0
    var axes = Array(0..<rank)
    if node.input(3) != nil, let given = settings[3]?.integers { axes = try node.axes(given, rank: rank) }
    guard pads.count == 2 * axes.count else { throw node.error("has \(pads.count) pads for \(axes.count) axes") }
    for (place, axis) in axes.enumerated() {
      let (left, right) = (pads[place], pads[place + axes.count])
      if left == 0 && right == 0 { continue }
      guard left >= 0, right >= 0, left <= LayerDescription.pastLimit, right <= LayerDescription.pastLimit else {
        throw node.error("pads \(left) and \(right) steps")
      }
      guard flow.steps == .every, flow.isTime(axis), flow.padding == nil else {
        throw node.error("pads another axis than time")
      }
      flow.padding = Flow.Padding(left: left, right: right, value: value)
      flow.layout.axes[axis] = Layout.axis(.time, flow.visibleSteps)
    }
    return flow
  }
}

extension GraphReader.Supposition {
  /// Numbers of steps that are tried where the file fixes none: primes, so that no shape holds them by chance.
  static let firstGuess = 10_007
  static let secondGuess = 12_011
}
