import RunnelCore
import Testing

@testable import RunnelInference

/// Each known mistake, made on purpose in a file whose golden tensors another framework wrote.
@Suite struct GoldenDiagnosisTests {
  /// The sentence for a file with wrong weights or a wrong description.
  private func sentence(
    _ name: String, tensors: (inout Models.Pieces) -> Void = { _ in }, text: (String) -> String = { $0 }
  ) throws -> String {
    let bytes = try Models.edited(name, tensors: tensors, text: text)
    let file = try ModelFile(bytes: bytes)
    let diagnosis = withKnownFailure(file) { GoldenDiagnosis(file, bytes: bytes) }
    return diagnosis?.sentence ?? "it matches"
  }

  private func withKnownFailure(_ file: ModelFile, _ body: () -> GoldenDiagnosis) -> GoldenDiagnosis? {
    do {
      _ = try file.check()
      return nil
    } catch { return body() }
  }

  /// Blocks of every recurrent tensor in the order that a framework writes: block b is the gate `order[b]` of PyTorch's.
  private func reorder(_ pieces: inout Models.Pieces, _ layer: String, _ order: [Int], only: String = "") {
    for place in pieces.tensors.indices {
      let name = pieces.tensors[place].name
      guard
        name.hasPrefix("\(layer).weight_ih") || name.hasPrefix("\(layer).weight_hh") || name.hasPrefix("\(layer).bias_")
      else { continue }
      guard name.hasPrefix("\(layer).\(only)") else { continue }
      pieces.tensors[place].values = blocks(pieces.tensors[place].values, order)
    }
  }

  private func blocks(_ values: [Float], _ order: [Int]) -> [Float] {
    let size = values.count / order.count
    return order.flatMap { values[$0 * size..<($0 + 1) * size] }
  }

  private func turned(_ values: [Float], rows: Int) -> [Float] {
    let columns = values.count / rows
    return (0..<columns).flatMap { column in (0..<rows).map { values[$0 * columns + column] } }
  }

