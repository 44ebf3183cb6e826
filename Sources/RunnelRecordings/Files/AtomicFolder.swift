import Glibc

/// A folder in the making: its files are written under another name beside it, and `finish` gives it its own; left
/// unfinished, nothing stays.
///
///     var folder = try AtomicFolder("train")
///     var writer = try NumpyWriter(folder.place(of: "x.npy"))
///     …
///     try folder.finish()
///
/// A folder that exists must be empty: files of two runs never mix.
public struct AtomicFolder: ~Copyable, Sendable {
  public let path: String
  private let temporary: String
  private var isFinished = false

  /// Throws `permission` or `cannotCreate`.
  public init(_ path: String) throws(RecordingError) {
    var path = path
    while path.count > 1, path.last == "/" { path.removeLast() }
    let temporary = try Self.make(beside: path)
    self.path = path
    self.temporary = temporary
  }

  private static func make(beside path: String) throws(RecordingError) -> String {
    var status = stat()
    if stat(path, &status) == 0 {
      guard names(in: path)?.isEmpty == true else {
        throw RecordingError(
          .cannotCreate, file: path, "is there already and no empty folder",
          remedy: "name a new folder, or empty this one")
      }
    }
    let temporary = "\(path).\(getpid()).tmp"
    guard mkdir(temporary, 0o777) == 0 else { throw cannotCreate(errno, path) }
    return temporary
  }

  deinit {
    guard !isFinished else { return }
    for name in Self.names(in: temporary) ?? [] { unlink("\(temporary)/\(name)") }
    rmdir(temporary)
  }

  /// Where a file of the folder is to be written.
  public func place(of name: String) -> String { "\(temporary)/\(name)" }

  /// Gives the folder its name, and brings it to the disk, where its files are. Nothing may be written afterwards.
  public mutating func finish() throws(RecordingError) {
    guard rename(temporary, path) == 0 else { throw Self.cannotCreate(errno, path) }
    isFinished = true
    let code = ParentFolder(of: path).sync()
    guard code == 0 else {
      throw RecordingError(
        .writeFailed, file: path, "cannot be brought to the disk: \(String(cString: strerror(code)))",
        remedy: "check the disk and the system's log")
    }
  }

  /// Nil where there is no folder that can be read.
  private static func names(in path: String) -> [String]? {
    guard let folder = opendir(path) else { return nil }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names
  }

  private static func cannotCreate(_ code: Int32, _ path: String) -> RecordingError {
    let isForbidden = [EACCES, EPERM, EROFS].contains(code)
    return RecordingError(
      isForbidden ? .permission : .cannotCreate, file: path, "cannot be made: \(String(cString: strerror(code)))",
      remedy: isForbidden
        ? "give this user the right to write beside it" : "make the folder above it, or choose another place"
    )
  }
}
