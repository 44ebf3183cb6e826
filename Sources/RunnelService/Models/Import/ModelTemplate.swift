import RunnelImport
import RunnelRecordings

/// The spec that a file of weights leaves to be filled in: `runnel model template`.
public enum ModelTemplate {
  /// - Throws: `ServiceError`: 66, 77, 65.
  public static func text(_ path: String) throws(ServiceError) -> String {
    let bytes: [UInt8]
    do throws(RecordingError) { bytes = try ByteFile.read(path, limit: ModelImport.sizeLimit) } catch {
      throw ServiceError(error)
    }
    let source = ModelSource(bytes, path: path)
    if case .refused(let sentence) = source { throw ServiceError(.data, "\(path): \(sentence)") }
    do throws(ImportError) {
      switch source {
      case .refused(let sentence): throw ImportError(nil, sentence)
      case .runnel: throw ImportError(nil, "is a model of runnel, which needs no spec; runnel model show draws it")
      case .safetensors: return try SpecTemplate.text(safetensors: bytes, file: path)
      case .onnx:
        let network = try ImportedNetwork(onnx: bytes, external: FolderExternalData(beside: path))
        return SpecTemplate.text(network: network, file: path)
      case .rtneural: return SpecTemplate.text(network: try ImportedNetwork(rtneural: bytes), file: path)
      }
    } catch { throw ServiceError(.data, "\(path): \(error)") }
  }
}
