import RunnelCore

/// The decoder of one input: its configuration names the format once, every message goes through here.
public enum MessageDecoder: Sendable {
  case runnel(RunnelDecoder)
  case array(ArrayDecoder)

  public func decode(_ parts: MessageParts) throws(DecodeError) -> DecodedMessage {
    switch self {
    case .runnel(let decoder): try decoder.decode(parts)
    case .array(let decoder): try decoder.decode(parts)
    }
  }
}
