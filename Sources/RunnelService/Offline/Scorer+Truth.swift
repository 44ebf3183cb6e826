import RunnelCore
import RunnelRecordings

extension Scorer {
  /// Where the true beats stand.
  public enum Truth: Sendable {
    /// Beside the recording, under its name: `atr`. A recording that has no such file may have marks of its own.
    case annotator(String)
    case file(String)
    /// In the recording itself: EDF+, SigMF, XDF, MCAP.
    case own

    /// The marks, in rows of a track.
    ///
    /// - Parameter track: nil where samples are not looked at.
    /// - Throws: `ServiceError` (66, 77; 65 with the place).
    func annotations(
      of recording: any Recording, on track: Int?, rate: Double
    ) throws(ServiceError) -> [Annotation] {
      do throws(RecordingError) {
        switch self {
        case .annotator(let name):
          if recording.format == .wfdb { return try recording.annotations(of: name, on: track, rate: rate) }
          let beside = Self.file(beside: recording.path, name)
          do throws(RecordingError) { return try AnnotationReader.annotations(in: beside, rate: rate) } catch {
            guard error.kind == .notFound else { throw error }
            let own = try recording.annotations(of: nil, on: track, rate: rate)
            if own.isEmpty { throw error }
            return own
          }
        case .file(let path): return try AnnotationReader.annotations(in: path, rate: rate)
        case .own: return try recording.annotations(of: nil, on: track, rate: rate)
        }
      } catch { throw ServiceError(error) }
    }

    static func file(beside path: String, _ name: String) -> String {
      let base = path.lastIndex(of: ".").map { String(path[..<$0]) } ?? path
      return "\(base).\(name)"
    }
  }
}
