/// Why a message was not decoded or not believed. The raw value is the word in logs, counters and documents.
public enum RejectReason: String, Sendable, CaseIterable {
  /// The wrong number of message parts.
  case parts
  /// A part shorter than its format, or a payload whose length is not channels × rows × size.
  case truncated
  /// No known magic, or a version above ours.
  case version
  /// A field whose value its format does not allow.
  case malformed
  /// The CRC-32C in the header is not that of the message.
  case checksum
  /// An element type outside the format's list, or other than the configuration expects.
  case dtype
  /// Above a limit on size, part count, channels, JSON depth or rows.
  case limit
  /// The rate of header, description and configuration differ by more than 0.5 %.
  case rate
  /// A channel that the pipeline binds by name is not in the description.
  case channelMissing = "channel-missing"
  /// The declared unit cannot be converted into the model's, or none was declared.
  case unit
  /// Rate, gain, count or order of channels changed inside a session.
  case shapeChanged = "shape-changed"
  /// More distinct streams than `max_streams`.
  case tooManyStreams = "too-many-streams"
  /// A topic that is not one of this input's.
  case topic
  /// Of `format: auto`: nothing has told the format yet, or the configuration lacks what that one needs.
  case undecided
}

/// Why a message that was decoded holds none of its input's samples. The raw value is the word in logs and counters.
public enum IgnoreReason: String, Sendable, CaseIterable {
  /// An event, such as a TTL line, or a spike.
  case event
  /// A channel that the configuration does not list.
  case otherChannel = "other-channel"
}

/// Why rows that were decoded were not used.
public enum DropReason: String, Sendable, CaseIterable {
  /// The rows were used before: an A/B copy, or a publisher that sent them twice.
  case duplicate
  /// A straggler of the session just left.
  case oldEpoch = "old-epoch"
  /// A second publisher under one name while the first is alive.
  case rivalEpoch = "rival-epoch"
  /// Samples that waited longer than 2 s for their first description. They were decoded, so their rows are dropped
  /// and no message is counted twice.
  case undescribed
  /// Rows held for a session that then turned out to fit no pipeline; what follows them is rejected.
  case refused
  /// A queue was full.
  case overflow
}

/// Why samples are missing. The raw value is the `reason` of a `gap` or `reset` status.
public enum GapReason: String, Sendable, CaseIterable {
  /// Messages did not arrive.
  case lost
  /// The publisher flagged a discontinuity: a gap of unknown length.
  case discontinuity
  case nan
  case sentinel
  /// Outside the declared range.
  case range
  /// Unchanged for longer than `flat`.
  case flat

  /// The quality that a label with such samples in its range has at best.
  public var quality: Quality { self == .range || self == .flat ? .leadOff : .filled }
}

/// Why carried state was zeroed. The raw value is the `reason` of a `reset` status.
public enum ResetReason: String, Sendable, CaseIterable {
  /// A gap longer than `carry`.
  case gap
  /// A gap whose length nobody knows.
  case unknownGap = "unknown-gap"
  case newSession = "new-session"
  case newSubject = "new-subject"
  /// The state became NaN or infinite.
  case nonFinite = "non-finite"
}

/// A message the world sent that we cannot read: what was expected, and at which byte.
public struct DecodeError: Error, Sendable, Equatable, CustomStringConvertible {
  public var reason: RejectReason
  /// Which part of the message, 0-based.
  public var part: Int
  /// Offset inside that part.
  public var byteOffset: Int
  /// False where the message as a whole is meant, and no byte of it can be pointed at.
  public private(set) var hasPlace = true
  /// What the format asks for, in words: "3 parts", "an even row count".
  public var expected: String
  /// What was there.
  public var found: String

  public init(_ reason: RejectReason, part: Int, byteOffset: Int, expected: String, found: String) {
    self.reason = reason
    self.part = part
    self.byteOffset = byteOffset
    self.expected = expected
    self.found = found
  }

  /// Of the message as a whole.
  public init(_ reason: RejectReason, expected: String, found: String) {
    self.init(reason, part: 0, byteOffset: 0, expected: expected, found: found)
    hasPlace = false
  }

  public var description: String {
    let place = hasPlace ? "part \(part), byte \(byteOffset): " : ""
    return "\(reason.rawValue): \(place)expected \(expected), found \(found)"
  }
}
