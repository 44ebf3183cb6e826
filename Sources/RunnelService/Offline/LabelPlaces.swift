import Glibc

/// Where the labels of each of many recordings go: a folder, a pattern with `{}` for the recording's name, or one file.
///
///     let recordings = WholeRecording.list(["x/a.hea", "b.edf"])
///     try LabelPlaces.list("out/", of: recordings, ending: "csv")     // out/a.csv, out/b.csv
///     try LabelPlaces.list("{}.rnl", of: recordings, ending: "rnl")   // a.rnl, b.rnl
///     LabelPlaces.place("out/a.csv", ofSession: "bed7")               // out/a-bed7.csv
public enum LabelPlaces {
  /// A folder that does not exist is made where its name ends with a slash.
  ///
  /// - Parameter suffix: what files in a folder end in.
  /// - Throws: `ServiceError` (64) where two would be the same file, or one that belongs to what is read; 73, 77.
  public static func list(
    _ output: String, of recordings: [WholeRecording], ending suffix: String
  ) throws(ServiceError) -> [String] {
    let places: [String]
    if output.contains("{}") {
      places = recordings.map { output.replacing("{}", with: $0.name) }
    } else if output.hasSuffix("/") || isFolder(output) {
      try make(output)
      let folder = output.hasSuffix("/") ? output : output + "/"
      places = recordings.map { "\(folder)\($0.name).\(suffix)" }
    } else {
      guard recordings.count == 1 else {
        throw ServiceError(
          .usage,
          "\(recordings.count) recordings have as many outputs: give -o a folder (\(output)/) or a pattern ({}.\(suffix))"
        )
      }
      places = [output]
    }
    var owners: [String: String] = [:]
    for (recording, place) in zip(recordings, places) {
      if let other = owners.updateValue(recording.files[0], forKey: place) {
        throw ServiceError(
          .usage, "\(other) and \(recording.files[0]) would both be written to \(place): label them apart")
      }
    }
    try OutputPlace.check(places, apartFrom: recordings.flatMap(\.files))
    return places
  }

  /// Where one session's labels go, of a recording that has several.
  static func place(_ place: String, ofSession name: String) -> String {
    let file = place.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
    guard let dot = file.lastIndex(of: "."), dot != file.startIndex else { return "\(place)-\(name)" }
    return "\(place[..<dot])-\(name)\(place[dot...])"
  }

  /// The file of one record, whose name stands for `{}` in a pattern.
  static func file(_ pattern: String, of record: String) -> String {
    pattern.replacing("{}", with: name(of: record))
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
