import RunnelCore

/// What the metadata file of a SigMF recording says (docs/foreign-formats.md §9), checked as far as it is used.
struct SigMFMeta {
  var datatype: SigMFDatatype
  /// Nil where it is not stated.
  var rate: Double?
  var channels: Int
  /// Absolute index of the first sample of the data file.
  var offset: Int
  var sha512: String?
  var dataset: String?
  var trailingBytes: Int
  var isMetadataOnly: Bool
  var comments: [String]
  var captures: [Capture]
  var annotations: [Mark]

  struct Capture {
    var start: Int
    var globalIndex: Int?
    var headerBytes: Int
    /// Unix nanoseconds.
    var time: Int64?
  }

  struct Mark {
    var start: Int
    var count: Int
    var text: String
  }

  /// - Throws: `malformed` with the byte where JSON breaks, or the key that is wrong.
  init(parsing bytes: [UInt8], file: String) throws(RecordingError) {
    let parsed: Result<JSONValue, JSONError> = bytes.withUnsafeBytes { raw in
      do throws(JSONError) { return .success(try JSONValue(parsing: raw, depthLimit: 32)) } catch {
        return .failure(error)
      }
    }
    let root: JSONValue
    do throws(JSONError) { root = try parsed.get() } catch {
      throw RecordingError(
        .malformed, file: file, at: .byte(error.byteOffset), "expected \(error.expected)",
        remedy: "correct the metadata, for example with sigmf_validate")
    }
    let reader = Reader(file: file)
    guard let global = root["global"], global.members != nil else {
      throw reader.wrong("an object 'global' in the metadata", "none")
    }
    guard let type = global["core:datatype"]?.string, let datatype = SigMFDatatype(type) else {
      throw reader.wrong(
        "core:datatype such as rf32_le, ri16_be, cf32_le or cu8", global["core:datatype"]?.string ?? "none")
    }
    self.datatype = datatype
    rate = global["core:sample_rate"]?.number
    guard rate.map({ $0 >= 1e-6 && $0 <= 1e12 }) ?? true else {
      throw reader.wrong("core:sample_rate in Hz", "\(rate ?? 0)")
    }
    channels = try reader.count(global, "core:num_channels") ?? 1
    guard (1...4096).contains(channels) else { throw reader.wrong("core:num_channels, 1 to 4096", "\(channels)") }
    offset = try reader.count(global, "core:offset") ?? 0
    sha512 = global["core:sha512"]?.string
    dataset = global["core:dataset"]?.string
    trailingBytes = try reader.count(global, "core:trailing_bytes") ?? 0
    isMetadataOnly = global["core:metadata_only"]?.bool ?? false
    comments = ["core:description", "core:hw", "core:recorder"].compactMap { global[$0]?.string }
    captures = []
    for capture in root["captures"]?.array ?? [] {
      captures.append(
        Capture(
          start: try reader.count(capture, "core:sample_start") ?? 0,
          globalIndex: try reader.count(capture, "core:global_index"),
          headerBytes: try reader.count(capture, "core:header_bytes") ?? 0,
          time: capture["core:datetime"]?.string.flatMap { WFDBHeader.unixNanoseconds(iso: $0) }))
    }
    if captures.isEmpty { captures = [Capture(start: offset, globalIndex: nil, headerBytes: 0, time: nil)] }
    for (first, second) in zip(captures, captures.dropFirst()) where second.start < first.start {
      throw reader.wrong("captures sorted by core:sample_start", "\(second.start) after \(first.start)")
    }
    annotations = []
    for mark in root["annotations"]?.array ?? [] {
      guard let start = try reader.count(mark, "core:sample_start") else {
        throw reader.wrong("core:sample_start of each annotation", "none")
      }
      annotations.append(
        Mark(
          start: start, count: try reader.count(mark, "core:sample_count") ?? 0,
          text: mark["core:label"]?.string ?? mark["core:comment"]?.string ?? ""))
    }
  }

  private struct Reader {
    let file: String

    func wrong(_ expected: String, _ found: String) -> RecordingError {
      RecordingError(
        .malformed, file: file, "expected \(expected), found \(found)",
        remedy: "correct the metadata, for example with sigmf_validate")
    }

    func count(_ object: JSONValue, _ key: String) throws(RecordingError) -> Int? {
      guard let value = object[key], value != .null else { return nil }
      guard let number = value.integer, number >= 0, number < 1 << 48 else {
        throw wrong("\(key), a whole number from 0 to 2^48", value.string ?? value.number.map { "\($0)" } ?? value.kind)
      }
      return Int(number)
    }
  }
}

/// `ri16_le`, `cf32_be`, `cu8`: real or complex, the number, the order of its bytes.
struct SigMFDatatype: Sendable, Hashable {
  var isComplex: Bool
  var element: ElementType
  var order: ByteOrder

  init?(_ text: String) {
    let parts = text.split(separator: "_", omittingEmptySubsequences: false)
    guard let first = parts.first?.first, first == "r" || first == "c", parts.count <= 2,
      let element = ElementType(name: String(parts[0].dropFirst())), element != .int64, element != .int24
    else { return nil }
    isComplex = first == "c"
    self.element = element
    switch (parts.count == 2 ? parts[1] : "", element.size) {
    case ("le", _), ("", 1): order = .little
    case ("be", _): order = .big
    default: return nil
    }
  }
}

extension WFDBHeader {
  /// `2021-03-04T05:06:07.089Z` as Unix nanoseconds; nil for what is no such time.
  static func unixNanoseconds(iso text: String) -> Int64? {
    let halves = text.split(separator: "T")
    guard halves.count == 2, halves[1].last == "Z" else { return nil }
    let days = halves[0].split(separator: "-").map { Int($0) }
    let clock = halves[1].dropLast().split(separator: ":")
    guard days.count == 3, clock.count == 3, let year = days[0], let month = days[1], let day = days[2],
      let hour = Int64(clock[0]), let minute = Int64(clock[1]), let second = Double(clock[2]),
      (0..<24).contains(hour), (0..<60).contains(minute), second >= 0, second < 61,
      case let date = Date(day: day, month: month, year: year), date.exists
    else { return nil }
    var header = WFDBHeader(name: "")
    header.date = date
    header.time = (hour * 3600 + minute * 60) * 1_000_000_000 + Int64((second * 1e9).rounded())
    return header.start
  }
}
