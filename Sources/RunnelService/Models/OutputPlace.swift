import Glibc

/// Where a result goes: never over what it is made of.
enum OutputPlace {
  /// - Throws: `ServiceError` (64) where the output is one of the files that are read, by whatever name or link.
  static func check(_ output: String, apartFrom inputs: [String?]) throws(ServiceError) {
    guard let place = identity(output) else { return }
    for case let input? in inputs where identity(input).map({ $0 == place }) ?? false {
      throw ServiceError(.usage, "\(output): is what is read here (\(input)); give the result another name")
    }
  }

  private static func identity(_ path: String) -> [UInt64]? {
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    return [UInt64(status.st_dev), UInt64(status.st_ino)]
  }
}
