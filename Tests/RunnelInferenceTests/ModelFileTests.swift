import Foundation
import RunnelCore
import RunnelInference
import RunnelKernels
import Testing

@Suite struct ModelFileTests {
  private func refused(_ bytes: [UInt8], _ text: String) {
    do throws(ModelFileError) {
      _ = try ModelFile(bytes: bytes)
      Issue.record("accepted: expected '\(text)'")
    } catch { #expect(error.description.contains(text), "\(error)") }
  }

  private func refused(_ old: String, _ new: String, _ text: String) throws {
    let pieces = try Models.Pieces(Models.bytes("conv-lstm"))
    #expect(pieces.description.contains(old), "the edit '\(old)' finds its place")
    refused(try Models.edited("conv-lstm", text: { $0.replacingOccurrences(of: old, with: new) }), text)
  }

  @Test func `the description of the exporter is read whole`() throws {
    let model = try Models.file("conv-lstm").description
    #expect(model.name == "conv-lstm" && model.rate == 120 && model.trainedRate == 360 && model.hop == 1)
    #expect(model.delay == 0.35 && model.warmUp == 1.5 && model.regime == .carried && model.pattern == .manyToMany)
    #expect(model.inputs.map(\.name) == ["lead"] && model.inputs[0].unit == "mV")
    #expect(model.conditioning == Conditioning(filters: [.bandPass(order: 2, low: 0.5, high: 40)]))
    #expect(model.layers.map(\.name) == ["conv", "lstm", "head"])
    #expect(model.layers[0].kind == .conv1d(TimeSpan(kernel: 9, left: 8), groups: 1, activation: .relu, bias: true))
    #expect(model.heads[0].labels == ["none", "N", "S", "V", "F"] && model.heads[0].activation == .softmax)
    #expect(
      model.decide
        == DecisionRule(emit: .peaks, enter: 0.5, leave: 0.3, refractory: 0.2, smooth: .mean(seconds: 0.05)))
    #expect(model.provenance["tools"]?["torch"]?.string != nil)
  }

  @Test func `heads and hop of another model`() throws {
    let arms = try Models.file("lstm-2-layers").description
    #expect(arms.heads.map(\.name) == ["arm", "grip"] && arms.outputs == 4 && arms.heads[1].activation == .sigmoid)
    #expect(try Models.file("lstm-odd").description.hop == 5)
  }

  @Test func `taking a file apart and putting it together again changes nothing`() throws {
    let again = try ModelFile(bytes: Models.edited("conv-lstm"))
    let report = try again.check()
    let original = try Models.file("conv-lstm")
    #expect(try original.check() == report)
  }

  // MARK: the digest

  @Test func `one changed bit of a weight breaks the digest`() throws {
    var bytes = try Models.bytes("conv-lstm")
    bytes[bytes.count - 2] ^= 1
    refused(bytes, "was changed after it was written")
  }

  @Test func `a wrong digest is refused`() throws {
    var bytes = try Models.bytes("conv-lstm")
    let place = bytes.indices.first { bytes[$0...].starts(with: Array("sha256:".utf8)) }!
    bytes[place + 20] = bytes[place + 20] == 0x30 ? 0x31 : 0x30
    refused(bytes, "its digest says")
  }

