import Glibc
import RunnelCore
import RunnelInference
import RunnelRecordings
import Testing

@testable import RunnelService

/// What `runnel check`, `model check` and `model show` find.
@Suite struct ProofTests {
  // MARK: configurations

  @Test func `a sound configuration is counted`() throws {
    let rig = try OfflineRig(seconds: 1)
    let proof = try ConfigurationProof(rig.write("c.yaml", rig.configuration()))
    #expect(proof.failure == nil && proof.diagnostics.isEmpty)
    #expect(proof.summary == "1 input, 1 model, 1 pipeline, 1 output")
  }

  @Test func `mistakes of the text end the proof, with nothing before their place`() throws {
    let rig = try OfflineRig(seconds: 1)
    let path = try rig.write("c.yaml", rig.configuration().replacing("channels", with: "chanels"))
    let failure = try #require(try ConfigurationProof(path).failure)
    #expect(failure.kind == .configuration && failure.isPlaced)
    #expect(failure.description.hasPrefix("\(path):6:23: error: unknown key 'chanels'"))
    #expect(failure.description.contains("^^^^^^^"))
  }

  @Test func `a model file that is not there is told at its name`() throws {
    let rig = try OfflineRig(seconds: 1)
    let text = rig.configuration().replacing("conv-lstm", with: "conv-lstn")
    let proof = try ConfigurationProof(rig.write("c.yaml", text))
    #expect(proof.errors.count == 1)
    #expect(proof.errors.first?.place.line == 4 && proof.errors.first?.kind == .value)
    #expect(proof.errors.first?.place.column == 17, "at the path")
  }

  @Test func `another file than the one that is pinned is told at the digest`() throws {
    let rig = try OfflineRig(seconds: 1)
    let digits = String(repeating: "0", count: 64)
    let text = rig.configuration().replacing("safetensors}", with: "safetensors, sha256: '\(digits)'}")
    let proof = try ConfigurationProof(rig.write("c.yaml", text))
    #expect(proof.errors.count == 1)
    #expect(proof.errors.first?.kind == .contradiction)
    #expect(proof.errors.first?.message.contains("not the \(digits)") == true)
  }

  @Test func `a model whose golden check fails is told at its file`() throws {
    let rig = try OfflineRig(seconds: 1)
    let other = try damaged(rig)
    let text = rig.configuration().replacing(OfflineRig.modelPath, with: other)
    let proof = try ConfigurationProof(rig.write("c.yaml", text))
    #expect(proof.errors.count == 1 && proof.errors.first?.place.line == 4)
  }

  @Test(arguments: [
    ("decide: {head: beats}", "has no head 'beats'", "beats}"), ("decide: {none: quiet}", "quiet", "quiet}"),
    ("decide: {min_on: 1s, emit: events, none: silence}", "silence", "silence}"),
  ])
  func `a decision that the model does not have is told where it stands`(
    decide: String, word: String, at: String
  ) throws {
    let rig = try OfflineRig(seconds: 1)
    let text = rig.configuration(pipeline: "model: beats, channels: [MLII], \(decide)")
    let proof = try ConfigurationProof(rig.write("c.yaml", text))
    let error = try #require(proof.errors.first)
    #expect(error.kind == .contradiction && error.message.contains(word))
    #expect(error.source.dropFirst(error.place.column - 1).hasPrefix(at))
  }

  @Test(arguments: [
    ("regime: windowed", "fell from 97 % to 54 %", "windowed}"), ("window: 50", "it has no windows", "50}"),
    ("max_state_age: 1s", "warms up for 1.5 s", "1s}"),
  ])
  func `what the model file denies of its states is told where it stands, with the harm`(
    key: String, words: String, at: String
  ) throws {
    let rig = try OfflineRig(seconds: 1)
    let text = rig.configuration(pipeline: "model: beats, channels: [MLII], \(key)")
    let proof = try ConfigurationProof(rig.write("c.yaml", text))
    let error = try #require(proof.errors.first)
    #expect(proof.errors.count == 1 && error.kind == .contradiction && error.message.contains(words))
    #expect(error.source.dropFirst(error.place.column - 1).hasPrefix(at))
  }

  @Test func `each contradiction of a pipeline is told at once`() throws {
    let rig = try OfflineRig(seconds: 1)
    let text = rig.configuration(pipeline: "model: beats, regime: windowed, window: 50, max_state_age: 1s")
    #expect(try ConfigurationProof(rig.write("c.yaml", text)).errors.count == 3)
  }

