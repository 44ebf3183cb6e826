import Glibc

/// A folder of a test's own, removed with everything in it when the test lets go of it.
///
///     let folder = TemporaryFolder()
///     let path = folder.write("sample,a\n0,1\n", to: "x.csv")
public final class TemporaryFolder: Sendable {
  public let path: String

  public init() {
    var template = Array("/tmp/runnel-test-XXXXXX".utf8CString)
    path = template.withUnsafeMutableBufferPointer { name in
      guard let made = mkdtemp(name.baseAddress!) else { preconditionFailure("no folder can be made in /tmp") }
      return String(cString: made)
    }
  }

  deinit { Self.remove(path) }

  /// The names in the folder, sorted.
  public var names: [String] { Self.names(in: path) }

  /// Those in any folder; none where there is none.
  public static func names(in path: String) -> [String] {
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

  /// A file or a folder with what lies below; links are removed, not followed.
  public static func remove(_ path: String) {
    guard unlink(path) != 0 else { return }
    for name in names(in: path) { remove(path + "/" + name) }
    rmdir(path)
  }

  /// Writes a file, without waiting for the disk: tests of damage write thousands.
  ///
  /// - Returns: its path.
  @discardableResult
  public func write(_ bytes: [UInt8], to name: String) -> String {
    guard let file = fopen(path + "/" + name, "wb") else { preconditionFailure("\(path)/\(name) cannot be written") }
    fwrite(bytes, 1, bytes.count, file)
    fclose(file)
    return path + "/" + name
  }

  @discardableResult
  public func write(_ text: String, to name: String) -> String { write(Array(text.utf8), to: name) }

  public func read(_ name: String) -> [UInt8] { Self.read(path + "/" + name) }

  /// Any file's bytes; none where there is no file.
  public static func read(_ path: String) -> [UInt8] {
    guard let file = fopen(path, "rb") else { return [] }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 65536)
    while case let count = fread(&block, 1, block.count, file), count > 0 { bytes += block[..<count] }
    return bytes
  }
}
