import RunnelCore
import RunnelInference
import RunnelKernels

/// LSTM, GRU and RNN (docs/cells.md §5), their rows put into PyTorch's order.
extension GraphReader {
  /// Y, Y_h and Y_c.
  mutating func recurrent(_ node: ONNXNode) throws(ImportError) -> [GraphValue] {
    var input = try flow(node)
    let isBatchFirst = node.integer("layout") == 1
    let (time, batch) = isBatchFirst ? (1, 0) : (0, 1)
    guard input.layout.rank == 3, input.isTime(time), input.isBatch(batch),
      input.isFeatures(2) || shuffled(input, 2) != nil, input.steps == .every
    else {
      var error = node.error(
        "expects [\(isBatchFirst ? "batch, steps" : "steps, batch"), features] and all steps of the window, found shape \(input.layout.shape)"
      )
      error.doubtsAxes = true
      throw error
    }
    try refuseLengths(node, steps: input.visibleSteps)
    let cell = try RecurrentNode(node)
    guard var w = try constant(node, 1), let r = try constant(node, 2) else { throw node.error("needs W and R") }
    w = ordered(w, input, 2)
    let sizes = try cell.sizes(w, r, features: input.features, node)
    var layer = LayerDraft(
      name: layerName(node, kind: cell.kind), kind: cell.kind, from: [input.layer],
      output: sizes.hidden * sizes.directions)
    layer.set("input", input.features)
    layer.set("hidden", sizes.hidden)
    for (key, value) in try cell.members(node) { layer[key] = value }
    let bias = try constant(node, 3)
    if bias == nil { layer["bias"] = .bool(false) }
    let peepholes = cell.kind == "lstm" ? try constant(node, 7).flatMap { $0.isZero ? nil : $0 } : nil
    if peepholes != nil { layer["peepholes"] = .bool(true) }
    try cell.check(bias, [sizes.directions, 2 * cell.gates * sizes.hidden], "B", node)
    try cell.check(peepholes, [sizes.directions, 3 * sizes.hidden], "P", node)
    for direction in 0..<sizes.directions {
      let suffix = direction == 0 ? "l0" : "l0_reverse"
      cell.addWeights(w, r, bias, peepholes, direction: direction, hidden: sizes.hidden, suffix: suffix, to: &layer)
    }
    try addInitialStates(node, &layer, cell, sizes)
    let name = add(layer)
    for (array, words) in [
      (w, "weight_ih_l0"), (r, "weight_hh_l0"), (bias, "bias_ih_l0, bias_hh_l0"), (peepholes, "weight_peephole_l0"),
    ] {
      if let array { use(array, as: "\(name): \(words)\(sizes.directions == 2 ? " and _reverse" : "")") }
    }
    if let zeros = try constant(node, 7), peepholes == nil { use(zeros, as: "\(name): peepholes that are all zero") }
    input.layer = name
    return [
      .flow(everyStep(name, input, sizes, batchFirst: isBatchFirst)),
      isUsed(node, output: 1) ? .flow(try lastState(name, node, input, sizes, batchFirst: isBatchFirst)) : .absent,
      .state("the cell state of \(name)"),
    ]
  }

  private func everyStep(_ name: String, _ input: Flow, _ sizes: RecurrentNode.Sizes, batchFirst: Bool) -> Flow {
    let time = Layout.axis(.time, input.length)
    let batch = Layout.axis(.batch, supposition.batch)
    let directions: Layout.Axis =
      sizes.directions == 2 ? [.init(role: .feature, stride: sizes.hidden, size: 2)] : []
    let units = Layout.axis(.feature, sizes.hidden)
    let axes = batchFirst ? [batch, time, directions, units] : [time, directions, batch, units]
    return Flow(
      layer: name, layout: Layout(axes), features: sizes.hidden * sizes.directions, length: input.length)
  }

  /// Y_h: the last step of a forward layer, step 0 of a backward one, both of a bidirectional one.
  private mutating func lastState(
    _ name: String, _ node: ONNXNode, _ input: Flow, _ sizes: RecurrentNode.Sizes, batchFirst: Bool
  ) throws(ImportError) -> Flow {
    var flow = everyStep(name, input, sizes, batchFirst: batchFirst)
    let axes = flow.layout.axes
    flow.layout = Layout(batchFirst ? [axes[0], axes[2], axes[3]] : [axes[1], axes[2], axes[3]])
    if sizes.directions == 2 {
      flow.layer = final(of: name, features: flow.features)
      flow.steps = .whole
    } else {
      flow.steps = .one(node.string("direction") == "reverse" ? 0 : input.length - 1)
    }
    flow.isState = true
    return flow
  }

