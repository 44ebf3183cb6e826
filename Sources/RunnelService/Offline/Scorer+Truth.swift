import RunnelCore
import RunnelRecordings

extension Scorer {
  /// Where the true beats stand.
  public enum Truth: Sendable {
    /// Beside the recording, under its name: `atr`. A recording that has no such file may have marks of its own.
    case annotator(String)
    /// One file, or with `{}` for the record's name one for each.
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

  /// What is read to compare these recordings.
  public func files(of paths: [String]) -> [String] {
    paths.flatMap { path in
      var files = [path]
      switch truth {
      case .annotator(let name): files.append(Truth.file(beside: RecordingFormat.files(of: path)[0], name))
      case .file(let truth): files.append(LabelPlaces.file(truth, of: path))
      case .own: break
      }
      if case .labels(let file) = detections { files.append(LabelPlaces.file(file.path, of: path)) }
      return files
    }
  }

  /// What is true of a record.
  ///
  /// - Throws: `ServiceError` (66, 77; 65 with the place).
  func truth(of record: Record) throws(ServiceError) -> LabelSide {
    if case .file(let path) = truth {
      return try LabelFile(contentsOf: path).side(of: record.name, record: record.path, rate: record.rate, isOnly: true)
    }
    if let open = record.open {
      return .annotations(try truth.annotations(of: open.recording, on: open.track, rate: record.rate))
    }
    guard case .annotator(let name) = truth else {
      throw ServiceError(
        .usage, "nothing says where the truth is: give --truth-extension atr or --truth FILE")
    }
    let path = Truth.file(beside: record.path, name)
    if LabelMessageFile.isOne(path) {
      return try LabelFile(contentsOf: path).side(of: record.name, record: record.path, rate: record.rate, isOnly: true)
    }
    do throws(RecordingError) {
      return .annotations(try AnnotationReader.annotations(in: path, rate: record.rate))
    } catch { throw ServiceError(error) }
  }
}
