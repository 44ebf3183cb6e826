import RunnelCore
import RunnelInference
import RunnelKernels
import RunnelRecordings

/// A model file put to the proof on this machine: digest and every tensor, then the golden input through each kernel set
/// that the processor has, whole, step by step and in random chunks.
public struct ModelProof: Sendable {
  public let path: String
  public let file: ModelFile
  /// Tensors in the file, golden ones included; each was asked for.
  public let tensors: Int
  public private(set) var trials: [Trial] = []

  public struct Trial: Sendable {
    public var kernels: KernelSet
    public var outcome: Result<GoldenReport, GoldenError>
  }

  /// - Throws: `ServiceError` (66, 77; 65 where it is no model file or its digest is wrong).
  public init(_ path: String) throws(ServiceError) {
    self.path = path
    let bytes: [UInt8]
    do throws(RecordingError) { bytes = try ByteFile.read(path, limit: ModelLoader.sizeLimit) } catch {
      throw ServiceError(error)
    }
    do throws(ModelFileError) { file = try ModelFile(bytes: bytes) } catch {
      throw ServiceError(.data, "\(path): \(error)")
    }
    tensors = (try? bytes.withUnsafeBytes { try SafeTensors($0) })?.entries.count ?? 0
    for kernels in KernelSet.allCases where kernels.isAvailable {
      do throws(GoldenError) {
        let report = try file.check(kernels: kernels)
        trials.append(Trial(kernels: kernels, outcome: .success(report)))
      } catch { trials.append(Trial(kernels: kernels, outcome: .failure(error))) }
    }
  }

  /// Why the model is not to be run here, or nil.
  public var failure: ServiceError? {
    for trial in trials {
      if case .failure(let error) = trial.outcome {
        return ServiceError(.data, "\(path): with kernels \(trial.kernels.rawValue): \(error)")
      }
    }
    return nil
  }

  public var table: String {
    let model = file.description
    var lines = [
      "\(path): \(model.name), \(file.size) bytes, \(file.parameters) parameters in \(tensors) tensors, all accounted for",
      "digest  \(file.digest), that of the bytes",
      "golden  \(file.golden.steps) steps, tolerance \(file.golden.tolerance) of the largest value",
      "        kernels   largest error: whole   step by step  random chunks",
    ]
    for trial in trials {
      let name = trial.kernels.rawValue + String(repeating: " ", count: max(0, 8 - trial.kernels.rawValue.count))
      switch trial.outcome {
      case .success(let report):
        let errors = report.results.map { result in
          let text = Float(result.largest).description
          return String(repeating: " ", count: max(1, 15 - text.count)) + text
        }
        lines.append("        \(name)       \(errors.joined())")
      case .failure(let error): lines.append("        \(name)  \(error)")
      }
    }
    return lines.joined(separator: "\n")
  }

  /// `{"file": …, "ok": true, "name": …, "digest": …, "golden": {"steps": …, "kernels": [{"name": "avx2", "ok": true, …}]}}`
  public func json(into json: inout JSONWriter) {
    json.beginObject()
    json.key("file")
    json.write(path)
    json.key("ok")
    json.write(failure == nil)
    json.key("name")
    json.write(file.description.name)
    json.key("digest")
    json.write(file.digest)
    for (key, value) in [("size", file.size), ("parameters", file.parameters), ("tensors", tensors)] {
      json.key(key)
      json.write(value)
    }
    json.key("golden")
    json.beginObject()
    json.key("steps")
    json.write(file.golden.steps)
    json.key("tolerance")
    json.write(file.golden.tolerance)
    json.key("kernels")
    json.beginArray()
    for trial in trials { Self.write(trial, into: &json) }
    json.endArray()
    json.endObject()
    json.endObject()
  }

  private static func write(_ trial: Trial, into json: inout JSONWriter) {
    json.beginObject()
    json.key("name")
    json.write(trial.kernels.rawValue)
    json.key("ok")
    switch trial.outcome {
    case .success(let report):
      json.write(true)
      json.key("largest_error")
      json.beginObject()
      for result in report.results {
        json.key(String(result.way.rawValue.map { $0 == " " ? "_" : $0 }))
        json.write(result.largest)
      }
      json.endObject()
    case .failure(let error):
      json.write(false)
      json.key("error")
      json.write(error.description)
    }
    json.endObject()
  }
}