  @Test func `what the model file says may be repeated, and hop and age of the state may be chosen`() throws {
    let rig = try OfflineRig(seconds: 1)
    let text = rig.configuration(
      pipeline: "model: beats, channels: [MLII], regime: carried, hop: 12, max_state_age: 10min")
    #expect(try ConfigurationProof(rig.write("c.yaml", text)).errors.isEmpty)
  }

  @Test func `a command that was given the file tells the same mistake at its place`() throws {
    let rig = try OfflineRig(seconds: 1)
    let text = rig.configuration(pipeline: "model: beats, channels: [MLII], regime: windowed")
    let path = try rig.write("c.yaml", text)
    let bare = ServiceError(.configuration, "regime is wrong")
    let placed = ConfigurationProof.placed(bare, in: path)
    #expect(placed.isPlaced && placed.description.hasPrefix("\(path):6:"))
    let other = ServiceError(.unavailable, "no endpoint")
    #expect(ConfigurationProof.placed(other, in: path) == other)
  }

  @Test func `a group that binds what the model has not is told at the group`() throws {
    let rig = try OfflineRig(seconds: 1)
    let text = rig.configuration(pipeline: "model: beats, group: {lead_a: MLII}")
    let error = try #require(try ConfigurationProof(rig.write("c.yaml", text)).errors.first)
    #expect(error.message.contains("the model's inputs are lead"))
    #expect(error.source.dropFirst(error.place.column - 1).hasPrefix("{lead_a"))
  }

  @Test func `a unit that cannot become the model's is found where the configuration says it`() throws {
    let rig = try OfflineRig(seconds: 1)
    let text = rig.configuration(
      input: "format: array, rate: 360 Hz, channels: [{name: MLII, unit: degC}]")
    let error = try #require(try ConfigurationProof(rig.write("c.yaml", text)).errors.first)
    #expect(error.message.contains("degC") && error.place.line == 2)
  }

  @Test func `every mistake is told at once`() throws {
    let rig = try OfflineRig(seconds: 1)
    let text = rig.configuration(pipeline: "model: beats, channels: [MLII], decide: {head: x}")
      .replacing("pipelines:", with: "  gone: {file: gone.safetensors}\npipelines:")
    #expect(try ConfigurationProof(rig.write("c.yaml", text)).errors.map(\.place.line) == [5, 7])
  }

  @Test func `the findings are there for programs too`() throws {
    let rig = try OfflineRig(seconds: 1)
    var writer = JSONWriter()
    try ConfigurationProof(rig.write("c.yaml", rig.configuration().replacing("conv-lstm", with: "x"))).json(
      into: &writer)
    let json = try JSONValue(parsing: writer.text)
    #expect(json["ok"]?.bool == false && json["models"]?.integer == 1)
    #expect(json["diagnostics"]?.array?.first?["line"]?.integer == 4)
  }

  @Test func `a configuration that is not there is 66`() {
    #expect(serviceError { _ = try ConfigurationProof("/nowhere/c.yaml") }?.kind == .noInput)
  }

  // MARK: models

  @Test func `a sound model passes on every kernel set of this machine`() throws {
    let proof = try ModelProof(OfflineRig.modelPath)
    #expect(proof.failure == nil && proof.tensors == 12)
    #expect(proof.trials.map(\.kernels).contains(.scalar))
    var writer = JSONWriter()
    proof.json(into: &writer)
    let json = try JSONValue(parsing: writer.text)
    #expect(json["ok"]?.bool == true)
    for trial in json["golden"]?["kernels"]?.array ?? [] {
      for way in ["whole", "step_by_step", "random_chunks"] {
        #expect((trial["largest_error"]?[way]?.number ?? 1) < 1e-5)
        for values in ["scores", "h", "c"] {
          let errors = trial["errors"]?[way]?[values]
          let (largest, mean) = (errors?["largest"]?.number ?? 1, errors?["mean"]?.number ?? 1)
          #expect(0 < mean && mean <= largest && largest <= trial["largest_error"]?[way]?.number ?? 0)
        }
      }
    }
  }

  @Test func `what reduced weights cost is told, and fails no model that promises nothing`() throws {
    let proof = try ModelProof(OfflineRig.modelPath)
    var writer = JSONWriter()
    proof.json(into: &writer)
    let precisions = try JSONValue(parsing: writer.text)["golden"]?["precisions"]?.array ?? []
    #expect(precisions.compactMap { $0["name"]?.string } == ["bf16", "int8"])
    for trial in precisions {
      let whole = trial["errors"]?["whole"]
      let (rms, largest) = (whole?["scores"]?["rms"]?.number ?? 0, whole?["scores"]?["largest"]?.number ?? 0)
      #expect(0 < rms && rms <= largest && largest < 0.05)
      #expect(whole?["labels"]?["of"]?.integer == 256 && (whole?["labels"]?["agreed"]?.integer ?? 0) > 250)
    }
    #expect(proof.table.contains("of 256 labels are the same; the file promises nothing for it"))
  }

