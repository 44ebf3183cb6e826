import Glibc

/// Where things lie.
enum Place {
  /// The package.
  static let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
  static let model = root + "/models/ecg-beats.safetensors"
  static let publisher = root + "/python/examples/publish_array.py"
  /// Debian's, which finds Debian's pyzmq.
  static let python = "/usr/bin/python3"
}
