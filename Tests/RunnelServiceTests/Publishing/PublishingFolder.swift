import Glibc

enum PublishingData {
  /// Files of this repository that other programs made.
  static let golden =
    #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(4).joined(separator: "/")
    + "/Tests/Golden"

  /// Recorded signals, which are not part of this repository: beside the package, or where RUNNEL_DATA says.
  static let mitdb: String? = {
    let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(4).joined(separator: "/")
    let named = getenv("RUNNEL_DATA").map { String(cString: $0) }
    let folders = [root + "/../shared/data", named].compactMap { $0.map { $0 + "/mitdb" } }
    return folders.first { access($0 + "/119.hea", R_OK) == 0 }
  }()
}

/// A folder of a test's own, removed with its files.
final class PublishingFolder: Sendable {
  let path: String

  init() {
    var template = Array("/tmp/runnel-publish-XXXXXX".utf8CString)
    path = template.withUnsafeMutableBufferPointer { String(cString: mkdtemp($0.baseAddress!)) }
  }

  deinit {
    for name in names { unlink(path + "/" + name) }
    rmdir(path)
  }

  func read(_ name: String) -> [UInt8] {
    guard let file = fopen(path + "/" + name, "rb") else { return [] }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 65536)
    while case let count = fread(&block, 1, block.count, file), count > 0 { bytes += block[..<count] }
    return bytes
  }

  func write(_ bytes: [UInt8], to name: String) {
    guard let file = fopen(path + "/" + name, "wb") else { return }
    fwrite(bytes, 1, bytes.count, file)
    fclose(file)
  }

  var names: [String] {
    guard let folder = opendir(path) else { return [] }
    defer { closedir(folder) }
    var found: [String] = []
    while let entry = readdir(folder) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { found.append(name) }
    }
    return found.sorted()
  }
}
