import Glibc
import RunnelCore
import RunnelPipeline
import RunnelRecordings
import RunnelSignal
import RunnelTesting
import Testing

@testable import RunnelService

/// A folder for training sets beside a synthetic record.
final class DatasetRig {
  let offline: OfflineRig
  private let place = TemporaryFolder()

  /// - Parameter annotations: in place of the true beats.
  init(seconds: Double = 30, missing: [Range<Int>] = [], leads: Int = 1, annotations: [Annotation]? = nil) throws {
    offline = try OfflineRig(seconds: seconds, leads: leads, missing: missing)
    if let annotations { try AnnotationFile(annotations).write(to: offline.folder + "/syn.atr") }
  }

  func removeSet() { TemporaryFolder.remove(path) }

  static let hasEventModels = ["event-stage", "event-stage-no-wait"].allSatisfy {
    access(OfflineRig.root + "/Tests/Golden/models/\($0).safetensors", R_OK) == 0
  }

  var folder: String { place.path }
  var path: String { folder + "/set" }

  func names(_ folder: String) -> [String] { TemporaryFolder.names(in: folder) }

  @discardableResult
  func write(
    _ form: Dataset.Form, of record: String? = nil, labeller: Labeller? = nil, input: TrainingInput? = nil,
    rule: TargetRule? = nil, truth: String = "atr"
  ) throws -> DatasetManifest {
    let own = try Labeller(model: OfflineRig.model.get(), channels: ["MLII"])
    return try Dataset(
      form, labeller: labeller ?? own, input: input, rule: rule ?? TargetRule(), truth: truth, tool: "test"
    ).write([record ?? offline.path], to: path)
  }

  func array(_ name: String) throws -> NumpyFile { try NumpyFile(contentsOf: path + "/" + name) }

  func floats(_ name: String) throws -> [Float] {
    guard case .float32(let values) = try array(name).values else { return [] }
    return values
  }

  func integers(_ name: String) throws -> [Int] {
    switch try array(name).values {
    case .int64(let values): values.map(Int.init)
    case .uint8(let values): values.map(Int.init)
    default: []
    }
  }

  /// What the daemon's network would see, a row of NaN where it sees nothing.
  func conditioned(_ labeller: Labeller? = nil) throws -> [Float] {
    let labeller = try labeller ?? Labeller(model: OfflineRig.model.get(), channels: ["MLII"])
    let source = try RecordingSource(offline.path)
    let model = try OfflineRig.model.get().description
    let place = offline.folder + "/f.npy"
    var file = try ConditionedFile(
      place, rows: 0..<Int64(offline.rows), rate: 360, modelRate: model.rate, width: 1)
    var runs: [(Range<Int64>, [Float])] = []
    var nowhere = OfflineRig.Lines()
    try labeller.label(source, into: &nowhere, frames: { runs.append(($1, Array($2))) })
    for (steps, values) in runs { values.withUnsafeBufferPointer { file.append(steps, $0) } }
    _ = try file.finish()
    guard case .float32(let values) = try NumpyFile(contentsOf: place).values else { return [] }
    return values
  }
}

/// A beat, by its symbol.
func mark(_ symbol: Character, at index: Int64) -> Annotation {
  Annotation(at: index, code: AnnotationCode(symbol: symbol) ?? AnnotationCode(rawValue: 1))
}
