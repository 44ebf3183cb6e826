import Glibc

/// The folder that a file lies in, whether the file is there or not.
public struct ParentFolder: Sendable, Hashable {
  public let path: String

  public init(of file: String) { path = file.lastIndex(of: "/").map { String(file[...$0]) } ?? "." }

  /// Whether files in it may be made and removed.
  public var isWritable: Bool { access(path, W_OK | X_OK) == 0 }

  /// Brings the names of its files to the disk: a file that is there, under a name that is not, is lost in a power cut.
  /// What this user may not look into the system brings there in its own time.
  ///
  /// - Returns: 0, or why the disk refused.
  public func sync() -> Int32 {
    let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return 0 }
    defer { close(descriptor) }
    // Some file systems know of no such thing.
    return fsync(descriptor) == 0 || errno == EINVAL ? 0 : errno
  }
}
