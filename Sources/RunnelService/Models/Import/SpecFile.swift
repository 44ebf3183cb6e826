import RunnelCore
import RunnelImport
import RunnelInference
import RunnelRecordings

/// A spec in YAML: read by the strict reader of configurations, judged by the readers of models, and able to say where
/// in it stands what they find wrong.
public struct SpecFile {
  /// Nil where no file was given: then errors have no line.
  private let source: SourceText?
  private let places: [String: Place]
  public private(set) var spec: ModelSpec

  private static let sizeLimit = 1 << 20
  /// What is text, however it looks: a label may be called 1 or true.
  private static let words: Set<String> = ["labels", "name", "from", "tensors", "ignore", "none", "unit"]

  /// Nil where no file was given.
  var path: String? { source?.file }

  public init() {
    (source, places, spec) = (nil, [:], ModelSpec())
  }

  /// - Throws: `ServiceError`: 66 no such file, 77, 65 with file:line:column of every mistake.
  public init(_ path: String) throws(ServiceError) {
    let bytes: [UInt8]
    do throws(RecordingError) { bytes = try ByteFile.read(path, limit: Self.sizeLimit) } catch {
      throw ServiceError(error)
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw ServiceError(.data, "\(path): is not UTF-8 text; save it as such")
    }
    try self.init(text: text, file: path)
  }

  init(text: String, file: String) throws(ServiceError) {
    let source = SourceText(file: file, text: text)
    var findings = Findings(source: source)
    let tree = YAMLDocument.read(text, environment: [:], into: &findings)
    guard let tree, !findings.hasErrors else { throw Self.placed(findings.sorted) }
    var places: [String: Place] = [:]
    let json = Self.json(tree, path: "", isWord: false, &places)
    (self.source, self.places) = (source, places)
    spec = ModelSpec()
    do throws(ImportError) { spec = try ModelSpec(json) } catch { throw located(error, file: file) }
  }

  /// An option of the command line overrides the file.
  mutating func set(_ key: String, _ value: JSONValue?) { if let value { spec[key] = value } }

  // MARK: places

  /// The error with its place in this spec, or as one of the model file.
  func located(_ error: ImportError, file: String) -> ServiceError {
    guard let path = error.path else { return ServiceError(.data, "\(file): \(error)") }
    let known = error.problem.hasPrefix("unknown key") && !path.contains(".") ? ModelSpec.keys : []
    let hint = Suggestion.nearest(to: path, among: known).map { "; did you mean '\($0)'?" } ?? ""
    return located(path, error.problem + hint, file: file)
  }

  func located(_ path: String, _ problem: String, file: String) -> ServiceError {
    guard let source, let place = place(path) else { return ServiceError(.data, "\(file): \(path): \(problem)") }
    return Self.placed([source.diagnostic(.error, .value, at: place, "\(path): \(problem)")])
  }

  /// Of the path, or of what it lies in.
  private func place(_ path: String) -> Place? {
    var path = path[...]
    while true {
      if let place = places[String(path)] { return place }
      guard let cut = path.lastIndex(where: { $0 == "." || $0 == "[" }) else { return places[""] }
      path = path[..<cut]
    }
  }

  private static func placed(_ diagnostics: [Diagnostic]) -> ServiceError {
    var error = ServiceError(ConfigurationErrors(diagnostics))
    error.kind = .data
    return error
  }

  // MARK: YAML as JSON

  private static func json(
    _ node: ConfigurationNode, path: String, isWord: Bool, _ places: inout [String: Place]
  ) -> JSONValue {
    if places[path] == nil { places[path] = node.place }
    switch node {
    case .scalar(let scalar): return isWord || !scalar.isPlain ? .string(scalar.text) : value(scalar)
    case .list(let items, _):
      return .array(
        items.enumerated().map { json($0.element, path: "\(path)[\($0.offset)]", isWord: isWord, &places) })
    case .mapping(let entries, _):
      return .object(
        entries.map { entry in
          let inner = path.isEmpty ? entry.key : "\(path).\(entry.key)"
          places[inner] = entry.keyPlace
          // Below `labels` everything is a name.
          let isWord = words.contains(entry.key) || path == "labels"
          return .init(entry.key, json(entry.value, path: inner, isWord: isWord, &places))
        })
    case .broken: return .null
    }
  }

  private static func value(_ scalar: ConfigurationNode.Scalar) -> JSONValue {
    if scalar.isNull { return .null }
    switch scalar.text {
    case "true": return .bool(true)
    case "false": return .bool(false)
    default: break
    }
    if let integer = Int64(scalar.text) { return .integer(integer) }
    let isNumber = scalar.text.utf8.allSatisfy { (48...57).contains($0) || "+-.eE".utf8.contains($0) }
    if isNumber, let number = Double(scalar.text), number.isFinite { return .number(number) }
    return .string(scalar.text)
  }
}
