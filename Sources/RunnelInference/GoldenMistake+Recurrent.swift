import RunnelKernels

/// Mistakes with cells (docs/cells.md §4: gate orders side by side).
extension GoldenMistake {
  static func recurrentMistakes(_ layer: LayerDescription, _ each: RecurrentDescription) -> [GoldenMistake] {
    var mistakes = orders(each) + matrices(layer, each)
    switch each.cell {
    case .rnn(let activation, _): mistakes += activations(activation)
    case .gru(let gru): mistakes += resets(gru) + updates(each) + halves(each) + gates(gru.gateActivation)
    case .lstm(let lstm): mistakes += ofLSTM(each, lstm)
    }
    if each.direction == .bidirectional {
      mistakes.append(
        GoldenMistake(
          .direction, "forward and backward weights exchanged",
          remedy: "the tensors that end in _reverse are those of the backward half",
          repair: { _, weights in
            guard case .recurrent(let levels) = weights else { return }
            weights = .recurrent(levels.map { $0.reversed() })
          }))
    }
    return mistakes
  }

  private static func cells(_ body: @escaping (inout CellWeights) -> Void) -> (LayerDescription, inout LayerWeights)
    -> Void
  {
    { _, weights in
      guard case .recurrent(var levels) = weights else { return }
      for level in levels.indices { for side in levels[level].indices { body(&levels[level][side]) } }
      weights = .recurrent(levels)
    }
  }

  // MARK: gate orders

  private static func orders(_ each: RecurrentDescription) -> [GoldenMistake] {
    let own: [Character]
    let names: [String: String]
    switch each.cell {
    case .rnn: return []
    case .gru: (own, names) = (["r", "z", "n"], ["zrn": " (Keras, ONNX)"])
    case .lstm(let lstm):
      guard lstm.coupling == .none else { return [] }
      own = ["i", "f", "g", "o"]
      names = ["iofg": " (ONNX)", "igfo": " (TF1: i c f o)", "ifog": " (Caffe)", "gifo": " (Chainer)"]
    }
    var mistakes: [GoldenMistake] = []
    for order in permutations(own) where order != own {
      let name = names[String(order)]
      let words = order.map(String.init).joined(separator: " ") + (name ?? "")
      let rows = order.map { gate in own.firstIndex(of: gate) ?? 0 }
      let remedy = "export the weights in PyTorch's order, \(own.map(String.init).joined(separator: " "))"
      let all = GoldenMistake(
        .order, "gate order \(words)", remedy: remedy,
        repair: cells { cell in
          cell.input = reordered(cell.input, rows)
          cell.hidden = reordered(cell.hidden, rows)
          cell.inputBias = reordered(cell.inputBias, rows)
          cell.hiddenBias = reordered(cell.hiddenBias, rows)
        })
      mistakes.append(name == nil ? all.rare : all)
      guard each.bias, name != nil else { continue }
      mistakes.append(
        GoldenMistake(
          .biasOrder, "gate order \(words) of the biases alone", remedy: remedy,
          repair: cells { cell in
            cell.inputBias = reordered(cell.inputBias, rows)
            cell.hiddenBias = reordered(cell.hiddenBias, rows)
          }))
    }
    return mistakes
  }

  /// Block b of the file is that of gate `order[b]`.
  private static func reordered(_ values: [Float], _ order: [Int]) -> [Float] {
    let size = values.count / order.count
    var result = values
    for (block, gate) in order.enumerated() {
      result.replaceSubrange(gate * size..<(gate + 1) * size, with: values[block * size..<(block + 1) * size])
    }
    return result
  }

  private static func permutations(_ items: [Character]) -> [[Character]] {
    guard items.count > 1 else { return [items] }
    return items.indices.flatMap { place -> [[Character]] in
      var rest = items
      let first = rest.remove(at: place)
      return permutations(rest).map { [first] + $0 }
    }
  }

  // MARK: matrices

