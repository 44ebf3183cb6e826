import Glibc
import RunnelCore
import RunnelImport
import RunnelInference
import RunnelRecordings
import RunnelTesting
import Testing

@testable import RunnelService

/// `model import` and `model template`: files in, one file or one sentence out.
@Suite final class ModelImportTests {
  private let folder = TemporaryFolder()
  private let golden = OfflineRig.root + "/Tests/Golden/"

  private func place(_ name: String, _ bytes: [UInt8]? = nil) throws -> String {
    if let bytes { folder.write(bytes, to: name) }
    return "\(folder.path)/\(name)"
  }

  private func options(window: Int? = nil, regime: String? = nil) -> SpecFile {
    var options = ImportOptions()
    (options.rate, options.labels, options.window, options.regime) = (100, ["a", "b", "c", "d"], window, regime)
    var spec = SpecFile()
    spec.apply(options)
    return spec
  }

  private func refusal(_ input: String, _ spec: SpecFile = SpecFile()) throws -> ServiceError {
    let output = try place("out.safetensors")
    return try #require(throws: ServiceError.self) { try ModelImport.read(input, output: output, spec: spec) }
  }

  // MARK: files that become models

  @Test func `a graph with its weights in a file beside it becomes a model that a lane can run`() throws {
    let output = try place("out.safetensors")
    let imported = try ModelImport.read(golden + "onnx/lstm-outside-script.onnx", output: output, spec: options())
    try imported.write()
    let file = try ModelLoader.read(output)
    #expect(file.description.name == "out" && file.description.goldenBy == "runnel")
    #expect(file.description.window?.length == 24)
    #expect(file.description.provenance["sha256"]?.string?.count == 64)
    #expect(imported.table.contains("tensors") && imported.table.contains("0 unused, 0 missing"))
    #expect(imported.notes.contains { $0.contains("--golden-input") })
  }

