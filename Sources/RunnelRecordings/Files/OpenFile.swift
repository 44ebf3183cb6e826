import Glibc

/// A file open for reading; closed when the last user is gone. Reads name their position, so users never disturb
/// each other.
final class OpenFile: Sendable {
  let path: String
  /// Bytes at the time of opening; 0 for what has no size (a pipe).
  let size: Int
  let isRegular: Bool
  private let descriptor: Int32

  /// `regularOnly`: anything but an ordinary file is refused, without waiting for a pipe's other end.
  init(_ path: String, regularOnly: Bool) throws(RecordingError) {
    let opened = open(path, O_RDONLY | O_CLOEXEC | (regularOnly ? O_NONBLOCK : 0))
    guard opened >= 0 else { throw Self.failure(errno, path) }
    var status = stat()
    guard fstat(opened, &status) == 0 else {
      let code = errno
      close(opened)
      throw Self.failure(code, path)
    }
    let type = status.st_mode & S_IFMT
    guard type == S_IFREG || (type != S_IFDIR && !regularOnly) else {
      close(opened)
      throw Self.failure(type == S_IFDIR ? EISDIR : EINVAL, path)
    }
    self.path = path
    size = Int(status.st_size)
    isRegular = type == S_IFREG
    descriptor = opened
  }

  deinit { close(descriptor) }

  /// Fills `buffer` from `offset` on, as far as the file goes, and says how many bytes that were. Offsets are
  /// ignored by what cannot seek.
  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(RecordingError) -> Int {
    var filled = 0
    while filled < buffer.count {
      let target = buffer.baseAddress! + filled
      let count =
        isRegular
        ? pread(descriptor, target, buffer.count - filled, offset + filled)
        : Glibc.read(descriptor, target, buffer.count - filled)
      if count == 0 { break }
      if count < 0 {
        if errno == EINTR { continue }
        throw Self.failure(errno, path)
      }
      filled += count
    }
    return filled
  }

  static func failure(_ code: Int32, _ path: String) -> RecordingError {
    switch code {
    case ENOENT, ENOTDIR:
      RecordingError(.notFound, file: path, "no such file", remedy: "check the path")
    case EACCES, EPERM:
      RecordingError(.permission, file: path, "may not be read", remedy: "give this user the right to read it")
    case EISDIR:
      RecordingError(.notAFile, file: path, "is a directory where a file was expected", remedy: "name a file in it")
    case EINVAL, ENXIO:
      RecordingError(.notAFile, file: path, "is not an ordinary file", remedy: "copy its content into one")
    default:
      RecordingError(
        .readFailed, file: path, "cannot be read: \(String(cString: strerror(code)))",
        remedy: "check the disk and the system's log")
    }
  }
}

extension OpenFile {
  /// Fills all of `buffer`; a file that ends earlier was cut since it was opened.
  func readWhole(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(RecordingError) {
    let found = try read(into: buffer, at: offset)
    guard found == buffer.count else {
      throw RecordingError(
        .length, file: path, at: .byte(offset + found), "the file was cut short while it was read",
        remedy: "wait until nobody writes it, or copy it again")
    }
  }

  /// So many bytes, or as many as there are before the file's end.
  func bytes(at offset: Int, count: Int) throws(RecordingError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: max(0, min(count, size - offset)))
    let found = try bytes.fill(from: self, at: offset, count: bytes.count)
    bytes.removeLast(bytes.count - found)
    return bytes
  }
}
