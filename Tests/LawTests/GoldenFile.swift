import Glibc

/// Reads a file that stands beside the tests.
enum GoldenFile {
  struct Missing: Error { var path: String }

  static func bytes(_ path: String) throws -> [UInt8] {
    guard let file = fopen(path, "rb") else { throw Missing(path: path) }
    defer { fclose(file) }
    fseek(file, 0, SEEK_END)
    var bytes = [UInt8](repeating: 0, count: ftell(file))
    rewind(file)
    guard fread(&bytes, 1, bytes.count, file) == bytes.count else { throw Missing(path: path) }
    return bytes
  }
}
