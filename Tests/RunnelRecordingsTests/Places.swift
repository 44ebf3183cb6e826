import Glibc
import RunnelCore
import Testing

@testable import RunnelRecordings

/// Where tests find files, and a folder of their own.
enum Places {
  /// The folder of Package.swift, from this file's path.
  static let root: String = {
    var parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
    parts.removeLast(3)
    return parts.joined(separator: "/")
  }()

  static let golden = root + "/Tests/Golden/wfdb"

  /// The folder of recorded signals: beside the package, or where RUNNEL_DATA says; nil where there is none.
  static let data: String? = {
    var candidates = [root + "/../shared/data"]
    if let named = getenv("RUNNEL_DATA") { candidates.append(String(cString: named)) }
    return candidates.first { access($0 + "/README.md", R_OK) == 0 }
  }()

  static let hasData = data != nil
}

/// A new folder, removed with everything in it when the test lets go of it.
final class Folder: Sendable {
  let path: String

  init() {
    var template = Array("/tmp/runnel-test-XXXXXX".utf8CString)
    path = template.withUnsafeMutableBufferPointer { String(cString: mkdtemp($0.baseAddress!)) }
  }

  deinit {
    for name in names { unlink(path + "/" + name) }
    for name in names { rmdir(path + "/" + name) }
    rmdir(path)
  }

  /// The names in the folder, sorted.
  var names: [String] {
    guard let folder = opendir(path) else { return [] }
    defer { closedir(folder) }
    var found: [String] = []
    while let entry = readdir(folder) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { found.append(name) }
    }
    return found.sorted()
  }

  func write(_ name: String, _ bytes: [UInt8]) throws -> String {
    try ByteFile.write(bytes, to: path + "/" + name)
    return path + "/" + name
  }

  func write(_ name: String, _ text: String) throws -> String { try write(name, Array(text.utf8)) }
}

/// The error of a body that must fail.
func failure(_ body: () throws(RecordingError) -> Void) -> RecordingError? {
  do throws(RecordingError) {
    try body()
    return nil
  } catch { return error }
}

/// Every row of a record, read in chunks of `chunk` rows.
func samples(of path: String, chunk: Int = 64) throws(RecordingError) -> [Int16] {
  var record = try WFDBRecord(open: path)
  var all: [Int16] = []
  while let more = try record.next(rows: chunk) { all += more }
  return all
}
