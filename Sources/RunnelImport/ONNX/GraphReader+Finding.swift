import RunnelCore
import RunnelInference

/// The layers that were read, cut down to what the outputs need and put into the words of a description.
extension GraphReader {
  mutating func finding(_ outputs: [(name: String, flow: Flow)]) throws(ImportError) -> NetworkFinding {
    var outputs = outputs
    if outputs.contains(where: { !$0.flow.isState }) {
      for output in outputs where output.flow.isState {
        notes.append("output \(Quoted.name(output.name)) is state, which runnel carries itself")
      }
      outputs.removeAll { $0.flow.isState }
    }
    guard !outputs.isEmpty else { throw ImportError(nil, "the graph gives out nothing but states") }
    var heads: [NetworkFinding.Head] = []
    var flows: [Flow] = []
    for (name, flow) in outputs {
      guard flow.padding == nil else { throw ImportError("output \(Quoted.name(name))", "ends in a Pad") }
      let (bare, activation) = withoutHead(flow)
      // Logits and probabilities of the same layer are one head.
      if let same = flows.firstIndex(where: { $0.layer == bare.layer }) {
        heads[same].activation = heads[same].activation ?? activation
        continue
      }
      flows.append(bare)
      heads.append(NetworkFinding.Head(name: name, width: bare.features, activation: activation))
    }
    guard flows.allSatisfy({ $0.steps == flows[0].steps && $0.length == flows[0].length }) else {
      throw ImportError(
        nil,
        "its outputs \(outputs.map { Quoted.name($0.name) }.joined(separator: ", ")) are of different steps of the window"
      )
    }
    // A pool as long as the window leaves one step, whose axis is gone: y (K), and not (1, K).
    if supposition.steps > 1, flows.allSatisfy({ isCollapsed($0) }) {
      for place in flows.indices { flows[place].steps = .one(0) }
    }
    var output = flows[0].layer
    if flows.count > 1 {
      let total = flows.reduce(0) { $0 + $1.features }
      var layer = LayerDraft(name: "heads", kind: "concat", from: flows.map(\.layer), output: total)
      layer.set("output", total)
      output = add(layer)
    }
    guard output != LayerDescription.frame else {
      throw ImportError(nil, "the graph has no layers between its input and its output")
    }
    draft.keep(from: output)
    if let layer = draft.layers.first(where: { logarithms.contains($0.name) }) {
      throw ImportError("layer '\(layer.name)'", "takes the logarithm of a softmax in the middle of the network")
    }
    try checkFinite()
    return NetworkFinding(
      layers: draft.json, tensors: draft.tensors, inputs: supposition.features, heads: heads, steps: flows[0].steps,
      length: flows[0].length, hasMemory: draft.layers.contains { $0.hasMemory },
      needsWindows: draft.layers.contains { $0.needsWindow },
      carriedBecause: statesFromOutside.isEmpty
        ? nil
        : "its state is an input of the graph, so the regime is carried: runnel carries the state itself, from zeros on",
      lateness: draft.lateness, notes: notes, ledger: ledger,
      provenance: [.init("imported_from", .string("ONNX, \(model.producer), operator set \(model.opset)"))])
  }

  private func isCollapsed(_ flow: Flow) -> Bool {
    flow.steps == .every && flow.length == 1 && flow.layout.rank < supposition.layout.rank
  }

  /// The flow before a softmax or sigmoid at the end, which belongs to the head.
  private mutating func withoutHead(_ flow: Flow) -> (Flow, activation: String?) {
    guard var layer = draft[flow.layer], draft.readers(of: layer.name) == 0 else { return (flow, nil) }
    var below = flow
    if layer.kind == "softmax" {
      below.layer = layer.from[0]
      logarithms.remove(layer.name)
      return (below, "softmax")
    }
    guard layer["activation"]?.string == "sigmoid" else { return (flow, nil) }
    if layer.kind == "activation" {
      below.layer = layer.from[0]
      return (below, "sigmoid")
    }
    layer["activation"] = nil
    draft[layer.name] = layer
    return (flow, "sigmoid")
  }

  private func checkFinite() throws(ImportError) {
    for layer in draft.layers {
      for (key, tensor) in layer.tensors where !tensor.values.allSatisfy(\.isFinite) {
        throw ImportError(
          "tensor '\(layer.name).\(key)'", "holds NaN or infinity: the training diverged, or the file is damaged")
      }
    }
  }
}

extension LayerDraft {
  private var isRecurrent: Bool { ["lstm", "gru", "rnn"].contains(kind) }

  var hasMemory: Bool {
    isRecurrent || kind == "globalpool" || kind == "final"
      || ["conv1d", "maxpool", "avgpool"].contains(kind) && (self["kernel"]?.integer ?? 1) > 1
  }

  /// Features of the frame itself.
  var isPartOfFrame: Bool { kind == "select" && from == [LayerDescription.frame] }

  var needsWindow: Bool {
    kind == "globalpool" || kind == "final" || isRecurrent && (self["direction"]?.string ?? "forward") != "forward"
  }
}

extension NetworkDraft {
  /// Frames that padding on the right adds to the delay: of every layer in frames of the stream, the most of any path.
  var lateness: Int {
    var late: [String: (frames: Int, stride: Int)] = [LayerDescription.frame: (0, 1)]
    for layer in layers {
      let below = layer.from.compactMap { late[$0] }
      var here = (frames: below.map(\.frames).max() ?? 0, stride: below.map(\.stride).max() ?? 1)
      if let pads = layer["padding"]?.array, pads.count == 2, let right = pads[1].integer {
        here.frames += Int(right) * here.stride
      }
      let usual = layer.kind == "conv1d" || layer["kernel"] == nil ? 1 : layer["kernel"]?.integer ?? 1
      let (stride, overflow) = here.stride.multipliedReportingOverflow(by: Int(layer["stride"]?.integer ?? usual))
      here.stride = overflow ? here.stride : stride
      late[layer.name] = here
    }
    return layers.last.flatMap { late[$0.name]?.frames } ?? 0
  }
}