  @Test(arguments: [
    ([0, 3, 1, 2], "gate order i o f g (ONNX)"), ([0, 2, 1, 3], "gate order i g f o (TF1: i c f o)"),
    ([3, 2, 1, 0], "gate order o g f i"),
  ])
  func `an LSTM's gates in another order are named`(order: [Int], words: String) throws {
    let found = try sentence("lstm-plain", tensors: { reorder(&$0, "layer", order) })
    #expect(
      found == "with \(words) in layer 'layer' it would match: export the weights in PyTorch's order, i f g o")
  }

  @Test(arguments: ["lstm-plain", "gru-reset-after", "window-lstm-last", "window-gru-target"])
  func `frames in the other order of time are named`(name: String) throws {
    let found = try sentence(
      name,
      tensors: { pieces in
        guard let place = pieces.tensors.firstIndex(where: { $0.name == "golden.input" }) else { return }
        let (_, shape, values) = pieces.tensors[place]
        let (length, width) = (shape[shape.count - 2], shape[shape.count - 1])
        for old in 0..<values.count / width {
          let new = old / length * length + length - 1 - old % length
          for each in 0..<width { pieces.tensors[place].values[new * width + each] = values[old * width + each] }
        }
      })
    #expect(found.hasPrefix("with the frames in the other order of time it would match: the first frame"))
  }

  @Test func `a GRU's gates in the order of Keras and ONNX are named`() throws {
    let found = try sentence("gru-reset-after", tensors: { reorder(&$0, "layer", [1, 0, 2]) })
    #expect(found.hasPrefix("with gate order z r n (Keras, ONNX) in layer 'layer' it would match"))
  }

  @Test func `gates whose biases alone are in another order are named`() throws {
    let found = try sentence("lstm-plain", tensors: { reorder(&$0, "layer", [0, 3, 1, 2], only: "bias") })
    #expect(found.hasPrefix("with gate order i o f g (ONNX) of the biases alone in layer 'layer'"))
  }

  @Test func `a stack is one layer, in all of whose levels the order is wrong`() throws {
    let found = try sentence("lstm-3-layers", tensors: { reorder(&$0, "layer", [0, 3, 1, 2]) })
    #expect(found.hasPrefix("with gate order i o f g (ONNX) in layer 'layer' it would match"))
  }

  @Test func `the reset form of a GRU is named, both ways`() throws {
    let before = try sentence("gru-reset-before", text: { $0.replacing(#", "reset": "before""#, with: "") })
    #expect(
      before.hasPrefix("with the reset before (Keras reset_after=False, TF1) the matrix product in layer 'layer'"))
    let after = try sentence(
      "gru-reset-after", text: { $0.replacing(#""kind": "gru","#, with: #""kind": "gru", "reset": "before","#) })
    #expect(after.contains("reset after") && after.contains(#"write "reset": "after""#))
  }

  @Test func `a z of the other meaning is named`() throws {
    let found = try sentence(
      "gru-reset-after",
      tensors: { pieces in
        for place in pieces.tensors.indices where pieces.tensors[place].name.hasPrefix("layer.") {
          let size = pieces.tensors[place].values.count / 3
          for k in size..<2 * size { pieces.tensors[place].values[k] *= -1 }
        }
      })
    #expect(found.hasPrefix("with z and 1 − z exchanged in layer 'layer' it would match"))
  }

  @Test(arguments: ["layer.weight_hh_l0", "layer.weight_ih_l0"])
  func `a kernel that was reshaped in place of transposed is named`(tensor: String) throws {
    let found = try sentence(
      "lstm-plain", tensors: { $0.tensors[$0[tensor]].values = turned($0.tensors[$0[tensor]].values, rows: 64) })
    #expect(
      found.hasPrefix("with \(tensor.dropFirst(6).dropLast(3)) turned (it was reshaped, not transposed) in layer"))
  }

  @Test func `the square blocks of each gate transposed are named`() throws {
    let found = try sentence(
      "lstm-plain",
      tensors: { pieces in
        let place = pieces["layer.weight_hh_l0"]
        let values = pieces.tensors[place].values
        pieces.tensors[place].values = (0..<4).flatMap { turned(Array(values[$0 * 256..<($0 + 1) * 256]), rows: 16) }
      })
    #expect(found.hasPrefix("with weight_hh of each gate transposed in layer 'layer'"))
  }

  @Test func `an RNN's square matrix transposed is named`() throws {
    let found = try sentence(
      "rnn-tanh",
      tensors: { pieces in
        let place = pieces["layer.weight_hh_l0"]
        pieces.tensors[place].values = turned(pieces.tensors[place].values, rows: pieces.tensors[place].shape[0])
      })
    #expect(found.hasPrefix("with weight_hh transposed in layer 'layer'"))
  }

  @Test func `a Linear whose weight is turned is named`() throws {
    let found = try sentence(
      "lstm-plain",
      tensors: { $0.tensors[$0["head.weight"]].values = turned($0.tensors[$0["head.weight"]].values, rows: 2) })
    #expect(found.contains("its weight turned (it was reshaped, not transposed) in layer 'head'"))
  }

  @Test func `biases of n in the wrong half are named`() throws {
    let found = try sentence(
      "gru-reset-after",
      tensors: { pieces in
        let (input, hidden) = (pieces["layer.bias_ih_l0"], pieces["layer.bias_hh_l0"])
        let size = pieces.tensors[input].values.count / 3
        for k in 2 * size..<3 * size {
          (pieces.tensors[input].values[k], pieces.tensors[hidden].values[k]) = (
            pieces.tensors[hidden].values[k], pieces.tensors[input].values[k]
          )
        }
      })
    #expect(found.hasPrefix("with bias_ih and bias_hh of n exchanged in layer 'layer' it would match: keep them apart"))
  }

  @Test func `each hard_sigmoid is told from the other and from sigmoid`() throws {
    let two = #", "gate_activation": {"kind": "hard_sigmoid", "alpha": 0.2, "beta": 0.5}"#
    let three = #", "gate_activation": "hard_sigmoid""#
    let newer = try sentence("lstm-hard-sigmoid-2", text: { $0.replacing(two, with: three) })
    #expect(newer.hasPrefix("with gates through hard_sigmoid of Keras 2 (0.2 x + 0.5) in layer 'layer'"))
    let smooth = try sentence("lstm-hard-sigmoid-2", text: { $0.replacing(two, with: "") })
    #expect(smooth.hasPrefix("with gates through hard_sigmoid of Keras 2"))
    let hard = try sentence(
      "lstm-plain", text: { $0.replacing(#""layers": 1}"#, with: #""layers": 1\#(three)}"#) })
    #expect(hard.hasPrefix("with gates through sigmoid in layer 'layer'"))
  }

  @Test func `a forget bias that was added at run time is named`() throws {
    let found = try sentence(
      "lstm-plain",
      tensors: { pieces in for k in 16..<32 { pieces.tensors[pieces["layer.bias_ih_l0"]].values[k] -= 1 } })
    #expect(found.hasPrefix("with 1 added to the bias of f (TF1's forget_bias"))
  }

  @Test func `an epsilon of the other framework is named`() throws {
    let found = try sentence(
      "batchnorm", text: { $0.replacing(#""input": 6, "epsilon": 0.001"#, with: #""input": 6, "epsilon": 1e-05"#) })
    #expect(found.hasPrefix("with epsilon 0.001 (Keras) in layer 'stack.2' it would match"))
  }

  @Test func `taps the other way round are named`() throws {
    let found = try sentence(
      "conv-lstm",
      tensors: { pieces in
        let place = pieces["conv.weight"]
        pieces.tensors[place].values = (0..<12).flatMap {
          pieces.tensors[place].values[$0 * 9..<($0 + 1) * 9].reversed()
        }
      })
    #expect(found.hasPrefix("with its taps the other way round in layer 'conv'"))
  }

  @Test func `an RNN of another activation is named`() throws {
    let found = try sentence(
      "rnn-relu", text: { $0.replacing(#""activation": "relu""#, with: #""activation": "tanh""#) })
    #expect(found.hasPrefix("with activation relu in layer 'layer'"))
  }

  @Test func `the coupling of ONNX is told from that of TFLite`() throws {
    let found = try sentence(
      "lstm-coupled-input", text: { $0.replacing(#""coupled": "input""#, with: #""coupled": "forget""#) })
    #expect(found.hasPrefix("with i = 1 − f in layer 'layer'"))
  }

  @Test func `peepholes in the order of ONNX are named`() throws {
    let found = try sentence(
      "lstm-peephole",
      tensors: { pieces in
        let place = pieces["layer.weight_peephole_l0"]
        pieces.tensors[place].values = blocks(pieces.tensors[place].values, [0, 2, 1])
      })
    #expect(found.hasPrefix("with peepholes in the order i o f (ONNX) in layer 'layer'"))
  }

  @Test func `directions that were exchanged are named`() throws {
    let found = try sentence(
      "window-bilstm-final",
      tensors: { pieces in
        for name in ["weight_ih", "weight_hh", "bias_ih", "bias_hh"] {
          let (ahead, back) = (pieces["layer.\(name)_l0"], pieces["layer.\(name)_l0_reverse"])
          (pieces.tensors[ahead].values, pieces.tensors[back].values) = (
            pieces.tensors[back].values, pieces.tensors[ahead].values
          )
        }
      })
    #expect(found.hasPrefix("with forward and backward weights exchanged in layer 'layer'"))
  }

  @Test func `two mistakes at once are both named`() throws {
    let found = try sentence(
      "lstm-plain",
      tensors: { pieces in
        reorder(&pieces, "layer", [0, 3, 1, 2])
        pieces.tensors[pieces["head.weight"]].values = turned(pieces.tensors[pieces["head.weight"]].values, rows: 2)
      })
    #expect(found.contains("gate order i o f g (ONNX) in layer 'layer'"))
    #expect(found.contains("its weight turned (it was reshaped, not transposed) in layer 'head'"))
  }

  @Test func `of weights that are simply others nothing is claimed, and the search ends`() throws {
    let bytes = try Models.edited(
      "lstm-plain", tensors: { pieces in pieces.tensors[pieces["layer.weight_ih_l0"]].values[3] += 0.5 })
    let diagnosis = GoldenDiagnosis(try ModelFile(bytes: bytes), bytes: bytes)
    #expect(diagnosis.findings.isEmpty && diagnosis.trials <= GoldenDiagnosis.trialLimit)
    #expect(diagnosis.sentence.contains("none of the known mistakes explains it (\(diagnosis.trials) were tried)"))
  }
}
