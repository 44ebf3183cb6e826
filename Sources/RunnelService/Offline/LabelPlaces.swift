import Glibc

/// Where the labels of each of many recordings go: a folder, a pattern with `{}` for the recording's name, or one file.
///
///     try LabelPlaces.list("out/", of: ["a.hea", "b.edf"], ending: "csv")     // out/a.csv, out/b.csv
///     try LabelPlaces.list("{}.rnl", of: ["x/a.hea"], ending: "rnl")          // a.rnl
public enum LabelPlaces {
  /// A folder that does not exist is made where its name ends with a slash.
  ///
  /// - Parameter suffix: what files in a folder end in.
  /// - Throws: `ServiceError` (64) where two would be the same file, or one of those that are read; 73, 77.
  public static func list(_ output: String, of files: [String], ending suffix: String) throws(ServiceError) -> [String]
  {
    let places: [String]
    if output.contains("{}") {
      places = files.map { output.replacing("{}", with: name(of: $0)) }
    } else if output.hasSuffix("/") || isFolder(output) {
      try make(output)
      let folder = output.hasSuffix("/") ? output : output + "/"
      places = files.map { "\(folder)\(name(of: $0)).\(suffix)" }
    } else {
      guard files.count == 1 else {
        throw ServiceError(
          .usage,
          "\(files.count) recordings have as many outputs: give -o a folder (\(output)/) or a pattern ({}.\(suffix))")
      }
      places = [output]
    }
    var owners: [String: String] = [:]
    for (file, place) in zip(files, places) {
      if let other = owners.updateValue(file, forKey: place) {
        throw ServiceError(.usage, "\(other) and \(file) would both be written to \(place): label them apart")
      }
      try OutputPlace.check(place, apartFrom: files)
    }
    return places
  }

  /// Without folder and extension.
  static func name(of path: String) -> String {
    let last = path.split(separator: "/").last ?? ""
    guard let dot = last.lastIndex(of: "."), dot != last.startIndex else { return String(last) }
    return String(last[..<dot])
  }

  private static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  private static func make(_ folder: String) throws(ServiceError) {
    guard !isFolder(folder), mkdir(folder, 0o777) != 0 else { return }
    let code = errno
    throw ServiceError(
      code == EACCES || code == EPERM || code == EROFS ? .permission : .cannotCreate,
      "\(folder) cannot be made: \(String(cString: strerror(code))); make the folder above it, or choose another place")
  }
}
