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
