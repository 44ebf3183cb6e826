import RunnelCore
import RunnelImport
import RunnelInference
import RunnelRecordings

/// Somebody's model file made into one of runnel's: `runnel model import`.
///
/// The file is told by its content, its layers and tensors are found, every tensor is accounted for, and what comes out
/// repeats its golden run on this machine before it is written.
public struct ModelImport: Sendable {
  /// Arrays by which the program that trained the network shows what it computes.
  public struct GoldenRun: Sendable {
    public var input: String
    public var output: String
    public var by: String

    public init(input: String, output: String, by: String?) {
      self.input = input
      self.output = output
      self.by = by ?? "given at import"
    }
  }

  public let input: String
  public let output: String
  /// ONNX, RTNeural JSON, safetensors, runnel.
  public let kind: String
  public let bytes: [UInt8]
  public let file: ModelFile
  /// What became of every tensor of the file that was brought.
  public let ledger: TensorLedger
  public let notes: [String]
  public let report: GoldenReport

  static let sizeLimit = 1 << 30

  /// - Throws: `ServiceError`: 66 no such file, 77, 65 bad data, 64 where options do not belong.
  public init(
    _ input: String, output: String, spec: SpecFile = SpecFile(), golden: GoldenRun? = nil
  ) throws(ServiceError) {
    (self.input, self.output) = (input, output)
    let given: [UInt8]
    do throws(RecordingError) { given = try ByteFile.read(input, limit: Self.sizeLimit) } catch {
      throw ServiceError(error)
    }
    let source = ModelSource(given, path: input)
    if case .refused(let sentence) = source { throw ServiceError(.data, "\(input): \(sentence)") }
    let imported: ImportedModel
    let name = Self.stem(output)
    do throws(ImportError) {
      switch source {
      case .refused(let sentence): throw ImportError(nil, sentence)
      case .runnel:
        guard spec.spec.members.isEmpty, golden == nil else {
          throw ImportError(
            nil, "is a model of runnel already, which says everything itself; leave --spec and the options out")
        }
        self = try ModelImport(own: given, input: input, output: output)
        return
      case .onnx:
        kind = "ONNX"
        imported = try ONNXImport.model(given, spec: spec.spec, external: FolderExternalData(beside: input), name: name)
      case .rtneural:
        kind = "RTNeural JSON"
        imported = try RTNeuralImport.model(given, spec: spec.spec, name: name)
      case .safetensors:
        kind = "safetensors"
        imported = try BareImport.model(given, spec: spec.spec, name: name)
      }
    } catch { throw spec.located(error, file: input) }
    let provenance = Self.provenance(imported, input, given)
    let tensors = imported.tensors.map { ModelWriter.Tensor($0.key, $0.value.shape, $0.value.values) }
    let draft: ModelDraft
    do throws(ModelDraftError) { draft = try ModelDraft(description: provenance, tensors: tensors) } catch {
      throw Self.located(error, spec, input)
    }
    var notes = imported.notes
    bytes = try Self.finished(draft, golden, spec, input, &notes)
    do {
      file = try ModelFile(bytes: bytes)
      report = try file.check()
    } catch { throw ServiceError(.data, "\(input): \(error)") }
    (ledger, self.notes) = (imported.ledger, notes)
  }

  /// A file that was a model already: checked as it is.
  private init(own bytes: [UInt8], input: String, output: String) throws(ImportError) {
    (self.input, self.output, self.bytes, kind) = (input, output, bytes, "runnel")
    do {
      file = try ModelFile(bytes: bytes)
      report = try file.check()
    } catch { throw ImportError(nil, "\(error)") }
    ledger = TensorLedger()
    notes = ["it is a model of runnel already: digest, tensors and golden run are in order, and it is copied as it is"]
  }

  /// Writes the file, whole or not at all.
  ///
  /// - Throws: `ServiceError`: 73, 74, 77.
  public func write() throws(ServiceError) {
    do throws(RecordingError) { try ByteFile.write(bytes, to: output) } catch { throw ServiceError(error) }
  }

  // MARK: the golden run

  private static func finished(
    _ draft: ModelDraft, _ golden: GoldenRun?, _ spec: SpecFile, _ input: String, _ notes: inout [String]
  ) throws(ServiceError) -> [UInt8] {
    guard let golden else {
      notes.append(
        "no other program's outputs were given, so the golden run is this machine's own and proves no equality with the framework: give --golden-input x.npy --golden-output y.npy from it"
      )
      do throws(ModelDraftError) { return try draft.finished(frames: draft.noise(), scores: nil, by: "runnel") } catch {
        throw located(error, spec, input)
      }
    }
    let (x, y) = (try values(golden.input), try values(golden.output))
    do throws(ModelDraftError) { return try draft.finished(frames: x, scores: y, by: golden.by) } catch {
      guard case .differs = error else { throw ServiceError(.data, "\(golden.input), \(golden.output): \(error)") }
      throw ServiceError(.data, "\(input): \(error)")
    }
  }

  /// A float array, flat; batches and windows lie one behind the other.
  private static func values(_ path: String) throws(ServiceError) -> [Float] {
    let array: NumpyFile
    do throws(RecordingError) { array = try NumpyFile(contentsOf: path) } catch { throw ServiceError(error) }
    let values: [Float]
    switch array.values {
    case .float32(let numbers): values = numbers
    case .float64(let numbers): values = numbers.map { Float($0) }
    case .int16(let numbers): values = numbers.map { Float($0) }
    case .int32(let numbers): values = numbers.map { Float($0) }
    case .int64(let numbers): values = numbers.map { Float($0) }
    case .uint8(let numbers): values = numbers.map { Float($0) }
    }
    guard values.allSatisfy(\.isFinite) else { throw ServiceError(.data, "\(path): holds NaN or infinity") }
    return values
  }

  private static func located(_ error: ModelDraftError, _ spec: SpecFile, _ input: String) -> ServiceError {
    guard case .description(let inner) = error else { return ServiceError(.data, "\(input): \(error)") }
    let hint = inner.suggestion.map { "; did you mean '\($0)'?" } ?? ""
    return spec.located(inner.path, inner.problem + hint, file: input)
  }

  // MARK: words

  /// The file's name and hash beside what the importer says of it.
  private static func provenance(_ imported: ImportedModel, _ input: String, _ bytes: [UInt8]) -> JSONValue {
    let name = input.split(separator: "/").last.map(String.init) ?? input
    var members = imported.description.members ?? []
    for place in members.indices where members[place].key == "provenance" {
      guard let given = members[place].value.members else { continue }
      members[place].value = .object(
        given
          + [
            .init("file", .string(name)), .init("sha256", .string(bytes.withUnsafeBytes { SHA256.hex($0) })),
          ].filter { added in !given.contains { $0.key == added.key } })
    }
    return .object(members)
  }

  private static func stem(_ path: String) -> String {
    let name = path.split(separator: "/").last.map(String.init) ?? path
    guard let dot = name.lastIndex(of: "."), dot > name.startIndex else { return name }
    return String(name[..<dot])
  }
}
