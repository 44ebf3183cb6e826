import RunnelCore

/// Where the bytes of tensors lie that a model keeps in files beside itself. This library does no input or output:
/// whoever opens files implements it, and lets nothing outside the model's folder be read.
public protocol ExternalData {
  /// Bytes `offset ..< offset + length` of the file `location`, a path relative to the model's folder that was checked
  /// by `ExternalLocation`.
  func bytes(_ location: String, offset: Int, length: Int) throws(ImportError) -> [UInt8]
}

/// For models that have none: every request is refused.
public struct NoExternalData: ExternalData {
  public init() {}

  public func bytes(_ location: String, offset: Int, length: Int) throws(ImportError) -> [UInt8] {
    throw ImportError("external data \(Quoted.name(location))", "no folder was given in which to look for it")
  }
}

/// The path of external data as a model states it: relative, downwards only (docs/cells.md §7).
public enum ExternalLocation {
  /// The path's components, or why it may not be opened.
  public static func components(_ location: String) throws(ImportError) -> [String] {
    let place = "external data \(Quoted.name(location))"
    guard !location.utf8.contains(0) else { throw ImportError(place, "a path holds no NUL byte") }
    guard !location.hasPrefix("/"), !location.contains("\\") else {
      throw ImportError(place, "an absolute path leads out of the model's folder; save the model and its data together")
    }
    let parts = location.split(separator: "/", omittingEmptySubsequences: true).map(String.init).filter { $0 != "." }
    guard !parts.isEmpty else { throw ImportError(place, "names no file") }
    guard !parts.contains("..") else {
      throw ImportError(place, "'..' leads out of the model's folder; save the model and its data together")
    }
    return parts
  }
}
