import RunnelCore
import RunnelInference
import Testing

/// Model files written in Swift.
@Suite struct ModelWriterTests {
  private let description = try? JSONValue(
    parsing: """
      {"format": 1, "name": "scale", "regime": "carried", "pattern": "one-to-one", "rate": 10, "inputs": [{"name": "x"}],
       "layers": [{"kind": "linear", "name": "head", "input": 1, "output": 2}],
       "heads": [{"name": "label", "activation": "softmax", "labels": ["a", "b"]}]}
      """)
  private let tensors = [
    ModelWriter.Tensor("head.weight", [2, 1], [1, -1]), ModelWriter.Tensor("head.bias", [2], [0.5, 0]),
  ]

  private func draft() throws -> ModelDraft {
    try ModelDraft(description: try #require(description), tensors: tensors)
  }

  @Test func `a written file is a model whose digest is that of its bytes`() throws {
    let draft = try draft()
    let bytes = try draft.finished(frames: draft.noise(), scores: nil, by: "runnel")
    let file = try ModelFile(bytes: bytes)
    #expect(file.description.goldenBy == "runnel" && file.parameters == 4)
    #expect(try file.check().largestError == 0)
    var damaged = bytes
    damaged[bytes.count - 1] ^= 1
    #expect(throws: ModelFileError.self) { try ModelFile(bytes: damaged) }
  }

  @Test func `a provenance full of zeros does not take the digest's place`() throws {
    var members = try #require(description?.members)
    let zeros = "sha256:" + String(repeating: "0", count: 63)
    members.append(.init("provenance", .object([.init("of", .string(zeros))])))
    let draft = try ModelDraft(description: .object(members), tensors: tensors)
    let file = try ModelFile(bytes: try draft.finished(frames: [1, 2], scores: nil, by: "runnel"))
    #expect(file.description.provenance["of"]?.string == zeros)
  }

  @Test func `outputs of another program are taken before or after the activation, and as logarithms of it`() throws {
    let draft = try draft()
    let logits: [Float] = [1.5, -1]
    let scores: [Float] = [0.924_141_8, 0.075_858_18]
    let logarithms: [Float] = [-0.078_889_74, -2.578_889_7]
    for given in [logits, scores, logarithms] {
      let file = try ModelFile(bytes: try draft.finished(frames: [1], scores: given, by: "another"))
      #expect(try file.check().largestError < 1e-6 && file.description.goldenBy == "another")
    }
    for wrong: [Float] in [[1.5, -0.9], [1.6, -0.9], [-0.078_889_74, -2.57]] {
      #expect(throws: ModelDraftError.self) { try draft.finished(frames: [1], scores: wrong, by: "another") }
    }
    #expect(throws: ModelDraftError.self) { try draft.finished(frames: [1], scores: [1.5], by: "another") }
    #expect(throws: ModelDraftError.self) { try draft.finished(frames: [], scores: nil, by: "another") }
  }

  @Test func `made frames hold class numbers where a table is indexed, and other numbers beside them`() throws {
    let description = try JSONValue(
      parsing: """
        {"format": 1, "name": "beside", "regime": "carried", "pattern": "one-to-one", "rate": 10,
         "inputs": [{"name": "x"}, {"name": "class"}],
         "layers": [{"kind": "select", "name": "last", "input": 2, "output": 1, "first": 1, "from": ["input"]},
           {"kind": "embedding", "name": "table", "input": 1, "classes": 3, "output": 2, "from": ["last"]},
           {"kind": "select", "name": "x", "input": 2, "output": 1, "first": 0, "from": ["input"]},
           {"kind": "concat", "name": "both", "output": 3, "from": ["x", "table"]},
           {"kind": "linear", "name": "head", "input": 3, "output": 2, "from": ["both"]}],
         "heads": [{"name": "label", "activation": "softmax", "labels": ["a", "b"]}]}
        """)
    let draft = try ModelDraft(
      description: description,
      tensors: [
        .init("table.weight", [3, 2], [0, 1, 2, 3, 4, 5]), .init("head.weight", [2, 3], [1, 0, -1, 0, 1, 0]),
        .init("head.bias", [2], [0, 0]),
      ])
    let frames = draft.noise()
    let classes = stride(from: 1, to: frames.count, by: 2).map { frames[$0] }
    #expect(Set(classes) == [0, 1, 2])
    #expect(stride(from: 0, to: frames.count, by: 2).contains { frames[$0] != frames[$0].rounded() })
    #expect(try ModelFile(bytes: draft.finished(frames: frames, scores: nil, by: "runnel")).check().largestError == 0)
  }

  @Test func `a missing tensor is found before anything runs`() throws {
    let draft = try ModelDraft(description: try #require(description), tensors: [tensors[0]])
    #expect(throws: ModelDraftError.file(.missing(tensor: "head.bias"))) {
      try draft.finished(frames: [1], scores: nil, by: "runnel")
    }
  }
}
