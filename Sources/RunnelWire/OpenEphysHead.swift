import RunnelCore

/// The JSON part of a data message of Open Ephys's ZMQ Interface, in the words of both generations
/// (docs/foreign-formats.md §2).
///
///     {"message_num": 7, "type": "data", "content": {"stream": "acq", "channel_num": 0, "channel_name": "CH1",
///      "num_samples": 640, "sample_num": 12800, "sample_rate": 30000.0}, "data_size": 2560, "timestamp": 1763923532123}
///
/// Before mid-2022 it was `stream_id`, `n_samples` with `n_real_samples`, and `timestamp` for the sample's number.
/// The plugin counts characters where it should count bytes, so that a name with an `ä` costs the text its end: what
/// is missing there is forgiven as long as the samples are described, and a value that ends where the text does is not
/// believed, for some of it may be gone.
public struct OpenEphysHead {
  /// The raw text between the quotes.
  var stream: Text?
  /// 0-based, of this stream.
  public var channelNumber: Int64?
  var channelName: Text?
  /// Values in the body, and how many of them are valid.
  var values: Int
  var rows: Int
  /// Index of the first row.
  var first: Int64
  public var rate: Double?
  /// Unix milliseconds at the sender when it sent.
  var sent: Int64?

  /// A string where it stands in the JSON.
  struct Text: Equatable {
    var range: Range<Int>
    var isEscaped: Bool
  }

  /// - Parameter json: the whole of message part `part`.
  public init(
    _ json: UnsafeRawBufferPointer, part: Int = 1, limits: WireLimits = WireLimits()
  ) throws(DecodeError) {
    var found = Fields()
    var fields = try JSONFields(json, part: part, limits: limits)
    var isCutShort = false
    do throws(DecodeError) { try found.read(&fields) } catch {
      guard error.byteOffset >= json.count else { throw error }
      isCutShort = true
    }
    guard let first = found.sampleNumber ?? found.oldSampleNumber else {
      throw Self.missing("sample_num", json, part, isCutShort)
    }
    guard let values = found.samples ?? found.oldSamples else {
      throw Self.missing("num_samples", json, part, isCutShort)
    }
    guard found.channelNumber != nil || found.channelName != nil else {
      throw Self.missing("channel_num", json, part, isCutShort)
    }
    let rows = found.realSamples ?? values
    guard rows <= values else {
      throw fields.error(at: found.realSamplesStart, "at most the \(values) of n_samples")
    }
    guard rows <= Int64(limits.rows), UInt64(first) + UInt64(rows) < WireLimits.largestIndex else {
      throw DecodeError(
        .limit, part: part, byteOffset: found.samplesStart,
        expected: "at most \(limits.rows) rows, with indexes below 2^62", found: "\(rows) rows after \(first)")
    }
    (self.first, self.values, self.rows) = (first, Int(values), Int(rows))
    (stream, channelName, channelNumber) = (found.stream, found.channelName, found.channelNumber)
    (rate, sent) = (found.rate, found.sent)
  }

  /// The names as text. Allocates.
  public func stream(in json: UnsafeRawBufferPointer) -> String? { text(stream, json) }
  public func channelName(in json: UnsafeRawBufferPointer) -> String? { text(channelName, json) }

  private func text(_ text: Text?, _ json: UnsafeRawBufferPointer) -> String? {
    text.map { JSONScanner(json).text($0.range, escaped: $0.isEscaped) }
  }

  private static func missing(
    _ key: String, _ json: UnsafeRawBufferPointer, _ part: Int, _ isCutShort: Bool
  ) -> DecodeError {
    let cause = isCutShort ? " (the plugin cuts the JSON short where a name is not ASCII: rename it)" : ""
    return DecodeError(
      isCutShort ? .truncated : .malformed, part: part, byteOffset: isCutShort ? json.count : 0,
      expected: "\"\(key)\" in the content of a data message\(cause)",
      found: excerpt(json, at: isCutShort ? json.count : 0))
  }

  /// Members of both objects, as far as they came.
  private struct Fields {
    var stream: Text?
    var channelName: Text?
    var channelNumber: Int64?
    var samples: Int64?
    var oldSamples: Int64?
    var realSamples: Int64?
    var sampleNumber: Int64?
    var oldSampleNumber: Int64?
    var rate: Double?
    var sent: Int64?
    var samplesStart = 0
    var realSamplesStart = 0

    mutating func read(_ fields: inout JSONFields) throws(DecodeError) {
      var isFirst = true
      while let key = try fields.key(&isFirst) {
        if fields.matches(key, "content") {
          guard try fields.beginObject("an object") else { continue }
          var isFirst = true
          while let key = try fields.key(&isFirst) { try readContent(key, &fields) }
        } else if fields.matches(key, "timestamp") {
          sent = try whole(try fields.signed("Unix milliseconds"), fields)
        } else {
          try fields.skip()
        }
      }
      try fields.end()
    }

    private mutating func readContent(_ key: Range<Int>, _ fields: inout JSONFields) throws(DecodeError) {
      if fields.matches(key, "stream") || fields.matches(key, "stream_id") {
        stream = try fields.textIfString()
      } else if fields.matches(key, "channel_name") {
        channelName = try fields.textIfString()
      } else if fields.matches(key, "channel_num") {
        channelNumber = try whole(try fields.index("a channel's number"), fields)
      } else if fields.matches(key, "num_samples") {
        samplesStart = fields.valueStart
        samples = try whole(try fields.index("a count of samples"), fields)
      } else if fields.matches(key, "n_samples") {
        samplesStart = fields.valueStart
        oldSamples = try whole(try fields.index("a count of samples"), fields)
      } else if fields.matches(key, "n_real_samples") {
        realSamplesStart = fields.valueStart
        realSamples = try whole(try fields.index("a count of samples"), fields)
      } else if fields.matches(key, "sample_num") {
        sampleNumber = try whole(try fields.index("a sample's number"), fields)
      } else if fields.matches(key, "timestamp") {
        oldSampleNumber = try whole(try fields.index("a sample's number"), fields)
      } else if fields.matches(key, "sample_rate") {
        rate = try whole(try fields.rate(), fields)
      } else {
        try fields.skip()
      }
    }

    /// A number that ends with the text may have lost digits.
    private func whole<T>(_ value: T?, _ fields: JSONFields) throws(DecodeError) -> T? {
      guard fields.position < fields.bytes.count else {
        throw fields.error(at: fields.position, "the rest of the JSON")
      }
      return value
    }
  }
}

extension JSONFields {
  /// Where a string stands, or nil for another value, which is passed.
  fileprivate mutating func textIfString() throws(DecodeError) -> OpenEphysHead.Text? {
    let start = valueStart
    guard start < bytes.count, bytes[start] == UInt8(ascii: "\"") else {
      try skip()
      return nil
    }
    try skip()
    let range = start + 1..<position - 1
    return OpenEphysHead.Text(range: range, isEscaped: hasBackslash(range))
  }

  private func hasBackslash(_ range: Range<Int>) -> Bool {
    for index in range where bytes[index] == UInt8(ascii: "\\") { return true }
    return false
  }
}
