import RunnelCore

/// Why a file could not be read or written: one sentence for people, a kind for exit codes.
///
/// It prints as `FILE:LINE:COLUMN: problem; remedy`, so that an editor can jump there.
public struct RecordingError: Error, Sendable, Equatable, CustomStringConvertible {
  public enum Kind: Sendable, Hashable, CaseIterable {
    /// No such file (exit 66).
    case notFound
    /// The file may not be opened or made (exit 77).
    case permission
    /// A directory, a socket or the like where a file is needed (exit 66).
    case notAFile
    /// Another program is writing it (exit 69).
    case inUse
    /// Larger than the reader's limit (exit 65).
    case tooLarge
    /// The bytes break the format (exit 65).
    case malformed
    /// The format allows it, runnel does not read or write it (exit 65).
    case unsupported
    /// The file ends too early, or has bytes too many (exit 65).
    case length
    /// The samples are not those that were written (exit 65).
    case checksum
    /// Rows were asked for that the recording does not have (exit 64).
    case position
    /// The disk or the kernel failed while reading (exit 74).
    case readFailed
    /// The file could not be made (exit 73).
    case cannotCreate
    /// Writing began and failed, for example on a full disk (exit 74).
    case writeFailed
  }

  public enum Place: Sendable, Hashable {
    /// Both 1-based; columns count bytes.
    case line(Int, column: Int?)
    /// 0-based.
    case byte(Int)
  }

  public var kind: Kind
  public var file: String
  public var place: Place?
  /// What was expected and what was found. Texts hold names out of files; what a terminal would obey becomes '·'.
  public var problem: String
  /// What to do about it.
  public var remedy: String

  public init(_ kind: Kind, file: String, at place: Place? = nil, _ problem: String, remedy: String) {
    self.kind = kind
    self.file = file
    self.place = place
    self.problem = Quoted.line(problem, longest: 400)
    self.remedy = remedy
  }

  public var description: String {
    let position =
      switch place {
      case .line(let line, let column?): ":\(line):\(column)"
      case .line(let line, nil): ":\(line)"
      case .byte(let offset): ": byte \(offset)"
      case nil: ""
      }
    return "\(file)\(position): \(problem); \(remedy)"
  }
}