  @Test func `a model with another golden output fails, on each kernel set, with 65`() throws {
    let rig = try OfflineRig(seconds: 1)
    let proof = try ModelProof(damaged(rig))
    #expect(proof.failure?.kind == .data)
    #expect(proof.failure?.description.contains("golden check, whole: the score at step") == true)
    #expect(proof.table.contains("golden check") && proof.table.contains("none of the known mistakes explains it"))
    #expect(proof.diagnosis?.findings.isEmpty == true)
  }

  @Test func `a changed byte is 65 by its digest`() throws {
    let rig = try OfflineRig(seconds: 1)
    var bytes = try ByteFile.read(OfflineRig.modelPath, limit: 1 << 20)
    bytes[bytes.count - 1] ^= 1
    try ByteFile.write(bytes, to: rig.folder + "/other")
    let error = serviceError { _ = try ModelProof(rig.folder + "/other") }
    #expect(error?.kind == .data && error?.description.contains("digest") == true)
  }

  @Test func `what is given for a model and is none is told as what it is, with what makes a model of it`() throws {
    let rig = try OfflineRig(seconds: 1)
    let bare = #"{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#
    try ByteFile.write(
      [UInt8(bare.utf8.count)] + Array(repeating: 0, count: 7) + Array(bare.utf8) + [0, 0, 0, 0],
      to: rig.folder + "/bare")
    try ByteFile.write(
      Array(try ByteFile.read(OfflineRig.modelPath, limit: 1 << 20).dropLast(9)), to: rig.folder + "/cut")
    let golden = OfflineRig.root + "/Tests/Golden"
    for (path, words) in [
      (golden + "/onnx/lstm-outside-script.onnx", "this is an ONNX file: `runnel model import"),
      (golden + "/rtneural/lstm.rtneural", "this is RTNeural JSON: `runnel model import"),
      (rig.folder + "/bare", "`runnel model template"), (rig.folder + "/cut", "which was cut: copy it again"),
      (rig.path, "this is none of the model files that are read"),
    ] {
      for body in [
        { _ = try ModelLoader.load(path) }, { _ = try ModelLoader.read(path) }, { _ = try ModelProof(path) },
      ] {
        let error = serviceError { try body() }
        #expect(
          error?.kind == .data && error?.description.contains(words) == true, "\(path): \(error?.description ?? "")")
      }
    }
  }

  @Test func `the drawing shows inputs, layers, heads and decision`() throws {
    let text = try ModelDrawing(OfflineRig.model.get().file).text
    for piece in [
      "lead (mV)", "band-pass 0.5 to 40 Hz", "resampled to 120 Hz (trained on 360 Hz)",
      "Conv1d        1 →   12    120 parameters    108 multiply-adds    32 bytes   kernel 9 (75ms), relu",
      "LSTM         12 →   16   1920 parameters", "1980 multiply-adds a frame, 160 bytes of state a lane",
      "softmax over none N S V F", "delay     350ms (42 steps)", "emit peaks", "made_by",
    ] { #expect(text.contains(piece), "\(piece)") }
  }

  /// A copy of the model in which one golden score is another, under a digest that is right.
  private func damaged(_ rig: OfflineRig) throws -> String {
    var bytes = try ByteFile.read(OfflineRig.modelPath, limit: 1 << 20)
    let (digest, offset) = try bytes.withUnsafeBytes { raw in
      let index = try SafeTensors(raw)
      return (try ModelFile(raw).digest, try #require(index["golden.output"]).bytes.lowerBound)
    }
    bytes.replaceSubrange(offset..<offset + 4, with: [0, 0, 0x40, 0x3F])
    let place = try #require(bytes.firstRange(of: Array(digest.utf8)))
    let digits = place.lowerBound + 7..<place.upperBound
    bytes.replaceSubrange(digits, with: Array(repeating: UInt8(ascii: "0"), count: 64))
    bytes.replaceSubrange(digits, with: Array(bytes.withUnsafeBytes { SHA256.hex($0) }.utf8))
    try ByteFile.write(bytes, to: rig.folder + "/other")
    return rig.folder + "/other"
  }
}
