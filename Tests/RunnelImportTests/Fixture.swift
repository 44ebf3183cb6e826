import Glibc
import RunnelCore
import RunnelImport
import RunnelInference
import Testing

/// A file of somebody's network with the spec to import it, and what another program makes of an input, or the words
/// with which it must be refused (python/golden/make_onnx_*.py, make_rtneural.py).
struct Fixture: Sendable, CustomTestStringConvertible {
  let folder: String
  let name: String
  let suffix: String

  var testDescription: String { "\(folder)/\(name)" }

  static let onnx = all("onnx", ".onnx")
  static let rtneural = all("rtneural", ".rtneural")
  static let bare = all("rtneural", ".safetensors")
  static let every = onnx + rtneural + bare

  private static func all(_ folder: String, _ suffix: String) -> [Fixture] {
    names(path(folder)).filter { $0.hasSuffix(suffix) }.map {
      Fixture(folder: folder, name: String($0.dropLast(suffix.count)), suffix: suffix)
    }
  }

  private static func names(_ folder: String) -> [String] {
    guard let directory = opendir(folder) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      names.append(
        withUnsafePointer(to: &entry.pointee.d_name) {
          $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        })
    }
    return names.filter { !$0.hasPrefix(".") }.sorted()
  }

  /// A file that `make fuzz` begins with.
  struct CorpusEntry: Sendable, CustomTestStringConvertible {
    let reader: String
    let path: String

    var testDescription: String { path.split(separator: "/").suffix(2).joined(separator: "/") }
  }

  static func corpus(_ reader: String) -> [CorpusEntry] {
    let folder = path("") + "../../Fuzz/Corpus/\(reader)"
    return names(folder).map { CorpusEntry(reader: reader, path: "\(folder)/\($0)") }
  }

  private static func path(_ name: String) -> String {
    #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(2).joined(separator: "/")
      + "/Golden/\(name)"
  }

  static func read(_ path: String) throws -> [UInt8] {
    let file = try #require(fopen(path, "rb"), "no file \(path)")
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while true {
      let count = fread(&buffer, 1, buffer.count, file)
      guard count > 0 else { return bytes }
      bytes += buffer[..<count]
    }
  }

  func bytes() throws -> [UInt8] { try Self.read(Self.path("\(folder)/\(name)\(suffix)")) }

  func record() throws -> JSONValue {
    try JSONValue(parsing: String(decoding: try Self.read(Self.path("\(folder)/\(name).json")), as: UTF8.self))
  }

  func spec() throws -> ModelSpec { try ModelSpec(try #require(try record()["spec"])) }

  /// The values of `input` or `output`.
  func values(_ key: String) throws -> [Float] {
    let values = try #require(try record()[key]?["values"]?.array)
    return values.map { Float($0.number ?? .nan) }
  }

  func imported(_ spec: ModelSpec? = nil, bytes: [UInt8]? = nil) throws -> ImportedModel {
    let bytes = try bytes ?? self.bytes()
    let spec = try spec ?? self.spec()
    switch suffix {
    case ".onnx": return try ONNXImport.model(bytes, spec: spec, external: GoldenFolder(), name: name)
    case ".rtneural": return try RTNeuralImport.model(bytes, spec: spec, name: name)
    default: return try BareImport.model(bytes, spec: spec, name: name)
    }
  }
}

/// External data of the fixtures, which lie beside them.
struct GoldenFolder: ExternalData {
  func bytes(_ location: String, offset: Int, length: Int) throws(ImportError) -> [UInt8] {
    let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(2).joined(separator: "/")
    guard let all = try? Fixture.read("\(root)/Golden/onnx/\(location)"), offset <= all.count,
      length <= all.count - offset
    else { throw ImportError("external data", "\(location) is not there in that length") }
    return Array(all[offset..<offset + length])
  }
}

extension ImportedModel {
  func draft() throws -> ModelDraft {
    try ModelDraft(
      description: description, tensors: tensors.map { ModelWriter.Tensor($0.key, $0.value.shape, $0.value.values) })
  }

  /// Kinds of the layers, in order.
  var kinds: [String] { description["layers"]?.array?.map { $0["kind"]?.string ?? "" } ?? [] }
}
