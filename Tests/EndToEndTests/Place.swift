import Glibc

/// Where things lie.
enum Place {
  /// The package.
  static let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
  static let model = root + "/models/ecg-beats.safetensors"
  static let publisher = root + "/python/examples/publish_array.py"
  /// Debian's, which finds Debian's pyzmq.
  static let python = "/usr/bin/python3"
}

/// A folder of a test's own, removed with its files.
final class Folder: Sendable {
  let path: String

  init() {
    var template = Array("/tmp/runnel-end-XXXXXX".utf8CString)
    path = template.withUnsafeMutableBufferPointer { String(cString: mkdtemp($0.baseAddress!)) }
  }

  deinit { Self.remove(path) }

  /// With what lies below; links are removed, not followed.
  private static func remove(_ path: String) {
    guard unlink(path) != 0, let folder = opendir(path) else { return }
    while let entry = readdir(folder) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != "." && name != ".." { remove(path + "/" + name) }
    }
    closedir(folder)
    rmdir(path)
  }

  /// Writes a file and returns where it is.
  @discardableResult
  func write(_ bytes: [UInt8], to name: String) -> String {
    if let file = fopen(path + "/" + name, "wb") {
      fwrite(bytes, 1, bytes.count, file)
      fclose(file)
    }
    return path + "/" + name
  }

  @discardableResult
  func write(_ text: String, to name: String) -> String { write(Array(text.utf8), to: name) }

  static func read(_ path: String) -> [UInt8] {
    guard let file = fopen(path, "rb") else { return [] }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 65536)
    while case let count = fread(&block, 1, block.count, file), count > 0 { bytes += block[..<count] }
    return bytes
  }
}
