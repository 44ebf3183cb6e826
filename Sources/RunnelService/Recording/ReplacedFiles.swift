import Glibc

/// Files of an older recording, which stay until a message has come that a new one can begin with.
///
///     let replaced = ReplacedFiles(paths)     // nothing happens to them
///     try replaced.putAside()                 // their names are free
///     replaced.putBack()                      // where the new one could not be made
///     replaced.remove()                       // for good
///
/// To free what a large file holds takes a while, and messages come meanwhile: a thread of its own does it.
final class ReplacedFiles {
  let paths: [String]
  private var aside: [(path: String, name: String)] = []
  private var thread: OwnThread?

  init(_ paths: [String]) { self.paths = paths }

  deinit { wait() }

  /// - Throws: 77 where this user may not; then all are where they were.
  func putAside() throws(ServiceError) {
    for path in paths {
      let cut = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
      let name = "\(path[..<cut]).\(path[cut...]).\(getpid()).old"
      if rename(path, name) == 0 {
        aside.append((path, name))
      } else if errno != ENOENT {
        putBack()
        throw Self.forbidden(path)
      }
    }
  }

  func putBack() {
    for file in aside { rename(file.name, file.path) }
    aside = []
  }

  func remove() {
    let names = aside.map(\.name)
    guard !names.isEmpty else { return }
    aside = []
    thread = OwnThread { for name in names { unlink(name) } }
  }

  /// Until what was removed is gone.
  func wait() {
    thread?.join()
    thread = nil
  }

  static func forbidden(_ path: String) -> ServiceError {
    ServiceError(.permission, "\(path) may not be replaced: give this user the right to write in the folder")
  }
}
