import Glibc
import RunnelCore
import RunnelRecordings

/// What the files of a recording are called: `ward.mcap`, or where it is split `ward-0001.mcap` and so on, which sort
/// as they were written up to the 9999th and are told apart beyond.
struct RecordingName: Sendable, Hashable {
  private let stem: String
  private let ending: String
  private let isSplit: Bool

  init(_ path: String, isSplit: Bool) {
    self.isSplit = isSplit
    let name = path[(path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex)...]
    let dot = name.dropFirst().lastIndex(of: ".") ?? path.endIndex
    stem = String(path[..<dot])
    ending = String(path[dot...])
  }

  /// - Parameter part: from 1 on.
  func path(of part: Int) -> String {
    guard isSplit else { return stem + ending }
    let digits = String(part)
    return stem + "-" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits + ending
  }

  /// What lies in the way, or a complaint of it: a part of an older recording would be taken for one of this.
  ///
  /// - Throws: 69 for a recording under way, 73 for what may not be replaced or is no file, 77 where this user cannot.
  func inTheWay(isForced: Bool) throws(ServiceError) -> [String] {
    var found: [String] = []
    for path in isSplit ? existingParts : [path(of: 1)] {
      var status = stat()
      guard lstat(path, &status) == 0 else { continue }
      guard isForced, status.st_mode & S_IFMT == S_IFREG else {
        throw ServiceError(
          .cannotCreate,
          isForced
            ? "\(path) is no ordinary file: choose another name"
            : "\(path) is there already: choose another name, or replace it with --force")
      }
      guard !AtomicFile.isBeingWritten(path) else {
        throw ServiceError(.unavailable, "\(path) is being recorded at this moment: stop its recorder first")
      }
      guard ParentFolder(of: path).isWritable else { throw ReplacedFiles.forbidden(path) }
      found.append(path)
    }
    return found
  }

  private var existingParts: [String] {
    let cut = stem.lastIndex(of: "/").map { stem.index(after: $0) } ?? stem.startIndex
    let (folder, prefix) = (String(stem[..<cut]), stem[cut...] + "-")
    guard let opened = opendir(folder.isEmpty ? "." : folder) else { return [] }
    defer { closedir(opened) }
    var found: [String] = []
    while let entry = readdir(opened) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      guard name.hasPrefix(prefix), name.hasSuffix(ending) else { continue }
      let digits = name.dropFirst(prefix.count).dropLast(ending.count)
      if digits.count >= 4, digits.utf8.allSatisfy({ (48...57).contains($0) }) { found.append(folder + name) }
    }
    return found.sorted()
  }
}
