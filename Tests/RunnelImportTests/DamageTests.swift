import RunnelCore
import RunnelImport
import RunnelInference
import RunnelTesting
import Testing

/// Damaged files: one sentence or a network, never a crash, whatever byte is wrong.
@Suite struct DamageTests {
  private static let small = [
    "onnx/halfs", "onnx/opset9", "onnx/cell-rnn-leaky", "rtneural/conv", "rtneural/bare-keras",
  ]
  private static let fixtures = Fixture.every.filter { small.contains("\($0.folder)/\($0.name)") }

  /// Imports the bytes; a refusal must be one sentence.
  private func feed(_ fixture: Fixture, _ bytes: [UInt8], _ spec: ModelSpec) throws {
    do {
      let model = try fixture.imported(spec, bytes: bytes)
      // What was accepted must also be something that can be judged.
      _ = try? model.draft()
    } catch let error as ImportError {
      #expect(!error.problem.isEmpty && !error.description.contains("\n"))
    }
  }

  @Test(arguments: fixtures) func `every truncation of a file is refused`(fixture: Fixture) throws {
    let (bytes, spec) = (try fixture.bytes(), try fixture.spec())
    for end in stride(from: 0, to: bytes.count, by: bytes.count > 2000 ? 13 : 3) {
      #expect(throws: ImportError.self) { try fixture.imported(spec, bytes: Array(bytes[..<end])) }
    }
  }

  @Test(arguments: fixtures) func `no flipped bit crashes the reader`(fixture: Fixture) throws {
    let (bytes, spec) = (try fixture.bytes(), try fixture.spec())
    var random = SeededGenerator(seed: 11)
    for _ in 0..<200 {
      var damaged = bytes
      for _ in 0...random.below(3) { damaged[random.below(bytes.count)] ^= 1 << UInt8(random.below(8)) }
      try feed(fixture, damaged, spec)
    }
  }

  @Test(arguments: fixtures) func `no piece moved or repeated crashes the reader`(fixture: Fixture) throws {
    let (bytes, spec) = (try fixture.bytes(), try fixture.spec())
    var random = SeededGenerator(seed: 12)
    for _ in 0..<100 {
      var damaged = bytes
      let (from, to) = (random.below(bytes.count), random.below(bytes.count))
      let count = random.below(min(64, bytes.count - from) + 1)
      damaged.insert(contentsOf: bytes[from..<from + count], at: to)
      try feed(fixture, damaged, spec)
    }
  }

  @Test(arguments: [
    "", "{", "[]", "{}", #"{"in_shape": [null, null, 3], "layers": []}"#,
    #"{"in_shape": [null, null, 3], "layers": [{"type": "attention"}]}"#,
    #"{"in_shape": [null, null, 900000000], "layers": [{"type": "dense", "shape": [null, null, 900000000], "weights": []}]}"#,
    #"{"in_shape": [null, null, 1], "layers": [{"type": "dense", "shape": [null, null, 1], "weights": [[[1e60]]]}]}"#,
    #"{"in_shape": [null, null, 2], "layers": [{"type": "dense", "shape": [null, null, 1], "weights": [[[1], [2, 3]], [1]]}]}"#,
    #"{"state_dict": {}, "model_data": {"unit_type": "QRNN"}}"#,
    #"{"in_shape": [null, null, 2], "layers": [{"type": "gru", "shape": [null, null, 1], "weights": [[[1,1,1],[1,1,1]], [[1,1,1]], [0,0,0]]}]}"#,
  ])
  func `JSON that is no network is refused in one sentence`(text: String) {
    let error = #expect(throws: ImportError.self) {
      try RTNeuralImport.model(Array(text.utf8), spec: ModelSpec(), name: "x")
    }
    #expect(error?.description.contains("\n") == false)
  }

  @Test func `brackets nested a hundred thousand deep are refused`() {
    let text = String(repeating: "[", count: 100_000)
    #expect(throws: ImportError.self) { try RTNeuralImport.model(Array(text.utf8), spec: ModelSpec(), name: "x") }
  }

  @Test func `lists that would need many times the memory of the file are refused`() {
    let text = #"{"layers": ["# + String(repeating: "[],", count: 1 << 19) + "[]]}"
    let error = #expect(throws: ImportError.self) {
      try RTNeuralImport.model(Array(text.utf8), spec: ModelSpec(), name: "x")
    }
    #expect(error?.description == "the file has 524291 lists; at most 524288")
  }

  @Test(arguments: ["/etc/passwd", "../weights", "a/../../weights", "..", "", "a\0b", "c:\\weights", "./.."])
  func `external data outside the folder is never asked for`(location: String) {
    #expect(throws: ImportError.self) { try ExternalLocation.components(location) }
  }

  @Test func `external data below the folder is allowed`() throws {
    #expect(try ExternalLocation.components("./data//net.onnx.data") == ["data", "net.onnx.data"])
  }
}

/// The short form of `make fuzz`: its corpus and seeded mutations of it.
@Suite struct CorpusTests {
  static let corpus = ["onnx", "rtneural", "safetensors"].flatMap { Fixture.corpus($0) }

  @Test(arguments: corpus) func `the corpus and what is near it crash no reader`(entry: Fixture.CorpusEntry) throws {
    let bytes = try Fixture.read(entry.path)
    let spec = try ModelSpec(
      try JSONValue(
        parsing: #"{"rate": 100, "regime": "carried", "labels": ["a", "b", "c", "d"], "activation": "softmax"}"#))
    var random = SeededGenerator(seed: 13)
    for round in 0..<20 {
      var damaged = bytes
      // The first round is the file as it is.
      for _ in 0..<round { damaged[random.below(damaged.count)] = UInt8(truncatingIfNeeded: random.next()) }
      switch entry.reader {
      case "onnx": _ = try? ONNXImport.model(damaged, spec: spec, external: NoExternalData(), name: "x")
      case "rtneural": _ = try? RTNeuralImport.model(damaged, spec: spec, name: "x")
      default:
        _ = try? ModelFile(bytes: damaged)
        _ = try? SpecTemplate.text(safetensors: damaged, file: "x")
      }
    }
  }

  @Test func `the corpus is there`() { #expect(Self.corpus.count >= 20) }
}
