import RunnelCore

/// What a publisher says of its stream now and then: names, units, scaling, whose signal it is
/// (docs/wire-format.md §6).
///
///     {"v":1,"stream":"bed7","epoch":"1763923532123456789","rate":360.0,"dtype":"i16",
///      "channels":[{"name":"MLII","unit":"mV","gain":200.0,"baseline":1024.0},{"name":"V5","unit":"mV","scale":0.005}]}
///
/// A channel has `scale` and `offset` (physical = raw × scale + offset) or, as WFDB states it, `gain` and `baseline`
/// (physical = (raw − baseline) / gain), not both; without any it is physical as it is. `missing` is the
/// raw value that stands for a missing sample. A value of its own: it may be kept when the message is gone.
public struct StreamDescription: Sendable, Equatable {
  /// The publisher's own name for the stream.
  public var stream: String
  public var epoch: UInt64?
  /// Hz; 0 is irregular.
  public var rate: Double?
  public var element: ElementType?
  /// In the order of the rows; empty where not declared.
  public var channels: [Channel]
  /// Opaque: the patient, the machine. A change starts a new session.
  public var subject: String?
  public var device: String?
  /// The signal is made up; labels repeat it.
  public var synthetic: Bool?

  public init(
    stream: String, epoch: UInt64? = nil, rate: Double? = nil, element: ElementType? = nil, channels: [Channel] = [],
    subject: String? = nil, device: String? = nil, synthetic: Bool? = nil
  ) {
    self.stream = stream
    self.epoch = epoch
    self.rate = rate
    self.element = element
    self.channels = channels
    self.subject = subject
    self.device = device
    self.synthetic = synthetic
  }

  /// Its JSON, keys in the order of docs/wire-format.md §6; u64 as a decimal string.
  public func write(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.pair("v", 1)
    writer.pair("stream", stream)
    if let epoch {
      writer.key("epoch")
      writer.writeQuoted(epoch)
    }
    writer.pair("rate", rate)
    writer.pair("dtype", element?.name)
    writer.list("channels", channels) { Self.write($0, to: &$1) }
    writer.pair("subject", subject)
    writer.pair("device", device)
    writer.pair("synthetic", synthetic)
    writer.endObject()
  }

  private static func write(_ channel: Channel, to writer: inout JSONWriter) {
    writer.beginObject()
    writer.pair("name", channel.name)
    if let unit = channel.unit {
      writer.pair("unit", unit)
    }
    switch channel.scaling {
    case .identity: break
    case .linear(let scale, let offset):
      writer.pair("scale", scale)
      writer.pair("offset", offset)
    case .gain(let gain, let baseline):
      writer.pair("gain", gain)
      writer.pair("baseline", baseline)
    }
    if let missing = channel.missing {
      writer.pair("missing", missing)
    }
    writer.endObject()
  }
}
