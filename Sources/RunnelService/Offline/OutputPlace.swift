import Glibc
import RunnelRecordings

/// Where results go: never over what they are made of, nor over each other, and over another recording only for who says so.
public enum OutputPlace {
  /// - Parameter inputs: what is read; of a recording every file that belongs to it.
  /// - Throws: `ServiceError` (64) where an output is one of them, by whatever name or link, or is there twice.
  public static func check(_ outputs: [String?], apartFrom inputs: [String?]) throws(ServiceError) {
    var named: Set<String> = []
    for case let output? in outputs where !named.insert(output).inserted {
      throw ServiceError(.usage, "\(output): cannot hold two results; give them two names")
    }
    let existing = outputs.compactMap { path in path.flatMap { path in identity(path).map { (path, $0) } } }
    guard !existing.isEmpty else { return }
    var owners: [[UInt64]: (file: String, input: String)] = [:]
    for case let input? in inputs {
      for file in RecordingFormat.files(of: input) { if let place = identity(file) { owners[place] = (file, input) } }
    }
    for (output, place) in existing {
      guard let (file, input) = owners[place] else { continue }
      let relation = file == input ? "is" : "belongs to"
      throw ServiceError(.usage, "\(output): \(relation) what is read here (\(input)); give the result another name")
    }
  }

  /// - Throws: `ServiceError` (73) where one is there already.
  static func checkNew(_ outputs: [String], remedy: String) throws(ServiceError) {
    for output in outputs where identity(output) != nil {
      throw ServiceError(.cannotCreate, "\(output) is there already: choose another name, or \(remedy)")
    }
  }

  private static func identity(_ path: String) -> [UInt64]? {
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    return [UInt64(status.st_dev), UInt64(status.st_ino)]
  }
}