  private static func matrices(_ layer: LayerDescription, _ each: RecurrentDescription) -> [GoldenMistake] {
    let gates = each.gates
    let remedy = "export weights as [gates × units, features]: Keras has kernels the other way round, so w.T"
    var mistakes = [
      GoldenMistake(
        .input, "weight_ih turned (it was reshaped, not transposed)", remedy: remedy,
        repair: cells { $0.input = transposed($0.input, rows: $0.input.count / $0.inputBias.count, $0.inputBias.count) }
      ),
      GoldenMistake(
        .hidden, gates == 1 ? "weight_hh transposed" : "weight_hh turned (it was reshaped, not transposed)",
        remedy: remedy,
        repair: cells {
          $0.hidden = transposed($0.hidden, rows: $0.hidden.count / $0.inputBias.count, $0.inputBias.count)
        }),
    ]
    if gates > 1, each.width == each.hidden {
      mistakes.append(
        GoldenMistake(
          .hidden, "weight_hh of each gate transposed", remedy: remedy,
          repair: cells { $0.hidden = blockwise($0.hidden, each.hidden) }))
    }
    if gates > 1, layer.input == each.hidden {
      mistakes.append(
        GoldenMistake(
          .input, "weight_ih of each gate transposed", remedy: remedy,
          repair: cells { cell in
            if cell.input.count == gates * each.hidden * each.hidden { cell.input = blockwise(cell.input, each.hidden) }
          }))
    }
    if each.width != each.hidden {
      mistakes.append(
        GoldenMistake(
          .projection, "weight_hr turned (it was reshaped, not transposed)", remedy: remedy,
          repair: cells { cell in
            cell.projection = cell.projection.map { transposed($0, rows: each.hidden, each.width) }
          }))
    }
    return mistakes
  }

  private static func blockwise(_ values: [Float], _ size: Int) -> [Float] {
    stride(from: 0, to: values.count, by: size * size).flatMap {
      transposed(Array(values[$0..<$0 + size * size]), rows: size, size)
    }
  }

  // MARK: cells

  private static func activations(_ activation: Activation) -> [GoldenMistake] {
    others(than: activation).map { other, name in
      GoldenMistake(
        .activation, "activation \(name)",
        remedy: "write \"activation\": \"\(other.kind.rawValue)\" into the description",
        change: { layer in
          guard case .recurrent(var each) = layer.kind, case .rnn(_, let leak) = each.cell else { return }
          each.cell = .rnn(activation: other, leak: leak)
          layer.kind = .recurrent(each)
        })
    }
  }

  private static func resets(_ gru: GRUDescription) -> [GoldenMistake] {
    let other: GRUDescription.Reset = gru.reset == .after ? .before : .after
    let words = other == .before ? "before (Keras reset_after=False, TF1)" : "after (PyTorch, Keras reset_after=True)"
    return [
      GoldenMistake(
        .reset, "the reset \(words) the matrix product",
        remedy: "write \"reset\": \"\(other.rawValue)\" into the description",
        change: { layer in
          guard case .recurrent(var each) = layer.kind, case .gru(var gru) = each.cell else { return }
          gru.reset = other
          each.cell = .gru(gru)
          layer.kind = .recurrent(each)
        })
    ]
  }

  /// σ(−a) = 1 − σ(a), and so has hard_sigmoid.
  private static func updates(_ each: RecurrentDescription) -> [GoldenMistake] {
    [
      GoldenMistake(
        .update, "z and 1 − z exchanged",
        remedy: "in PyTorch h' = (1 − z) n + z h: change the sign of the weights and biases of z",
        repair: cells { cell in
          func negate(_ values: inout [Float]) {
            let size = values.count / 3
            for place in size..<2 * size { values[place] = -values[place] }
          }
          negate(&cell.input)
          negate(&cell.hidden)
          negate(&cell.inputBias)
          negate(&cell.hiddenBias)
        })
    ]
  }

