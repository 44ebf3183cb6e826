import RunnelCore

/// The decoder of one endpoint: its configuration names the format once, every message goes through here. Not shared:
/// some formats remember what came before.
public enum MessageDecoder {
  case runnel(RunnelDecoder)
  case array(ArrayDecoder)
  case raw(RawDecoder)
  case gnuradio(GNURadioDecoder)
  case openephys(OpenEphysDecoder)
  case map(MapDecoder)

  /// What the message says, borrowed from it or from the decoder: valid until the next one.
  public func decode(_ parts: MessageParts) throws(DecodeError) -> DecodedMessage {
    switch self {
    case .runnel(let decoder): try decoder.decode(parts)
    case .array(let decoder): try decoder.decode(parts)
    case .raw(let decoder): try decoder.decode(parts)
    case .gnuradio(let decoder): try decoder.decode(parts)
    case .openephys(let decoder): try decoder.decode(parts)
    case .map(let decoder): try decoder.decode(parts)
    }
  }

  /// Where the rows of a message that could not be decoded belong, in the one format whose header says so by itself.
  public func rejected(_ parts: MessageParts) -> RejectedSamples? {
    if case .runnel(let decoder) = self { decoder.rejected(parts) } else { nil }
  }

  /// What was kept for a message that will not come; nil where nothing is.
  public func drain() -> DecodedMessage? {
    if case .openephys(let decoder) = self { decoder.drain() } else { nil }
  }
}
