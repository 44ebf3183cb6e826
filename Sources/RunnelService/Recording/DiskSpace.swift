import Glibc
import RunnelRecordings

/// Whether what is to be written finds room.
enum DiskSpace {
  /// Some chunks and their summary.
  private static let least: UInt64 = 16 << 20

  /// For a recording that will grow.
  static func check(folderOf path: String) throws(ServiceError) {
    guard let free = free(at: path), free < least else { return }
    throw ServiceError(
      .inputOutput,
      "\(path): the disk has \(free >> 20) MiB free, and a recording wants \(least >> 20) to begin: free some space")
  }

  /// For a file of so many bytes.
  static func check(folderOf path: String, for bytes: UInt64, remedy: String) throws(ServiceError) {
    guard let free = free(at: path), free < bytes else { return }
    throw ServiceError(
      .inputOutput,
      "\(path): the disk has \(free >> 20) MiB free, and this would take \(bytes >> 20): \(remedy)")
  }

  /// Nil where the folder is not there, which is told by who makes the file.
  private static func free(at path: String) -> UInt64? {
    var status = statvfs()
    guard statvfs(ParentFolder(of: path).path, &status) == 0 else { return nil }
    return UInt64(status.f_bavail) * UInt64(status.f_frsize)
  }
}
