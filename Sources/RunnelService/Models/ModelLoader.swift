import RunnelCore
import RunnelInference
import RunnelKernels
import RunnelPipeline
import RunnelRecordings

/// Reads a model file and lets it prove itself: digest, every tensor, golden input through the kernels of this machine.
public enum ModelLoader {
  /// Larger files are no recurrent networks for streams.
  static let sizeLimit = 1 << 30

  /// - Parameters:
  ///   - sha256: what the configuration pins the file's content to.
  ///   - precision: of the weights.
  /// - Throws: `ServiceError` (66 no such file, 77 permission, 65 not a good model, 78 not the model it should be).
  public static func load(
    _ path: String, sha256: String? = nil, precision: WeightPrecision = .float32
  ) throws(ServiceError) -> Model {
    let bytes: [UInt8]
    do { bytes = try ByteFile.read(path, limit: sizeLimit) } catch { throw ServiceError(error) }
    if let sha256 { try compare(bytes, path, with: sha256) }
    do {
      let model = Model(try ModelFile(bytes: bytes), precision: precision)
      _ = try model.file.check(network: model.network)
      return model
    } catch let error as ModelFileError { throw refusal(of: bytes, error, path) } catch {
      throw ServiceError(.data, "\(path): \(error)")
    }
  }

  /// What is wrong with a model file; of a file that is none, what it is and what makes a model of it.
  static func refusal(of bytes: [UInt8], _ error: ModelFileError, _ path: String) -> ServiceError {
    let way =
      switch error {
      case .container, .noDescription: ModelSource(bytes, path: path).way(past: error, path)
      default: nil as String?
      }
    return ServiceError(.data, "\(path): \(way ?? "\(error)")")
  }

  /// The same with the precision that an option names.
  public static func load(_ path: String, precision name: String?) throws(ServiceError) -> Model {
    try load(
      path, precision: try name.map { (name) throws(ServiceError) in try WeightPrecision(named: name) } ?? .float32)
  }

  /// A model file as it is, its digest and tensors in order; whether this machine computes what it should is not asked.
  ///
  /// - Throws: `ServiceError` (66 no such file, 77 permission, 65 no model file).
  public static func read(_ path: String) throws(ServiceError) -> ModelFile {
    let bytes: [UInt8]
    do throws(RecordingError) { bytes = try ByteFile.read(path, limit: sizeLimit) } catch { throw ServiceError(error) }
    do throws(ModelFileError) { return try ModelFile(bytes: bytes) } catch { throw refusal(of: bytes, error, path) }
  }

  /// The configuration may pin the file by the hash that `sha256sum` prints or by the digest that labels carry and
  /// `model show` prints, which is that of the file with its own digits as zeros.
  private static func compare(_ bytes: [UInt8], _ path: String, with sha256: String) throws(ServiceError) {
    let found = bytes.withUnsafeBytes { SHA256.hex($0) }
    guard found != sha256, (try? ModelFile(bytes: bytes))?.digest != "sha256:" + sha256 else { return }
    throw ServiceError(
      .configuration, "\(path) has sha256 \(found), not the \(sha256) of the configuration: it is another file")
  }

  /// All models of a configuration, by name.
  public static func load(_ references: [ModelReference]) throws(ServiceError) -> [String: Model] {
    var models: [String: Model] = [:]
    for reference in references {
      models[reference.name] = try load(
        reference.path, sha256: reference.sha256, precision: reference.precision)
    }
    return models
  }
}
