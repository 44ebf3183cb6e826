import RunnelCore
import RunnelWire

extension InputConfiguration {
  /// Keys that messages of this format make necessary and this input does not have.
  func lacking(for format: Format) -> [String] {
    format.needs.filter { key in
      switch key {
      case "rate": rate == nil
      case "channels": channels == nil
      default: element == nil
      }
    }
  }

  /// A decoder of its own for one endpoint; the format's needs are met.
  ///
  /// - Parameter passTags: of GNU Radio, where the messages themselves have told.
  func decoder(of format: Format, passTags: Bool? = nil) -> MessageDecoder {
    switch format {
    case .runnel: return .runnel(RunnelDecoder())
    case .array:
      return .array(
        ArrayDecoder(
          layout: layout == .interleaved ? .timeMajor : .channelMajor, expectedChannels: channels?.count,
          timeOrigin: timeOrigin))
    case .raw: return .raw(RawDecoder(shape: shape, topicParts: topicParts))
    case .gnuradio:
      return .gnuradio(GNURadioDecoder(shape: shape, passTags: passTags ?? self.passTags, rate: rate))
    case .openephys: return .openephys(OpenEphysDecoder(channels: names))
    case .json, .msgpack:
      guard let fields else { preconditionFailure("channels of a map have paths") }
      return .map(MapDecoder(encoding: format == .json ? .json : .msgpack, map: fields))
    case .auto: preconditionFailure("auto is decided before anything is decoded")
    }
  }

  private var names: [String] { (channels ?? []).map(\.name) }

  private var shape: RawShape {
    guard let element, let channels else { preconditionFailure("dtype and channels of bare values were checked") }
    return RawShape(
      element: element, byteOrder: byteOrder, layout: format == .gnuradio ? .interleaved : layout,
      channels: channels.count)
  }
}
