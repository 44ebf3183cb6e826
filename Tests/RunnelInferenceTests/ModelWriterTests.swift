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

  @Test func `outputs of another program are taken before or after the activation`() throws {
    let draft = try draft()
    let logits: [Float] = [1.5, -1]
    let scores: [Float] = [0.924_141_8, 0.075_858_18]
    for given in [logits, scores] {
      let file = try ModelFile(bytes: try draft.finished(frames: [1], scores: given, by: "another"))
      #expect(try file.check().largestError < 1e-6 && file.description.goldenBy == "another")
    }
    #expect(throws: ModelDraftError.self) { try draft.finished(frames: [1], scores: [1.5, -0.9], by: "another") }
    #expect(throws: ModelDraftError.self) { try draft.finished(frames: [1], scores: [1.5], by: "another") }
    #expect(throws: ModelDraftError.self) { try draft.finished(frames: [], scores: nil, by: "another") }
  }

  @Test func `a missing tensor is found before anything runs`() throws {
    let draft = try ModelDraft(description: try #require(description), tensors: [tensors[0]])
    #expect(throws: ModelDraftError.file(.missing(tensor: "head.bias"))) {
      try draft.finished(frames: [1], scores: nil, by: "runnel")
    }
  }
}
