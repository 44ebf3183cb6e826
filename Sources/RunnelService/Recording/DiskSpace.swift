import Glibc
import RunnelRecordings

/// Whether a recording has room to grow.
enum DiskSpace {
  /// Some chunks and their summary.
  private static let least: UInt64 = 16 << 20

  static func check(folderOf path: String) throws(ServiceError) {
    var status = statvfs()
    // A folder that is not there is told of by who makes the file.
    guard statvfs(ParentFolder(of: path).path, &status) == 0 else { return }
    let free = UInt64(status.f_bavail) * UInt64(status.f_frsize)
    guard free >= least else {
      throw ServiceError(
        .inputOutput,
        "\(path): the disk has \(free >> 20) MiB free, and a recording wants \(least >> 20) to begin: free some space")
    }
  }
}
