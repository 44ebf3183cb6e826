import Glibc
import RunnelCore
import RunnelImport

/// Tensors in files beside a model: only ordinary files inside its folder, reached through no symbolic link.
///
/// Each component of a path is opened from the one before it without following links, so that nothing can be swapped
/// in between; size and range are checked on the open file.
struct FolderExternalData: ExternalData {
  /// Of the model.
  let folder: String

  /// - Parameter model: path of the model file.
  init(beside model: String) {
    let cut = model.lastIndex(of: "/")
    folder = cut.map { $0 == model.startIndex ? "/" : String(model[..<$0]) } ?? "."
  }

  func bytes(_ location: String, offset: Int, length: Int) throws(ImportError) -> [UInt8] {
    let place = "external data \(Quoted.name(location))"
    let parts = try ExternalLocation.components(location)
    var descriptor = Glibc.open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw ImportError(place, "the folder \(folder) cannot be opened") }
    defer { close(descriptor) }
    for (index, part) in parts.enumerated() {
      let isLast = index == parts.count - 1
      // A pipe would block the opening.
      let flags = O_RDONLY | O_NOFOLLOW | O_CLOEXEC | (isLast ? O_NONBLOCK : O_DIRECTORY)
      let next = openat(descriptor, part, flags)
      let code = errno
      guard next >= 0 else { throw Self.cannotOpen(place, folder, code) }
      close(descriptor)
      descriptor = next
    }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw ImportError(place, "is no ordinary file")
    }
    let (end, overflow) = offset.addingReportingOverflow(length)
    guard !overflow, end <= Int(status.st_size) else {
      throw ImportError(
        place, "has \(status.st_size) bytes, the model asks for \(length) from byte \(offset) on: copy the files again")
    }
    return try Self.read(descriptor, place, offset: offset, length: length)
  }

  private static func read(_ descriptor: Int32, _ place: String, offset: Int, length: Int) throws(ImportError)
    -> [UInt8]
  {
    var bytes = [UInt8](repeating: 0, count: length)
    var done = 0
    while done < length {
      let count = bytes.withUnsafeMutableBytes { raw in
        pread(descriptor, raw.baseAddress.map { $0 + done }, length - done, off_t(offset + done))
      }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw ImportError(place, "cannot be read to its end; copy it again") }
      done += count
    }
    return bytes
  }

  private static func cannotOpen(_ place: String, _ folder: String, _ code: Int32) -> ImportError {
    switch code {
    case ENOENT: ImportError(place, "is not in \(folder): it belongs beside the model, under this name")
    case ELOOP, ENOTDIR:
      ImportError(place, "leads through a symbolic link, or through a file; put the file itself beside the model")
    case EACCES: ImportError(place, "may not be read by this user")
    default: ImportError(place, "cannot be opened: \(String(cString: strerror(code)))")
    }
  }
}
