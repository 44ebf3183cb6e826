/// A whole file at once, never more than a limit: headers, annotations, configurations, model files.
///
///     let bytes = try ByteFile.read("beats.safetensors", limit: 1 << 30)
///
/// It is the one door through which upper floors read and write small files. Not for samples: those stream.
public enum ByteFile {
  /// All bytes of the file, at most `limit`. A pipe is read to its end.
  ///
  /// Throws `notFound`, `permission`, `notAFile`, `tooLarge` or `readFailed`.
  public static func read(_ path: String, limit: Int) throws(RecordingError) -> [UInt8] {
    let file = try OpenFile(path, regularOnly: false)
    guard file.size <= limit else { throw tooLarge(path, limit) }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(file.size)
    var block = [UInt8](repeating: 0, count: min(max(file.size + 1, 4096), 1 << 20))
    while true {
      let count = try block.fill(from: file, at: bytes.count, count: block.count)
      if count == 0 { return bytes }
      guard bytes.count + count <= limit else { throw tooLarge(path, limit) }
      bytes.append(contentsOf: block[..<count])
    }
  }

  /// So many bytes of its beginning, or all; empty of a pipe, which is read once only.
  public static func beginning(of path: String, count: Int) throws(RecordingError) -> [UInt8] {
    let file = try OpenFile(path, regularOnly: false)
    return file.isRegular ? try file.bytes(at: 0, count: count) : []
  }

  /// Replaces the file's content as one act: a reader sees the old bytes or the new, never a half.
  ///
  /// Throws `permission`, `cannotCreate` or `writeFailed`.
  public static func write(_ bytes: [UInt8], to path: String) throws(RecordingError) {
    var file = try AtomicFile(path)
    try file.append(bytes)
    try file.finish()
  }

  private static func tooLarge(_ path: String, _ limit: Int) -> RecordingError {
    RecordingError(
      .tooLarge, file: path, "is larger than \(limit) bytes, the most that is read here",
      remedy: "check that it is the file you meant")
  }
}

extension [UInt8] {
  /// Overwrites the first `count` bytes from the file; the count returned is smaller only at the file's end.
  mutating func fill(from file: OpenFile, at offset: Int, count: Int) throws(RecordingError) -> Int {
    let outcome: Result<Int, RecordingError> = withUnsafeMutableBytes { raw in
      do throws(RecordingError) {
        return .success(try file.read(into: UnsafeMutableRawBufferPointer(rebasing: raw[..<count]), at: offset))
      } catch { return .failure(error) }
    }
    return try outcome.get()
  }
}