  @Test func `golden arrays of the framework go into the file with its name`() throws {
    let record = try JSONValue(
      parsing: String(decoding: try ByteFile.read(golden + "rtneural/lstm.json", limit: 1 << 20), as: UTF8.self))
    var paths: [String] = []
    for key in ["input", "output"] {
      let array = try #require(record[key])
      let shape = try #require(array["shape"]?.array).map { Int($0.integer ?? 0) }
      let values = try #require(array["values"]?.array).map { Float($0.number ?? .nan) }
      paths.append(try place("\(key).npy"))
      try NumpyFile(shape: shape, values: .float32(values)).write(to: paths[paths.count - 1])
    }
    let run = ModelImport.GoldenRun(input: paths[0], output: paths[1], by: "Keras 3")
    let output = try place("out.safetensors")
    let imported = try ModelImport.read(golden + "rtneural/lstm.rtneural", output: output, spec: options(), golden: run)
    #expect(
      imported.file.description.goldenBy == "Keras 3; final h and c by runnel" && imported.file.golden.steps == 24)
    let wrong = ModelImport.GoldenRun(input: paths[0], output: paths[1], by: nil)
    let error = #expect(throws: ServiceError.self) {
      try ModelImport.read(golden + "rtneural/gru.rtneural", output: output, spec: options(), golden: wrong)
    }
    #expect(error?.kind == .data && error?.description.contains("not the same network") == true)
  }

  @Test func `outputs of a network with its gates in another order are told by that`() throws {
    // A GRU whose reset and update blocks were left as Keras has them.
    let path = golden + "rtneural/gru.rtneural"
    var bytes = try ByteFile.read(path, limit: 1 << 20)
    let text = String(decoding: bytes, as: UTF8.self)
    let json = try JSONValue(parsing: text)
    var layers = try #require(json["layers"]?.array)
    layers[1] = try swapped(layers[1])
    var writer = JSONWriter()
    writer.write(.object([.init("in_shape", try #require(json["in_shape"])), .init("layers", .array(layers))]))
    bytes = writer.bytes
    let input = try place("swapped.json", bytes)
    let record = try JSONValue(
      parsing: String(decoding: try ByteFile.read(golden + "rtneural/gru.json", limit: 1 << 20), as: UTF8.self))
    var paths: [String] = []
    for key in ["input", "output"] {
      let values = try #require(record[key]?["values"]?.array).map { Float($0.number ?? .nan) }
      paths.append(try place("\(key).npy"))
      try NumpyFile(shape: [values.count], values: .float32(values)).write(to: paths[paths.count - 1])
    }
    let run = ModelImport.GoldenRun(input: paths[0], output: paths[1], by: nil)
    let output = try place("out.safetensors")
    let error = #expect(throws: ServiceError.self) {
      try ModelImport.read(input, output: output, spec: options(), golden: run)
    }
    let words = error?.description ?? ""
    #expect(words.contains("gate order") && !words.contains("before the heads' activation"), "\(words)")
  }

  /// Blocks z and r of every weight exchanged.
  private func swapped(_ layer: JSONValue) throws -> JSONValue {
    func row(_ value: JSONValue) -> JSONValue {
      guard let items = value.array else { return value }
      guard items.first?.array == nil else { return .array(items.map(row)) }
      let third = items.count / 3
      return .array(Array(items[third..<2 * third] + items[..<third] + items[(2 * third)...]))
    }
    let members = try #require(layer.members)
    return .object(members.map { $0.key == "weights" ? .init("weights", row($0.value)) : $0 })
  }

  @Test func `a model of runnel is checked and copied byte for byte`() throws {
    let input = golden + "models/conv-lstm.safetensors"
    let output = try place("copy.safetensors")
    let imported = try ModelImport.read(input, output: output)
    try imported.write()
    #expect(try ByteFile.read(output, limit: 1 << 20) == ByteFile.read(input, limit: 1 << 20))
    #expect(try refusal(input, options()).kind == .usage)
  }

  @Test func `a template, filled in, imports the weights it came from`() throws {
    let weights = golden + "rtneural/bare-pytorch.safetensors"
    var text = try ModelTemplate.text(weights)
    for (line, filled) in [
      ("# rate: 360", "rate: 100"), ("# regime: windowed", "regime: windowed"),
      ("# window: {length: 250}", "window: {length: 24}"), ("# pattern: many-to-one", "pattern: many-to-one"),
      ("# labels: [a, b, c, d]", "labels: [none, 1, true, V]"),
    ] {
      let range = try #require(text.firstRange(of: line), "\(line)")
      text.replaceSubrange(range, with: filled)
    }
    let spec = try SpecFile(text: text, file: "spec.yaml")
    let imported = try ModelImport.read(weights, output: try place("out.safetensors"), spec: spec)
    #expect(imported.file.description.heads[0].labels == ["none", "1", "true", "V"])
    #expect(imported.ledger.entries.count == 31)
  }

  // MARK: files that do not

  @Test func `a mistake in a spec has its file, line and column`() throws {
    let text =
      "rate: 100\nregime: carried\nlabels: [a]\nlayers:\n  - {kind: linear, name: head, input: 3, outputs: 1}\n"
    let spec = try SpecFile(text: text, file: "spec.yaml")
    let input = golden + "rtneural/bare-keras.safetensors"
    let error = try refusal(input, spec)
    #expect(error.description.hasPrefix("spec.yaml:5:") && error.isPlaced && error.kind == .data)
  }

  @Test(arguments: [
    ("rat: 3", "1:1", "rate"), ("layers:\n - {kind: lstm, name: a\n", "2:", ""), ("rate: 3\nrate: 4", "2:1", ""),
    ("rate: &a 3", "1:", ""), ("- 1", "1:1", ""),
  ])
  func `a spec that is none says where`(text: String, place: String, words: String) throws {
    let error = try #require(throws: ServiceError.self) { try SpecFile(text: text, file: "s.yaml") }
    #expect(error.description.hasPrefix("s.yaml:\(place)"), "\(error.description)")
    #expect(words.isEmpty || error.description.contains(words))
    #expect(error.kind == .data)
  }

  @Test(
    arguments: [
      ([0x50, 0x4B, 0x03, 0x04] + Array("archive/data.pkl".utf8), "save_file"),
      ([0x80, 0x02] + Array("}q\0(X\n\0\0\0state_dictq\u{2}".utf8), #"weights_only=True)["state_dict"].items()"#),
      ([0x80, 0x02] + Array("}q\0(X\u{14}\0\0\0optimizer_state_dictq\u{2}".utf8), "weights_only=True).items()"),
      ([0x50, 0x4B, 0x03, 0x04] + Array("a/data.pkl ctorch.nn.modules.rnn\nLSTM".utf8), "weights_only=False"),
      ([0x50, 0x4B, 0x03, 0x04] + Array("a/constants.pkl".utf8), "torch.jit.load"),
      ([0x80, 0x02, 0x8A, 0x0A], "weights_only=True"), ([0x89] + Array("HDF\r\n".utf8) + [0x1A, 0x0A], "save_keras"),
      ([0x50, 0x4B, 0x03, 0x04] + Array("model.weights.h5".utf8), "save_keras"),
      ([0x1C, 0, 0, 0] + Array("TFL3".utf8), "TensorFlow Lite"), ([], "empty"), ([1, 2, 3], "none of the model files"),
      (Array("GGUF".utf8), "language models"), ([0x93] + Array("NUMPY".utf8), "an array"),
    ] as [([UInt8], String)])
  func `files of other kinds are told by their bytes and answered with the way out`(bytes: [UInt8], words: String)
    throws
  {
    let error = try refusal(try place("brought.bin", bytes))
    #expect(error.kind == .data && error.description.contains(words), "\(error.description)")
  }

  @Test func `a file that is not there is exit code 66`() throws {
    #expect(try refusal(folder.path + "/nothing.onnx").kind == .noInput)
  }

  // MARK: external data

  private func external(_ location: String) throws -> ImportError? {
    let data = FolderExternalData(beside: folder.path + "/net.onnx")
    do throws(ImportError) {
      #expect(try data.bytes(location, offset: 1, length: 2) == [2, 3])
      return nil
    } catch { return error }
  }

  @Test func `external data are read from the model's folder and below it`() throws {
    _ = try place("w.data", [1, 2, 3])
    mkdir(folder.path + "/data", 0o755)
    _ = try place("data/w.data", [1, 2, 3])
    #expect(try external("w.data") == nil)
    #expect(try external("./data/w.data") == nil)
  }

  @Test func `a symbolic link is not followed, as a file or as a folder`() throws {
    _ = try place("w.data", [1, 2, 3])
    symlink("w.data", folder.path + "/link.data")
    symlink("/tmp", folder.path + "/linked")
    #expect(try external("link.data")?.problem.contains("symbolic link") == true)
    #expect(try external("linked/w.data")?.problem.contains("symbolic link") == true)
  }

  @Test func `a pipe is no data, and neither are bytes behind the end`() throws {
    mkfifo(folder.path + "/pipe", 0o600)
    #expect(try external("pipe")?.problem.contains("ordinary file") == true)
    _ = try place("short.data", [1, 2])
    #expect(try external("short.data")?.problem.contains("has 2 bytes") == true)
    let data = FolderExternalData(beside: folder.path + "/net.onnx")
    #expect(throws: ImportError.self) { try data.bytes("short.data", offset: Int.max, length: 8) }
    #expect(throws: ImportError.self) { try data.bytes("../w.data", offset: 0, length: 1) }
  }
}