  /// The biases of n belong to different halves, whose sum is not enough (C.2).
  private static func halves(_ each: RecurrentDescription) -> [GoldenMistake] {
    guard each.bias else { return [] }
    func moved(_ words: String, _ body: @escaping (inout Float, inout Float) -> Void) -> GoldenMistake {
      GoldenMistake(
        .bias, words, remedy: "keep them apart: Keras has row 0 for bias_ih and row 1 for bias_hh, ONNX Wb and Rb",
        repair: cells { cell in
          for place in 2 * each.hidden..<3 * each.hidden { body(&cell.inputBias[place], &cell.hiddenBias[place]) }
        })
    }
    return [
      moved("bias_ih and bias_hh of n exchanged") { swap(&$0, &$1) },
      moved("the biases of n both in bias_hh") { (input, hidden) in (input, hidden) = (0, input + hidden) },
      moved("the biases of n both in bias_ih") { (input, hidden) in (input, hidden) = (input + hidden, 0) },
    ]
  }

  private static func gates(_ activation: Activation) -> [GoldenMistake] {
    others(than: activation).map { other, name in
      GoldenMistake(
        .gates, "gates through \(name)", remedy: "write that as \"gate_activation\" into the description",
        change: { layer in
          guard case .recurrent(var each) = layer.kind else { return }
          switch each.cell {
          case .gru(var gru):
            gru.gateActivation = other
            each.cell = .gru(gru)
          case .lstm(var lstm):
            lstm.gateActivation = other
            each.cell = .lstm(lstm)
          case .rnn: break
          }
          layer.kind = .recurrent(each)
        })
    }
  }

  private static func ofLSTM(_ each: RecurrentDescription, _ lstm: LSTMDescription) -> [GoldenMistake] {
    var mistakes = gates(lstm.gateActivation)
    if each.bias, lstm.coupling != .forget {
      let gate = lstm.coupling == .none ? 1 : 0
      for (amount, words) in [(Float(1), "1 added to"), (-1, "1 taken from")] {
        mistakes.append(
          GoldenMistake(
            .forget, "\(words) the bias of f\(amount > 0 ? " (TF1's forget_bias, which its files do not hold)" : "")",
            remedy: amount > 0
              ? "add 1 to the rows of f in bias_ih" : "Keras's unit_forget_bias is in the stored bias already",
            repair: cells { cell in
              for place in gate * each.hidden..<(gate + 1) * each.hidden { cell.inputBias[place] += amount }
            }))
      }
    }
    if lstm.coupling != .none {
      let other: LSTMDescription.Coupling = lstm.coupling == .input ? .forget : .input
      mistakes.append(
        described(
          .coupling, other == .input ? "i = 1 − f" : "f = 1 − i (ONNX input_forget)",
          "\"coupled\": \"\(other.rawValue)\""
        ) {
          $0.coupling = other
        })
    }
    if lstm.peepholes, lstm.coupling == .none {
      mistakes.append(
        GoldenMistake(
          .peepholes, "peepholes in the order i o f (ONNX)", remedy: "export them in the order i f o",
          repair: cells { cell in cell.peepholes = cell.peepholes.map { reordered($0, [0, 2, 1]) } }))
    }
    for (other, name) in others(than: lstm.cellActivation) {
      mistakes.append(
        described(.activation, "\(name) for both g and c", "\"cell_activation\" and \"output_activation\"") {
          ($0.cellActivation, $0.outputActivation) = (other, other)
        })
    }
    return mistakes
  }

  private static func described(
    _ topic: Topic, _ words: String, _ key: String, _ change: @escaping (inout LSTMDescription) -> Void
  ) -> GoldenMistake {
    GoldenMistake(
      topic, words, remedy: "write \(key) so into the description",
      change: { layer in
        guard case .recurrent(var each) = layer.kind, case .lstm(var lstm) = each.cell else { return }
        change(&lstm)
        each.cell = .lstm(lstm)
        layer.kind = .recurrent(each)
      })
  }
}
