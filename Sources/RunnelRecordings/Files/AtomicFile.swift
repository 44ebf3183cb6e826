import Glibc

/// A file in the making: written under a name of its own beside the target, renamed onto it by `finish`, removed if
/// `finish` never came. A target that exists and is no ordinary file (a pipe, /dev/stdout) is written directly. A visible
/// one has its own name from the beginning and stays, whatever becomes of it: a recording under way. It is locked, so
/// that nobody mends it meanwhile (`isBeingWritten`), and brought to the disk by who made it, when there is time to wait.
public struct AtomicFile: ~Copyable, Sendable {
  public let path: String
  private var descriptor: Int32
  /// The name to rename from; nil where the target is written directly.
  private let temporary: String?
  private let isVisible: Bool
  private var pending: [UInt8] = []

  private static let blockSize = 1 << 16

  /// - Parameter isVisible: the file must be new, and grows under its own name.
  public init(_ path: String, isVisible: Bool = false) throws(RecordingError) {
    self.path = path
    self.isVisible = isVisible
    pending.reserveCapacity(2 * Self.blockSize)
    var status = stat()
    if isVisible {
      temporary = nil
      descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
      if descriptor >= 0 { flock(descriptor, LOCK_EX | LOCK_NB) }
    } else if stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
      temporary = nil
      descriptor = open(path, O_WRONLY | O_CLOEXEC)
    } else {
      let free = Self.openFree(beside: path)
      temporary = free.path
      descriptor = free.descriptor
    }
    let code = errno
    guard descriptor >= 0 else { throw Self.cannotCreate(code, path) }
  }

  deinit {
    guard descriptor >= 0 else { return }
    close(descriptor)
    if let temporary { unlink(temporary) }
  }

  public mutating func append(_ bytes: some Sequence<UInt8>) throws(RecordingError) {
    pending.append(contentsOf: bytes)
    if pending.count >= Self.blockSize { try flush() }
  }

  /// Overwrites bytes near the start, once everything else is written.
  mutating func patch(_ bytes: [UInt8], at offset: Int) throws(RecordingError) {
    try flush()
    let count = pwrite(descriptor, bytes, bytes.count, offset)
    guard count == bytes.count else { throw failure(count < 0 ? errno : EIO) }
  }

  /// Cuts the file off behind so many bytes, pending ones too; the next are written there.
  mutating func cut(to size: Int) throws(RecordingError) {
    pending.removeAll(keepingCapacity: true)
    guard ftruncate(descriptor, size) == 0, lseek(descriptor, size, SEEK_SET) == size else { throw failure(errno) }
  }

  /// Hands everything to the kernel; brings it to the disk, with its name, where that is new.
  public mutating func finish() throws(RecordingError) {
    try flush()
    if let temporary {
      guard fsync(descriptor) == 0 else { throw failure(errno) }
      guard rename(temporary, path) == 0 else { throw Self.cannotCreate(errno, path) }
      let code = ParentFolder(of: path).sync()
      guard code == 0 else { throw failure(code) }
    }
    let closed = close(descriptor)
    descriptor = -1
    guard closed == 0 else { throw failure(errno) }
  }

  /// Hands what is pending to the kernel.
  mutating func flush() throws(RecordingError) {
    var written = 0
    while written < pending.count {
      let target = descriptor
      let count = pending.withUnsafeBytes { write(target, $0.baseAddress! + written, $0.count - written) }
      if count < 0 {
        if errno == EINTR { continue }
        throw failure(errno)
      }
      written += count
    }
    pending.removeAll(keepingCapacity: true)
  }

  /// Whether a visible file is still open for writing somewhere.
  public static func isBeingWritten(_ path: String) -> Bool {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    return flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK
  }

  /// A new file `.NAME.PID-n.tmp` in the folder of `path`; a negative descriptor, with errno, where none can be made.
  private static func openFree(beside path: String) -> (path: String, descriptor: Int32) {
    let cut = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
    for attempt in 0..<100 {
      let name = "\(path[..<cut]).\(path[cut...]).\(getpid())-\(attempt).tmp"
      let opened = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
      if opened >= 0 || errno != EEXIST { return (name, opened) }
    }
    return (path, -1)
  }

  private static func cannotCreate(_ code: Int32, _ path: String) -> RecordingError {
    switch code {
    case EACCES, EPERM, EROFS:
      RecordingError(
        .permission, file: path, "may not be made here", remedy: "give this user the right to write in the folder")
    case ENOENT, ENOTDIR:
      RecordingError(.cannotCreate, file: path, "its folder does not exist", remedy: "make the folder first")
    case EISDIR:
      RecordingError(.cannotCreate, file: path, "is a directory", remedy: "name a file in it")
    case EEXIST:
      RecordingError(.cannotCreate, file: path, "is there already", remedy: "choose another name, or remove it")
    default:
      RecordingError(
        .cannotCreate, file: path, "cannot be made: \(String(cString: strerror(code)))",
        remedy: "choose another place")
    }
  }

  private var whatStays: String { isVisible ? "" : "; nothing unfinished stays behind" }

  private func failure(_ code: Int32) -> RecordingError {
    switch code {
    case ENOSPC, EDQUOT:
      RecordingError(
        .writeFailed, file: path, "the disk is full", remedy: "free some space" + whatStays)
    case EFBIG:
      RecordingError(
        .writeFailed, file: path, "a file may not grow further here",
        remedy: "raise the limit (`ulimit -f`)" + whatStays)
    case ESPIPE:
      RecordingError(
        .writeFailed, file: path, "cannot be rewound, which this format needs", remedy: "write to an ordinary file")
    default:
      RecordingError(
        .writeFailed, file: path, "cannot be written: \(String(cString: strerror(code)))",
        remedy: "check the disk and the system's log")
    }
  }
}
