/// Which stream this is: one input of the configuration, one endpoint of it, one name the publisher gave.
public struct StreamIdentity: Sendable, Hashable {
  /// The input's name in the configuration; travels in labels as `input`.
  public var input: String
  /// The ZeroMQ endpoint, or the file, the stream comes from.
  public var endpoint: String
  /// The publisher's own name; travels in labels as `stream`.
  public var stream: String

  public init(input: String, endpoint: String, stream: String) {
    self.input = input
    self.endpoint = endpoint
    self.stream = stream
  }
}

/// What a stream lets us know about loss; the field `level` of every label.
public enum Level: String, Sendable, Hashable {
  /// Bare samples: loss cannot be seen.
  case unsequenced
  /// Every loss is an exact range.
  case sequenced
  /// A replay endpoint too: loss is repaired inside the retention.
  case replayable
}

/// How much a label is to be trusted: the worst that applies to its range.
public enum Quality: UInt8, Sendable, Hashable, Comparable {
  case ok = 0
  /// Missing samples were filled.
  case filled = 1
  /// Filters, normaliser or network have not settled since the last reset.
  case warming = 2
  /// The signal was outside its range, or flat for longer than a living signal is.
  case leadOff = 3

  public var name: String {
    switch self {
    case .ok: "ok"
    case .filled: "filled"
    case .warming: "warming"
    case .leadOff: "lead-off"
    }
  }

  public init?(name: String) {
    switch name {
    case "ok": self = .ok
    case "filled": self = .filled
    case "warming": self = .warming
    case "lead-off": self = .leadOff
    default: return nil
    }
  }

  public static func < (a: Quality, b: Quality) -> Bool { a.rawValue < b.rawValue }
}
