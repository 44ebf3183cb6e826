import RunnelCore

/// One stream of an XDF file, as the first reading of the file finds it.
struct XDFStream {
  let id: UInt32
  let name: String
  let type: String
  /// Hz; 0 where samples come when they come.
  let rate: Double
  let channels: [Channel]
  /// Nil where samples are texts.
  let element: ElementType?

  /// The chunks that hold its samples, and the rows before each in the file.
  private(set) var pieces: [(place: Int, size: Int, row: Int)] = []
  /// Rows in the file.
  private(set) var count = 0
  /// Where a stretch of rows without a break begins: in the file, and in the track.
  private(set) var stretches: [(row: Int, place: Int)] = []
  /// Seconds of the first row, on the stream's own clock.
  private(set) var first: Double?
  private var last = 0.0
  /// Texts with their times, in a stream of texts.
  private(set) var marks: [(time: Double, text: String)] = []
  /// When the recorder asked for the stream's clock, and what had to be added to it.
  var offsets: [(time: Double, value: Double)] = []

  private static let mostMarks = 1 << 22

  /// - Throws: `malformed` for what is no header.
  init(header: XMLText, id: UInt32, file: String, place: Int) throws(RecordingError) {
    func wrong(_ expected: String, _ found: String?) -> RecordingError {
      RecordingError(
        .malformed, file: file, at: .byte(place),
        "expected \(expected) of stream \(id), found \(found.map { Quoted.name($0) } ?? "none")",
        remedy: "check that the file was recorded to its end")
    }
    self.id = id
    name = header.string("name") ?? "stream\(id)"
    type = header.string("type") ?? ""
    let stated = header.string("nominal_srate")
    guard let rate = stated.flatMap(Double.init), rate >= 0, rate < 1e9 else { throw wrong("nominal_srate", stated) }
    self.rate = rate
    let countText = header.string("channel_count")
    guard let count = countText.flatMap({ Int($0) }), (1...65536).contains(count) else {
      throw wrong("channel_count, 1 to 65536,", countText)
    }
    let formatText = header.string("channel_format")
    switch formatText {
    case "float32": element = .float32
    case "double64": element = .float64
    case "int8": element = .int8
    case "int16": element = .int16
    case "int32": element = .int32
    case "int64": element = .int64
    case "string": element = nil
    default: throw wrong("a channel_format", formatText)
    }
    let described = header.first("channels")?.all("channel", most: count) ?? []
    channels = (0..<count).map { index in
      let channel = index < described.count ? described[index] : nil
      return Channel(name: channel?.string("label") ?? "signal\(index)", unit: Self.unit(channel?.string("unit")))
    }
  }

  /// LSL's words for microvolts and the like, as the rest of the world writes them.
  private static func unit(_ text: String?) -> String? {
    switch text?.lowercased() {
    case "microvolts", "microvolt": "uV"
    case "millivolts", "millivolt": "mV"
    case "volts", "volt": "V"
    default: text
    }
  }

  /// Bytes of a sample's values.
  var rowSize: Int { channels.count * (element?.size ?? 0) }

  /// Takes the content of a samples chunk, behind the stream's id.
  mutating func take(_ fields: inout FileFields, place: Int, size: Int) throws(RecordingError) {
    let count = try Self.length(&fields)
    pieces.append((place, size, self.count))
    for _ in 0..<count {
      let stamp = try Self.stamp(&fields)
      let time = stamp ?? (rate > 0 && first != nil ? last + 1 / rate : last)
      if element == nil {
        var texts: [String] = []
        for _ in channels { texts.append(try fields.text(try Self.length(&fields), "a text")) }
        if marks.count < Self.mostMarks, let text = texts.first { marks.append((time, text)) }
      } else {
        _ = try fields.take(rowSize, "a sample")
      }
      extend(time)
    }
  }

  /// A break in time ends a stretch: more than a second, and more than three samples. Times of LSL jitter; the samples of
  /// one chunk come late together, but by less.
  private mutating func extend(_ time: Double) {
    if first == nil {
      first = time
      stretches.append((0, 0))
    } else if rate > 0, time - last - 1 / rate > max(1, 3 / rate) {
      let now = stretches[stretches.count - 1]
      let next = now.place + count - now.row
      let missing = Int(min((time - last) * rate, 0x1p60 - Double(next)).rounded()) - 1
      stretches.append((count, next + max(0, missing)))
    }
    last = time
    count += 1
  }

  /// Of the track's rows.
  var runs: [Range<Int>] {
    stretches.enumerated().map { index, stretch in
      let end = index + 1 < stretches.count ? stretches[index + 1].row : count
      return stretch.place..<stretch.place + end - stretch.row
    }
  }

  /// What must be added to a time of this stream to have the recorder's: a line through the offsets, by least squares.
  func correction(at time: Double) -> Double {
    guard let first = offsets.first else { return 0 }
    let n = Double(offsets.count)
    let (meanTime, meanValue) = (
      offsets.reduce(0) { $0 + ($1.time - first.time) } / n, offsets.reduce(0) { $0 + $1.value } / n
    )
    var (above, below) = (0.0, 0.0)
    for offset in offsets {
      let distance = offset.time - first.time - meanTime
      above += distance * (offset.value - meanValue)
      below += distance * distance
    }
    return meanValue + (below > 0 ? above / below : 0) * (time - first.time - meanTime)
  }

  // MARK: pieces of a samples chunk

  static func length(_ fields: inout FileFields) throws(RecordingError) -> Int {
    let place = fields.place
    let width = try fields.integer(UInt8.self, "the width of a length")
    let value: UInt64
    switch width {
    case 1: value = UInt64(try fields.integer(UInt8.self, "a length"))
    case 4: value = UInt64(try fields.integer(UInt32.self, "a length"))
    case 8: value = try fields.integer(UInt64.self, "a length")
    default: throw fields.malformed(at: place, "a length of 1, 4 or 8 bytes", found: "\(width)")
    }
    guard value < 1 << 40 else { throw fields.malformed(at: place, "a length of this chunk", found: "\(value)") }
    return Int(value)
  }

  /// The time of a sample where it has one.
  static func stamp(_ fields: inout FileFields) throws(RecordingError) -> Double? {
    let place = fields.place
    switch try fields.integer(UInt8.self, "the width of a time") {
    case 0: return nil
    case 8:
      let time = try fields.double("a time")
      guard abs(time) < 1e15 else { throw fields.malformed(at: place, "a time in seconds", found: "\(time)") }
      return time
    case let width: throw fields.malformed(at: place, "a time of 0 or 8 bytes", found: "\(width)")
    }
  }
}
