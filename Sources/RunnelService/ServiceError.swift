/// What keeps the service, or a command, from doing its work: one sentence with the remedy, and the exit code that
/// tells a script which kind it is.
public struct ServiceError: Error, Sendable, Equatable, CustomStringConvertible {
  /// Exit codes of sysexits.h, as far as runnel uses them.
  public enum Kind: Int32, Sendable {
    case no = 1
    case usage = 64
    case data = 65
    case noInput = 66
    case unavailable = 69
    case software = 70
    case cannotCreate = 73
    case inputOutput = 74
    case permission = 77
    case configuration = 78
  }

  public var kind: Kind
  public var description: String
  /// Whether each line says where it belongs, FILE:LINE:COLUMN first: nothing may be put before it, so that an editor
  /// can jump there.
  public private(set) var isPlaced = false

  public init(_ kind: Kind, _ sentence: String) {
    self.kind = kind
    description = sentence
  }

  /// Every mistake of a configuration file.
  public init(_ errors: ConfigurationErrors) {
    kind = .configuration
    description = errors.description
    isPlaced = true
  }
}
