import RunnelCore
import RunnelWire

/// Which format an endpoint of `format: auto` has, by its first message that bears a format's mark: the recogniser of
/// `discover`, asked by the daemon.
///
/// Bare bytes bear no mark. They are taken for raw where the configuration gives their dtype, for then nothing but raw
/// and GNU Radio can be meant.
struct FormatDecision: Sendable, Equatable {
  var format: InputConfiguration.Format
  /// Of GNU Radio: whether the message begins with a tag header.
  var hasTags = false
  /// The mark, as the end of a sentence.
  var reason: String

  /// - Throws: the reason why this message decides nothing, or why the configuration is not enough for what it decides.
  init(_ parts: MessageParts, for input: InputConfiguration) throws(DecodeError) {
    let (found, topic) = WireFormat.guess(parts)
    let data = topic == nil ? 0 : min(1, parts.count - 1)
    let isBare = input.element != nil && [.raw, .text, .json, .msgpack].contains(found)
    guard let (format, reason) = isBare ? (.raw, "dtype is given and no part bears a mark") : found.mark else {
      throw DecodeError(
        .undecided, part: data, byteOffset: 0, expected: "a message that bears the mark of a format",
        found: found.remark ?? "bytes without a mark: give format: raw, with dtype, rate and channels")
    }
    self.format = format
    self.reason = reason
    hasTags = found == .gnuradio
    let lacking = input.lacking(for: format)
    guard lacking.isEmpty else {
      let keys = lacking.map { key in
        "\(key): \(ConfigurationTable.key(["streams", "*", key])?.example ?? "…")"
      }
      throw DecodeError(
        .undecided, part: data, byteOffset: 0, expected: "\(keys.joined(separator: ", ")) in streams.\(input.name)",
        found: "format \(format.rawValue), for \(reason), which carries no \(Phrase.list(lacking, "and"))")
    }
    guard input.fields != nil || ![.json, .msgpack].contains(format) else {
      throw DecodeError(
        .undecided, part: data, byteOffset: 0,
        expected: "a path for each of streams.\(input.name).channels, whose names are none: {name: …, path: …}",
        found: "format \(format.rawValue), for \(reason)")
    }
  }
}

extension WireFormat {
  /// The format of a configuration that reads it, and what it is known by; nil where nothing marks it.
  fileprivate var mark: (format: InputConfiguration.Format, reason: String)? {
    switch self {
    case .samples, .conditioned: (.runnel, "its header begins RNL1")
    case .description: (.runnel, "its topic begins m/ and a description follows")
    case .array: (.array, "a JSON head with dtype and shape stands before the data")
    case .array1: (.array, "a JSON head of htype array-1 stands before the data")
    case .openephys: (.openephys, "its envelope is DATA or EVENT and a byte of 0")
    case .gnuradio: (.gnuradio, "its data begin with the tag header F0 5F 01")
    case .json: (.json, "its payload is JSON")
    case .msgpack: (.msgpack, "its payload is one MessagePack map")
    case .labels, .verdicts, .bsread, .pickle, .text, .raw: nil
    }
  }
}