  /// A layer that takes the final state of a recurrent one.
  mutating func final(of name: String, features: Int) -> String {
    if let made = draft.layers.first(where: { $0.kind == "final" && $0.from == [name] }) { return made.name }
    var layer = LayerDraft(name: "\(name)_final", kind: "final", from: [name], output: features)
    layer.set("input", features)
    return add(layer)
  }

  private mutating func refuseLengths(_ node: ONNXNode, steps: Int) throws(ImportError) {
    guard node.input(4) != nil else { return }
    guard case .constant(let lengths) = try value(node, 4), lengths.integers?.allSatisfy({ $0 == steps }) == true else {
      throw node.error(
        "takes sequence_lens, lengths of padded sequences; runnel's windows are whole: export it without")
    }
    use(lengths, as: "lengths of sequences, all whole")
  }

  /// Initial states: zeros, learned constants, or inputs of the graph, which are states that runnel carries itself.
  private mutating func addInitialStates(
    _ node: ONNXNode, _ layer: inout LayerDraft, _ cell: RecurrentNode, _ sizes: RecurrentNode.Sizes
  ) throws(ImportError) {
    var states: [(letter: String, array: ConstantArray)] = []
    for (letter, place) in [("h", 5), ("c", 6)] where letter == "h" || cell.kind == "lstm" {
      switch try value(node, place) {
      case .absent: break
      case .state(let name): statesFromOutside.insert(name)
      case .constant(let array): states.append((letter, try rows(of: array, node, letter, sizes)))
      default:
        throw node.error(
          "starts from the state that another layer ends in, an encoder and its decoder; describe the decoder in a spec and take the weights as safetensors"
        )
      }
    }
    let areZero = states.allSatisfy { $0.array.isZero }
    for (letter, array) in states { use(array, as: areZero ? "zero initial state" : "initial state \(letter)") }
    guard !areZero else { return }
    layer["initial_state"] = .string("learned")
    for letter in cell.kind == "lstm" ? ["h", "c"] : ["h"] {
      let values = states.first { $0.letter == letter }?.array.floats
      for direction in 0..<sizes.directions {
        let range = direction * sizes.hidden..<(direction + 1) * sizes.hidden
        let row = values.map { Array($0[range]) } ?? [Float](repeating: 0, count: sizes.hidden)
        layer.add("initial_\(letter)_l0\(direction == 0 ? "" : "_reverse")", [sizes.hidden], row)
      }
    }
  }

  /// The state (D, H) out of [D, N, H] or [N, D, H], the same for every row of the batch.
  private func rows(
    of array: ConstantArray, _ node: ONNXNode, _ letter: String, _ sizes: RecurrentNode.Sizes
  ) throws(ImportError) -> ConstantArray {
    guard array.rank == 3, array.shape[2] == sizes.hidden else {
      throw node.error(
        "initial_\(letter) has shape \(array.shape), hidden_size is \(sizes.hidden): the exporter wrote an LSTM with proj_size as one without (the dynamo exporter does), and the projection is lost; take the weights as safetensors with --spec"
      )
    }
    let ordered = node.integer("layout") == 1 ? array.transposed([1, 0, 2]) : array
    guard ordered.shape[0] == sizes.directions else {
      throw node.error("initial_\(letter) has shape \(array.shape) for \(sizes.directions) directions")
    }
    let (batch, hidden) = (ordered.shape[1], sizes.hidden)
    guard batch > 0 else { throw node.error("initial_\(letter) has an empty batch") }
    let values = ordered.floats
    var result: [Float] = []
    for direction in 0..<sizes.directions {
      let start = direction * batch * hidden
      let first = values[start..<start + hidden]
      for row in 1..<max(batch, 1) {
        guard values[(start + row * hidden)..<(start + (row + 1) * hidden)] == first else {
          throw node.error("initial_\(letter) differs from row to row of the batch")
        }
      }
      result += first
    }
    return ConstantArray([sizes.directions, hidden], .floats(result), origins: array.origins)
  }
}
