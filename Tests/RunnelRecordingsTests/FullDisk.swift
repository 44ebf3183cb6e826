import Glibc
import Testing

/// A disk that is full for one open file: meanwhile its descriptor writes to /dev/full.
enum FullDisk {
  /// - Parameter torn: bytes of what is written that the disk still had room for.
  static func during<R>(_ path: String, torn: Int = 0, _ body: () throws -> R) throws -> R {
    let descriptor = try #require((3..<1024).first { Self.path(of: Int32($0)) == path }.map { Int32($0) })
    let kept = dup(descriptor)
    let full = open("/dev/full", O_WRONLY)
    defer {
      let end = lseek(kept, 0, SEEK_END)
      pwrite(kept, [UInt8](repeating: 0xAA, count: torn), torn, end)
      dup2(kept, descriptor)
      close(kept)
      close(full)
    }
    try #require(kept >= 0 && full >= 0 && dup2(full, descriptor) == descriptor)
    return try body()
  }

  private static func path(of descriptor: Int32) -> String? {
    var target = [CChar](repeating: 0, count: 4096)
    let length = readlink("/proc/self/fd/\(descriptor)", &target, target.count - 1)
    return length > 0 ? String(decoding: target[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self) : nil
  }
}
