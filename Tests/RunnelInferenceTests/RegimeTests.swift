import RunnelCore
import RunnelInference
import Testing

/// What a description may not ask for, and what comes of what it may.
@Suite struct RegimeTests {
  private func refused(_ text: String, _ model: SmallModel) {
    do throws(ModelFileError) {
      _ = try ModelFile(bytes: model.bytes)
      Issue.record("accepted: expected '\(text)'")
    } catch { #expect(error.description.contains(text), "\(error)") }
  }

  private let head = SmallModel.linear("out", 4, 3)
  private func windowed(_ length: Int, pattern: String = "many-to-one") -> String {
    #""regime": "windowed", "pattern": "\#(pattern)", "window": {"length": \#(length)}"#
  }

  @Test(arguments: ["backward", "bidirectional"])
  func `a layer that needs the future is refused where it is carried, and says what to do`(direction: String) {
    let hidden = direction == "backward" ? 4 : 2
    refused(
      "layer 'cell' needs the future and cannot run sample by sample: export it with regime windowed",
      SmallModel(
        layers: [
          #"{"kind": "gru", "name": "cell", "input": 2, "hidden": \#(hidden), "direction": "\#(direction)"}"#, head.0,
        ], shapes: []))
  }

  @Test func `a description cannot make this machine allocate without bound`() {
    let long = #"{"kind": "conv1d", "name": "conv", "input": 8000, "output": 4, "kernel": 8192, "dilation": 8}"#
    let wide = SmallModel.linear("wide", 2, 8000).0
    refused(
      "layers[1]: layer 'conv' has 4000 MiB of weights; at most 1024",
      SmallModel(layers: [wide, long, head.0], shapes: []))
    let pool = #"{"kind": "maxpool", "name": "pool", "input": 8000, "kernel": 8192, "dilation": 8, "stride": 1}"#
    refused(
      "layers: a lane would carry 1999 MiB; at most 64",
      SmallModel(layers: [wide, pool, SmallModel.linear("out", 8000, 3).0], shapes: []))
    refused(
      "window.length: a window of 1048576 frames needs",
      SmallModel(keys: windowed(1 << 20), layers: [wide, SmallModel.linear("out", 8000, 3).0], shapes: []))
  }

  @Test func `biases are there where the description says so, and only there`() throws {
    let cell = SmallModel.gru("cell", 2, 4)
    let golden = [("golden.input", [1, 2]), ("golden.output", [1, 3]), ("golden.cell.h_l0", [4])]
    let weights = cell.1.filter { $0.name.contains("weight") } + head.1
    func gru(_ bias: String) -> String { #"{"kind": "gru", "name": "cell", "input": 2, "hidden": 4\#(bias)}"# }
    refused(
      "tensor 'cell.bias_ih_l0' is missing",
      SmallModel(layers: [gru(#", "bias": true"#), head.0], shapes: weights, golden: golden))
    refused(
      "tensor 'cell.bias_ih_l0' belongs to no layer",
      SmallModel(layers: [gru(#", "bias": false"#), head.0], shapes: cell.1 + head.1, golden: golden))
    #expect(
      throws: Never.self,
      performing: {
        _ = try SmallModel(layers: [gru(#", "bias": false"#), head.0], shapes: weights, golden: golden).file
      })
  }

  @Test func `a variance below zero and golden frames without an output are refused`() throws {
    let norm = #"{"kind": "batchnorm", "name": "norm", "input": 4, "affine": false}"#
    let first = SmallModel.linear("first", 2, 4)
    refused(
      "tensor 'norm.running_var', value",
      SmallModel(
        layers: [first.0, norm, head.0],
        shapes: first.1 + [("norm.running_mean", [4]), ("norm.running_var", [4])] + head.1,
        golden: [("golden.input", [1, 2]), ("golden.output", [1, 3])]))
    refused(
      "tensor 'golden.input', value 0: 3 frames bring no output; the first comes with frame 3",
      SmallModel(
        layers: [first.0, #"{"kind": "maxpool", "name": "pool", "input": 4, "kernel": 4}"#, head.0],
        shapes: first.1 + head.1, golden: [("golden.input", [3, 2]), ("golden.output", [1, 3])]))
  }

  @Test func `branches with different numbers of steps do not meet in a window`() {
    let conv = #"{"kind": "conv1d", "name": "conv", "input": 2, "output": 2, "kernel": 3, "padding": [0, 0]}"#
    let sum = #"{"kind": "add", "name": "sum", "from": ["input", "conv"], "input": 2}"#
    refused(
      "layers[1].from: one of these has 9 steps of a window of 9 frames, another 7: pad them alike",
      SmallModel(keys: windowed(9), layers: [conv, sum, SmallModel.linear("out", 2, 3).0], shapes: []))
  }

  @Test func `branches of any stride meet once they are one step`() throws {
    let pool = #"{"kind": "maxpool", "name": "pool", "from": "first", "input": 4, "kernel": 2}"#
    let sum = #"{"kind": "add", "name": "sum", "from": ["all", "half"], "input": 4}"#
    let first = SmallModel.linear("first", 2, 4)
    let model = SmallModel(
      keys: windowed(8),
      layers: [
        first.0, #"{"kind": "globalpool", "name": "all", "input": 4, "of": "max"}"#, pool,
        #"{"kind": "globalpool", "name": "half", "input": 4, "of": "max"}"#, sum, head.0,
      ], shapes: first.1 + head.1, golden: [("golden.input", [1, 8, 2]), ("golden.output", [1, 3])])
    let scores = try model.file.makeEvaluator(windows: 1, logits: true).evaluate([Float](repeating: 0.25, count: 16))
    #expect(scores.count == 3 && scores.allSatisfy { $0.isFinite })
  }

  @Test func `each window is normalised by itself, feature by feature`() throws {
    let golden = [("golden.input", [1, 4, 2]), ("golden.output", [1, 3])]
    let keys =
      windowed(4) + #", "conditioning": {"filters": [], "normalisation": {"kind": "window", "epsilon": 1e-5}}"#
    let layer = SmallModel.linear("out", 2, 3)
    let model = try SmallModel(keys: keys, layers: [layer.0], shapes: layer.1, golden: golden).file
    let plain = try SmallModel(keys: windowed(4), layers: [layer.0], shapes: layer.1, golden: golden).file
    #expect(!model.description.stepsSideBySide && plain.description.stepsSideBySide)
    let x: [Float] = [1, 10, 2, 10, 3, 10, 4, 10]
    let deviation = (1.25 + 1e-5).squareRoot()
    let y: [Float] = [1.0, 2, 3, 4].flatMap { (x: Double) -> [Float] in [Float((x - 2.5) / deviation), 0] }
    #expect(model.makeEvaluator(windows: 2).evaluate(x) == plain.makeEvaluator(windows: 2).evaluate(y))
  }

  @Test func `the layer that the event stage looks at can be read after a step`() throws {
    let cell = SmallModel.gru("cell", 2, 4)
    let judge = SmallModel.linear("judge", 4, 2)
    let model = SmallModel(
      labels: ["none", "b", "c"],
      keys: """
        "regime": "carried", "pattern": "many-to-many", "event_stage": {"features": ["hidden"], "hidden": "cell",
        "layers": [\(judge.0)], "head": {"name": "class", "activation": "softmax", "labels": ["x", "y"]}}
        """, layers: [cell.0, head.0], shapes: cell.1 + head.1 + judge.1,
      golden: [
        ("golden.input", [1, 2]), ("golden.output", [1, 3]), ("golden.cell.h_l0", [4]), ("golden.event.input", [2, 4]),
        ("golden.event.output", [2, 2]),
      ], decide: #"{"emit": "peaks"}"#)
    let network = try model.file.makeNetwork()
    let tap = try #require(network.tap)
    var bank = StateBank(for: network)
    let slots = [bank.open(), bank.open()]
    var scores = [Float](repeating: 0, count: 6)
    for n in 0..<5 {
      let frames = [Float(n), 1, .nan, 1]
      _ = slots.withUnsafeBufferPointer {
        network.step(slots: $0, steps: [Int64(n), 0], frames: frames, scores: &scores, bank: &bank)
      }
      let hidden = [bank.features(of: tap, row: 0), bank.features(of: tap, row: 1)].map { $0.map { Array($0) } }
      let state = bank.snapshot(slots[0]).values
      #expect(hidden == [state, nil])
    }
    #expect(try model.file.makeEventStage()?.outputs == 2)
  }

  @Test func `the event stage does not look at a layer that only shows the frame`() {
    let judge = SmallModel.linear("judge", 1, 2)
    let one = #"{"kind": "select", "name": "one", "input": 2, "first": 1, "output": 1}"#
    refused(
      "event_stage.hidden: layer 'one' shows the frame as it is: name one that computes something",
      SmallModel(
        labels: ["none", "b", "c"],
        keys: """
          "regime": "carried", "pattern": "many-to-many", "event_stage": {"features": ["hidden"], "hidden": "one",
          "layers": [\(judge.0)], "head": {"name": "class", "activation": "softmax", "labels": ["x", "y"]}}
          """, layers: [one, SmallModel.linear("out", 1, 3).0], shapes: [], decide: #"{"emit": "peaks"}"#))
  }
}
