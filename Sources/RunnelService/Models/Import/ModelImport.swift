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
      self.by = by ?? "another program"
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

  /// Reads a file, told by its content, and makes a model of it that has proved itself; nothing is written yet.
  ///
  /// - Throws: `ServiceError`: 66 no such file, 77, 65 bad data, or what is missing.
  public static func read(
    _ input: String, output: String, spec: SpecFile = SpecFile(), golden: GoldenRun? = nil
  ) throws(ServiceError) -> ModelImport {
    try OutputPlace.check([output], apartFrom: [input, spec.path, golden?.input, golden?.output])
    let given: [UInt8]
    do throws(RecordingError) { given = try ByteFile.read(input, limit: sizeLimit) } catch { throw ServiceError(error) }
    let source = ModelSource(given, path: input)
    if case .refused(let sentence) = source { throw ServiceError(.data, "\(input): \(sentence)") }
    if source == .runnel {
      guard spec.spec.members.isEmpty, golden == nil else {
        throw ServiceError(
          .usage,
          "\(input): is a model of runnel already, which says everything itself; leave --spec and the options out")
      }
      let note =
        "it is a model of runnel already: digest, tensors and golden run are in order, and it is copied as it is"
      return try proved(given, input, output, kind: "runnel", ledger: TensorLedger(), notes: [note])
    }
    let (imported, kind) = try found(given, source, spec, input, name: stem(output))
    let tensors = imported.tensors.map { ModelWriter.Tensor($0.key, $0.value.shape, $0.value.values) }
    let draft: ModelDraft
    do throws(ModelDraftError) {
      draft = try ModelDraft(description: described(imported, input, given), tensors: tensors)
    } catch { throw located(error, spec, input) }
    var notes = imported.notes
    let bytes = try finished(draft, golden, spec, input, &notes)
    return try proved(bytes, input, output, kind: kind, ledger: imported.ledger, notes: notes)
  }

  private static func found(
    _ bytes: [UInt8], _ source: ModelSource, _ spec: SpecFile, _ input: String, name: String
  ) throws(ServiceError) -> (ImportedModel, kind: String) {
    do throws(ImportError) {
      switch source {
      case .onnx:
        let external = FolderExternalData(beside: input)
        return (try ONNXImport.model(bytes, spec: spec.spec, external: external, name: name), "ONNX")
      case .rtneural: return (try RTNeuralImport.model(bytes, spec: spec.spec, name: name), "RTNeural JSON")
      default: return (try BareImport.model(bytes, spec: spec.spec, name: name), "safetensors")
      }
    } catch { throw spec.located(error, file: input) }
  }

  /// The model read back from its bytes, its golden run repeated.
  private static func proved(
    _ bytes: [UInt8], _ input: String, _ output: String, kind: String, ledger: TensorLedger, notes: [String]
  ) throws(ServiceError) -> ModelImport {
    do {
      let file = try ModelFile(bytes: bytes)
      return ModelImport(
        input: input, output: output, kind: kind, bytes: bytes, file: file, ledger: ledger, notes: notes,
        report: try file.check())
    } catch { throw ServiceError(.data, "\(input): \(error)") }
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
  private static func described(_ imported: ImportedModel, _ input: String, _ bytes: [UInt8]) -> JSONValue {
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
