import RunnelInference
import RunnelKernels
import RunnelRecordings

/// A model file put to the proof on this machine: digest and every tensor, then the golden input through each kernel set
/// that the processor has, in every order that the model allows, and with reduced weights, which are held to what the
/// file promises for them. Where it does not match, why.
public struct ModelProof: Sendable {
  public let path: String
  public let file: ModelFile
  /// Tensors in the file, golden ones included; each was asked for.
  public let tensors: Int
  public private(set) var trials: [Trial] = []
  /// Which known mistake would explain that the golden scores are not met; nil where they are.
  public private(set) var diagnosis: GoldenDiagnosis?

  public struct Trial: Sendable {
    public var kernels: KernelSet
    /// Reduced weights go through one set.
    public var precision = WeightPrecision.float32
    /// What a table calls it.
    var name: String { precision == .float32 ? kernels.rawValue : precision.rawValue }
    public var outcome: Result<GoldenReport, GoldenError>
  }

  /// - Parameter progress: hears what is being done where it may take seconds.
  /// - Throws: `ServiceError` (66, 77; 65 where it is no model file or its digest is wrong).
  public init(_ path: String, progress: (String) -> Void = { _ in }) throws(ServiceError) {
    self.path = path
    let bytes: [UInt8]
    do throws(RecordingError) { bytes = try ByteFile.read(path, limit: ModelLoader.sizeLimit) } catch {
      throw ServiceError(error)
    }
    do throws(ModelFileError) { file = try ModelFile(bytes: bytes) } catch {
      throw ModelLoader.refusal(of: bytes, error, path)
    }
    tensors = (try? bytes.withUnsafeBytes { try SafeTensors($0) })?.entries.count ?? 0
    for kernels in KernelSet.available {
      progress("\(path)  kernels \(kernels.rawValue)")
      do throws(GoldenError) {
        trials.append(Trial(kernels: kernels, outcome: .success(try file.check(kernels: kernels))))
      } catch { trials.append(Trial(kernels: kernels, outcome: .failure(error))) }
    }
    for precision in WeightPrecision.allCases where precision != .float32 {
      progress("\(path)  precision \(precision.rawValue)")
      let outcome: Result<GoldenReport, GoldenError>
      do throws(GoldenError) { outcome = .success(try file.check(precision: precision)) } catch {
        outcome = .failure(error)
      }
      trials.append(Trial(kernels: .best, precision: precision, outcome: outcome))
    }
    guard let (trial, error) = firstError, error.place != .bits, trial.precision == .float32 else { return }
    progress("\(path)  trying known mistakes")
    diagnosis = GoldenDiagnosis(file, bytes: bytes)
  }

  private var firstError: (trial: Trial, error: GoldenError)? {
    for trial in trials {
      guard case .failure(let error) = trial.outcome else { continue }
      // What no file promises and nobody asked for is told and no failure, but where it is runnel that is wrong.
      let isPromised = trial.precision == .float32 || file.description.reducedTolerances[trial.precision] != nil
      if isPromised || error.place == .bits { return (trial, error) }
    }
    return nil
  }

  /// Why the model is not to be run here, or nil.
  public var failure: ServiceError? {
    guard let (trial, error) = firstError else { return nil }
    return ServiceError(
      .data, "\(path): with \(trial.name): \(error)\(diagnosis.map { "; \($0.sentence)" } ?? "")")
  }

  /// Who made the golden tensors, and what they prove.
  var provenance: String {
    switch file.description.goldenBy {
    case "runnel": "made by runnel itself: they prove this machine, not that the network is the trained one"
    case let by?: "made by \(by)"
    case nil: "the file does not say by whom"
    }
  }
}