  @Test func `a file without a description says what writes one`() {
    refused(
      Models.container(#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#, data: [0]), "python/runnel_export.py")
  }

  // MARK: the description

  @Test func `an unknown key names its path and what was meant`() throws {
    try refused("\"warmup\"", "\"warmpu\"", "warmpu: unknown key")
    try refused("\"warmup\"", "\"warmpu\"", "did you mean 'warmup'?")
    try refused("\"hidden\"", "\"hiden\"", "layers[1].hiden: unknown key")
  }

  @Test func `wrong values name their path`() throws {
    try refused("\"hidden\": 16", "\"hidden\": 0", "layers[1].hidden: expected an integer from 1")
    try refused("\"hidden\": 16", "\"hidden\": 99999999", "layers[1].hidden: expected an integer from 1")
    try refused(
      "\"hidden\": 16", "\"hidden\": \"16\"", "layers[1].hidden: expected an integer from 1 to 8192, found the string")
    try refused("\"rate\": 120.0", "\"rate\": -1", "rate: expected a number above 0, found -1")
    try refused("\"rate\": 120.0", "\"rate\": 1e999", "rate: expected a number above 0")
    // Times become frames in integers, and no file may stop the program.
    try refused("\"delay\": 0.35", "\"delay\": 1e300", "delay: expected at most 1e6 seconds")
    try refused("\"delay\": 0.35", "\"delay\": null", "delay: expected a number from 0 on, found null")
    try refused("\"format\": 1", "\"format\": 2", "this version reads format 1, found 2")
    try refused("\"low\": 0.5", "\"low\": 50", "conditioning.filters[0].low: 50.0 is not below high, 40.0")
    try refused("\"enter\": 0.5", "\"enter\": 0.2", "decide.leave: 0.3 is above enter, 0.2")
    try refused("mean 50ms", "mean 50", "decide.smooth: expected none, 'mean 50ms' or '3 of 5', found 'mean 50'")
    try refused("\"float32\": 1e-05", "\"float32\": 1", "would prove nothing")
  }

  @Test func `what is not supported says what is`() throws {
    try refused("\"carried\"", "\"windowd\"", "did you mean 'windowed'?")
    try refused("\"carried\"", "\"windowed\"", "window: is missing")
    try refused(
      "\"many-to-many\"", "\"many-to-one\"", "pattern: a carried model is one-to-one, many-to-many, not many-to-one")
    try refused(
      "\"kind\": \"lstm\"", "\"kind\": \"lstn\"",
      "layers[1].kind: layer 'lstm': 'lstn' is not supported; supported: linear, conv1d, rnn")
    try refused("\"relu\"", "\"mish\"", "layers[0].activation: 'mish' is not supported; supported: none, relu, tanh")
    try refused(
      "\"relu\"", "{\"kind\": \"clip\", \"alpha\": 2, \"beta\": 1}",
      "clip goes from alpha to beta, and 2.0 is above 1.0")
    try refused("\"relu\"", "{\"kind\": \"clip\", \"beta\": 1e39}", "layers[0].activation.beta: 1e+39 is no finite f32")
    try refused("\"relu\"", "{\"kind\": \"clip\", \"alpha\": 1.5}", "1.5 is above 1.0")
    try refused("\"softmax\"", "\"sparsemax\"", "heads[0].activation: 'sparsemax' is not supported")
    try refused("\"band-pass\"", "\"bandpass\"", "did you mean 'band-pass'?")
  }

  @Test func `layers fit each other, the inputs and the heads`() throws {
    try refused("\"input\": 12", "\"input\": 13", "layers[1].input: is 13, but layer 'conv' before it gives 12")
    try refused("\"input\": 1,", "\"input\": 2,", "layers[0].input: is 2, but the inputs are 1")
    try refused("\"none\", \"N\"", "\"none\"", "heads: 4 labels for the 5 outputs of the last layer")
    try refused("\"none\", \"N\"", "\"N\", \"N\"", "heads[0].labels[1]: 'N' is named twice")
    try refused("\"name\": \"lstm\"", "\"name\": \"conv\"", "layers[1].name: 'conv' names two layers")
  }

  @Test func `peaks need a label that stands for nothing`() throws {
    try refused("\"none\", \"N\"", "\"nothing\", \"N\"", "decide.none: 'none' is no label of head 'label'")
    try refused("\"emit\":", "\"head\": \"labl\", \"emit\":", "decide.head: no head is named 'labl'")
  }

  @Test func `text that is not JSON names the byte`() throws {
    try refused("{\"format\"", "{,\"format\"", "runnel.model: not JSON: byte 1")
  }

  // MARK: the tensors

  @Test func `every tensor is accounted for`() throws {
    for name in try Models.Pieces(Models.bytes("conv-lstm")).tensors.map(\.name) {
      let without = try Models.edited("conv-lstm", tensors: { pieces in pieces.tensors.remove(at: pieces[name]) })
      refused(without, "tensor '\(name)' is missing")
    }
    let more = try Models.edited(
      "conv-lstm", tensors: { $0.tensors.append((name: "lstm.weight_hr_l0", shape: [1], values: [0])) })
    refused(more, "tensor 'lstm.weight_hr_l0' belongs to no layer")
  }

  @Test func `a bias alone is a loss, none is a module without biases`() throws {
    let none = try Models.edited(
      "conv-lstm",
      tensors: { pieces in
        pieces.tensors.remove(at: pieces["lstm.bias_ih_l0"])
        pieces.tensors.remove(at: pieces["lstm.bias_hh_l0"])
      })
    let model = try ModelFile(bytes: none)
    #expect(throws: GoldenError.self) { try model.check() }
  }

  @Test func `a transposed weight is refused with both shapes`() throws {
    let bytes = try Models.edited("conv-lstm", tensors: { $0.tensors[$0["head.weight"]].shape = [16, 5] })
    refused(bytes, "tensor 'head.weight' has shape [16, 5], expected [5, 16]")
  }

  @Test func `NaN in a weight is refused by name`() throws {
    let bytes = try Models.edited("conv-lstm", tensors: { $0.tensors[$0["lstm.weight_hh_l0"]].values[3] = .nan })
    refused(bytes, "tensor 'lstm.weight_hh_l0': expected finite values, found nan")
  }
}
