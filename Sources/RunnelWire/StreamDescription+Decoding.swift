import RunnelCore

extension StreamDescription {
  /// Reads the JSON of a description. Unknown keys are for later versions and ignored; a repeated key is refused.
  ///
  /// - Parameter json: the whole of message part `part`.
  public init(
    _ json: UnsafeRawBufferPointer, part: Int, limits: WireLimits = WireLimits()
  ) throws(DecodeError) {
    try JSONFields.checkKeys(json, part: part, limits: limits)
    var fields = try JSONFields(json, part: part, limits: limits)
    var versioned = false
    var named: String?
    self.init(stream: "")
    var first = true
    while let key = try fields.key(&first) {
      if fields.matches(key, "v") {
        versioned = try fields.checkVersion()
      } else if fields.matches(key, "stream") {
        named = try fields.name("the stream's name")
      } else if fields.matches(key, "epoch") {
        epoch = try fields.unsigned("an epoch, as a decimal string")
      } else if fields.matches(key, "rate") {
        rate = try fields.rate()
      } else if fields.matches(key, "dtype") {
        element = try fields.elementName()
      } else if fields.matches(key, "channels") {
        channels = try fields.channels(atMost: limits.channels)
      } else if fields.matches(key, "subject") {
        subject = try fields.string("a string")
      } else if fields.matches(key, "device") {
        device = try fields.string("a string")
      } else if fields.matches(key, "synthetic") {
        synthetic = try fields.bool("true or false")
      } else {
        try fields.skip()
      }
    }
    try fields.end()
    guard versioned else { throw fields.error(at: 0, "\"v\": 1") }
    guard let named else { throw fields.error(at: 0, "\"stream\", the stream's name") }
    stream = named
  }
}

extension JSONFields {
  /// `"v": 1`, the version of every JSON message.
  mutating func checkVersion() throws(DecodeError) -> Bool {
    let start = valueStart
    guard let version = try unsigned("version 1"), version == 1 else { throw error(.version, at: start, "version 1") }
    return true
  }

  /// A name that can stand in a topic.
  mutating func name(_ expected: String) throws(DecodeError) -> String? {
    let start = valueStart
    guard let name = try string(expected) else { return nil }
    let plain = name.unicodeScalars.allSatisfy { !($0.value < 0x20 || (0x7F..<0xA0).contains($0.value)) }
    guard !name.isEmpty, plain else { throw error(at: start, "\(expected), not empty, no control characters") }
    return name
  }

  mutating func rate() throws(DecodeError) -> Double? {
    let start = valueStart
    guard let rate = try number("a rate in Hz") else { return nil }
    guard rate == 0 || WireLimits.rates.contains(rate) else {
      throw error(at: start, "a rate in Hz from 1e-6 to 1e9, or 0")
    }
    return rate.magnitude
  }

  fileprivate mutating func elementName() throws(DecodeError) -> ElementType? {
    let start = valueStart
    let names = "i8, u8, i16, u16, i32, u32, i64, f32, f64 or i24"
    guard let name = try string(names) else { return nil }
    guard let element = ElementType(name: name) else { throw error(.dtype, at: start, names) }
    return element
  }

  fileprivate mutating func channels(atMost limit: Int) throws(DecodeError) -> [Channel] {
    var channels: [Channel] = []
    var names: Set<String> = []
    guard try beginArray("a list of channels") else { return [] }
    var first = true
    while try element(&first) {
      let start = valueStart
      guard channels.count < limit else { throw error(.limit, at: start, "at most \(limit) channels") }
      let channel = try channel()
      guard names.insert(channel.name).inserted else {
        throw error(at: start, "each channel name once, and \(channel.name) was there")
      }
      channels.append(channel)
    }
    return channels
  }

  private mutating func channel() throws(DecodeError) -> Channel {
    let start = valueStart
    guard try beginObject("a channel") else { throw error(at: start, "a channel") }
    var (name, unit): (String?, String?)
    var (scale, offset, gain, baseline): (Double?, Double?, Double?, Double?)
    var missing: Double?
    var first = true
    while let key = try key(&first) {
      if matches(key, "name") {
        name = try self.name("the channel's name")
      } else if matches(key, "unit") {
        unit = try string("a unit")
      } else if matches(key, "scale") {
        scale = try factor("a scale")
      } else if matches(key, "offset") {
        offset = try number("an offset")
      } else if matches(key, "gain") {
        gain = try factor("a gain")
      } else if matches(key, "baseline") {
        baseline = try number("a baseline")
      } else if matches(key, "missing") {
        missing = try number("the raw value of a missing sample")
      } else {
        try skip()
      }
    }
    guard let name else { throw error(at: start, "a channel with \"name\"") }
    let linear = scale != nil || offset != nil
    guard !linear || (gain == nil && baseline == nil) else {
      throw error(at: start, "scale and offset, or gain and baseline, not both")
    }
    guard baseline == nil || gain != nil else { throw error(at: start, "\"gain\" beside \"baseline\"") }
    let scaling: Channel.Scaling =
      if let gain { .gain(gain, baseline: baseline ?? 0) } else { .linear(scale: scale ?? 1, offset: offset ?? 0) }
    return Channel(name: name, unit: unit, scaling: scaling, missing: missing)
  }

  private mutating func factor(_ expected: String) throws(DecodeError) -> Double? {
    let start = valueStart
    guard let factor = try number(expected) else { return nil }
    guard factor != 0 else { throw error(at: start, "\(expected) other than 0") }
    return factor
  }
}
