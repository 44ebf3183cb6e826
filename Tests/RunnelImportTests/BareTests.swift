import RunnelCore
import RunnelImport
import RunnelInference
import Testing

/// Bare weights, their specs and templates (docs/cells.md §2, §3).
@Suite struct BareTests {
  private func file(_ tensors: [(String, [Int])]) -> [UInt8] {
    // ModelWriter writes any tensors; the description in it is left out by renaming its key.
    let bytes = ModelWriter.bytes(
      description: .object([]),
      tensors: tensors.map { ModelWriter.Tensor($0.0, $0.1, [Float](repeating: 0.1, count: $0.1.reduce(1, *))) })
    let (key, other) = (Array("runnel.model".utf8), Array("somebodys.is".utf8))
    var renamed = bytes
    for place in 0..<bytes.count - key.count where bytes[place..<place + key.count].elementsEqual(key) {
      renamed.replaceSubrange(place..<place + key.count, with: other)
    }
    return renamed
  }

  private let lstm: [(String, [Int])] = [
    ("weight_ih_l0", [16, 3]), ("weight_hh_l0", [16, 4]), ("bias_ih_l0", [16]), ("bias_hh_l0", [16]),
  ]

  private func spec(_ layers: String) throws -> ModelSpec {
    try ModelSpec(
      try JSONValue(
        parsing: #"{"rate": 100, "regime": "carried", "labels": ["a", "b", "c", "d"], "layers": [\#(layers)]}"#))
  }

  @Test(arguments: ["rnn.", "module.rnn.", "model.rnn.", "module._orig_mod.rnn.", "_orig_mod.module.rnn."])
  func `what wrappers add to names is taken off`(prefix: String) throws {
    let model = try BareImport.model(
      file(lstm.map { (prefix + $0.0, $0.1) }),
      spec: try spec(#"{"kind": "lstm", "name": "rnn", "input": 3, "hidden": 4}"#),
      name: "x")
    #expect(model.tensors["rnn.weight_ih_l0"]?.shape == [16, 3])
  }

  @Test func `a module path is the layer's name, and tensors without a prefix are named in the spec`() throws {
    let deep = try spec(#"{"kind": "lstm", "name": "encoder.rnn", "input": 3, "hidden": 4}"#)
    #expect(
      try BareImport.model(file(lstm.map { ("encoder.rnn." + $0.0, $0.1) }), spec: deep, name: "x").tensors.count == 4)
    let bare = try spec(#"{"kind": "lstm", "name": "rnn", "tensors": "", "input": 3, "hidden": 4}"#)
    #expect(try BareImport.model(file(lstm), spec: bare, name: "x").tensors["rnn.bias_hh_l0"] != nil)
  }

  @Test func `a cell's names have no level`() throws {
    let cell = lstm.map { ("cell." + $0.0.dropLast(3), $0.1) }
    let spec = try spec(#"{"kind": "lstm", "name": "cell", "input": 3, "hidden": 4}"#)
    #expect(try BareImport.model(file(cell), spec: spec, name: "x").tensors["cell.weight_hh_l0"] != nil)
  }

  @Test(arguments: [
    ("rnn.weight_g", "remove_weight_norm"), ("rnn.parametrizations.weight.original0", "remove_parametrizations"),
    ("rnn._packed_params._packed_params", "quantised"),
  ])
  func `tensors of modules that must be changed first are refused with the way out`(name: String, words: String) throws
  {
    let spec = try spec(#"{"kind": "linear", "name": "rnn", "input": 3, "output": 4}"#)
    let error = #expect(throws: ImportError.self) {
      try BareImport.model(file([(name, [4, 3])]), spec: spec, name: "x")
    }
    #expect(error?.description.contains(words) == true)
  }

  @Test func `a missing bias says how to say that there is none`() throws {
    let spec = try spec(#"{"kind": "lstm", "name": "rnn", "input": 3, "hidden": 4}"#)
    let error = #expect(throws: ImportError.self) {
      try BareImport.model(file(lstm.prefix(2).map { ("rnn." + $0.0, $0.1) }), spec: spec, name: "x")
    }
    #expect(error?.path == "layers[0]" && error?.problem.contains("bias: false") == true)
  }

  @Test func `a tensor that no layer takes is an error that names it`() throws {
    let spec = try spec(#"{"kind": "lstm", "name": "rnn", "input": 3, "hidden": 4}"#)
    let error = #expect(throws: ImportError.self) {
      try BareImport.model(file(lstm.map { ("rnn." + $0.0, $0.1) } + [("aux.weight", [2, 4])]), spec: spec, name: "x")
    }
    #expect(error?.problem.contains("'aux.weight'") == true)
  }

  @Test func `a batch counter is known to be unneeded`() throws {
    let tensors = [
      ("norm.weight", [4]), ("norm.bias", [4]), ("norm.running_mean", [4]), ("norm.running_var", [4]),
      ("norm.num_batches_tracked", [1]),
    ]
    let model = try BareImport.model(
      file(tensors), spec: try spec(#"{"kind": "batchnorm", "name": "norm", "input": 4}"#), name: "x")
    #expect(model.ledger.entries.first { $0.name.hasSuffix("tracked") }?.unneeded == "counts only")
  }

  @Test func `a template of tensors without a size is refused`() {
    for shape in [[], [0], [0, 3]] {
      #expect(throws: ImportError.self) {
        try SpecTemplate.text(safetensors: file([("norm.running_mean", shape)]), file: "w")
      }
    }
  }

  @Test func `weights without a spec are answered with the template command`() {
    let error = #expect(throws: ImportError.self) { try BareImport.model(file(lstm), spec: ModelSpec(), name: "x") }
    #expect(error?.problem.contains("runnel model template") == true)
  }

  @Test func `a bias of one row is a reset before, and saying after is an error`() throws {
    let gru = [("gru/kernel", [3, 12]), ("gru/recurrent_kernel", [4, 12]), ("gru/bias", [12])]
    var after = try spec(#"{"kind": "gru", "name": "gru", "input": 3, "hidden": 4}"#)
    after["layout"] = .string("keras")
    let error = #expect(throws: ImportError.self) { try BareImport.model(file(gru), spec: after, name: "x") }
    #expect(error?.path == "layers[0].reset")
  }

  // MARK: templates

  @Test func `a template tells cells from shapes`() throws {
    let cells = [("rnn", 1), ("gru", 3), ("lstm", 4)]
    for (kind, gates) in cells {
      let text = try SpecTemplate.text(
        safetensors: file([
          ("a.weight_ih_l0", [gates * 5, 3]), ("a.weight_hh_l0", [gates * 5, 5]), ("a.weight_ih_l1", [gates * 5, 5]),
          ("a.weight_hh_l1", [gates * 5, 5]),
        ]),
        file: "w.safetensors")
      #expect(text.contains("- {kind: \(kind), name: a, input: 3, hidden: 5, layers: 2, bias: false}"))
    }
  }

  @Test func `a template knows a projection and both directions`() throws {
    let both = ["", "_reverse"].flatMap { half in
      [("r.weight_ih_l0\(half)", [32, 3]), ("r.weight_hh_l0\(half)", [32, 6]), ("r.weight_hr_l0\(half)", [6, 8])]
    }
    let text = try SpecTemplate.text(safetensors: file(both), file: "w")
    #expect(
      text.contains("kind: lstm, name: r, input: 3, hidden: 8, bias: false, direction: bidirectional, projection: 6"))
  }

  @Test func `a template leaves as comments what shapes do not say`() throws {
    let text = try SpecTemplate.text(safetensors: file(lstm), file: "w.safetensors")
    for line in ["# rate: 360", "# regime: carried", "# labels: [a, b, c, d]"] { #expect(text.contains(line)) }
    #expect(text.contains("tensors: ''"))
  }

  @Test func `a template orders layers by their widths`() throws {
    let tensors = [("a.weight", [2, 6]), ("a.bias", [2]), ("b.weight", [6, 1, 5]), ("b.bias", [6])]
    let text = try SpecTemplate.text(safetensors: file(tensors), file: "w")
    let conv = try #require(text.firstRange(of: "name: b")?.lowerBound)
    let head = try #require(text.firstRange(of: "name: a")?.lowerBound)
    #expect(conv < head)
  }

  @Test func `a template of a Conv2d says what writes it as a layer`() {
    let error = #expect(throws: ImportError.self) {
      try SpecTemplate.text(safetensors: file([("conv.weight", [4, 1, 5, 1]), ("conv.bias", [4])]), file: "w")
    }
    #expect(error?.problem.contains("runnel_export") == true)
  }

  @Test func `a template of tensors that are no layer's says which`() {
    let error = #expect(throws: ImportError.self) {
      try SpecTemplate.text(safetensors: file([("thing.tensor", [2, 2, 2, 2])]), file: "w")
    }
    #expect(error?.place?.contains("thing") == true)
  }
}
