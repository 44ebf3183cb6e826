import RunnelCore
import RunnelWire

/// One session of one stream in an MCAP file, as the first reading finds it.
struct MCAPSession {
  let channel: UInt16
  let topic: String
  let epoch: UInt64?
  var track: Track
  /// Where the reader finds rows: a record of the file, and the first row in it that was not before.
  var places: [(place: Int, row: Int)] = []
  var end = 0

  /// Decodes a sample message of the encoding `runnel.v1`; nil for heartbeats and ends.
  static func with<R>(
    _ message: MCAPMessage, _ topic: String, file: String, place: Int, _ body: (SampleMessage) -> R?
  ) throws(RecordingError) -> R? {
    let outcome: Result<R?, DecodeError> = message.data.withUnsafeBytes { data in
      let length = data.count >= 10 ? Int(data[8]) | Int(data[9]) << 8 : 0
      let cut = min(max(length, 64), data.count)
      return Array(topic.utf8).withUnsafeBytes { topic in
        let parts = [
          topic, UnsafeRawBufferPointer(rebasing: data[..<cut]), UnsafeRawBufferPointer(rebasing: data[cut...]),
        ]
        return parts.withUnsafeBufferPointer { parts in
          do throws(DecodeError) {
            let decoded = try RunnelDecoder().decode(MessageParts(parts.baseAddress!, count: parts.count))
            guard case .samples(let samples) = decoded else { return .success(nil) }
            return .success(body(samples))
          } catch { return .failure(error) }
        }
      }
    }
    do throws(DecodeError) { return try outcome.get() } catch {
      throw RecordingError(
        .malformed, file: file, at: .byte(place),
        "a message of '\(topic)' (part \(error.part), byte \(error.byteOffset)): expected \(error.expected), found \(error.found)",
        remedy: "record it anew")
    }
  }

  /// Rows of a chunk, interleaved and little-endian, from a row of `target` on.
  static func copy(_ chunk: Chunk, _ rows: Range<Int>, into target: UnsafeMutableRawBufferPointer, row: Int) {
    let (size, channels) = (chunk.element.size, chunk.channels)
    let width = size * channels
    let part = UnsafeMutableRawBufferPointer(rebasing: target[row * width..<(row + rows.count) * width])
    if chunk.layout == .interleaved {
      part.copyMemory(
        from: UnsafeRawBufferPointer(rebasing: chunk.payload[rows.lowerBound * width..<rows.upperBound * width]))
      return
    }
    for channel in 0..<channels {
      for (place, row) in rows.enumerated() {
        let (from, to) = ((channel * chunk.rows + row) * size, place * width + channel * size)
        for byte in 0..<size { part[to + byte] = chunk.payload[from + byte] }
      }
    }
  }
}

/// The sessions and labels of an MCAP file, gathered message by message.
struct MCAPIndex {
  private(set) var sessions: [MCAPSession] = []
  private(set) var labels: [Annotation] = []
  /// The newest session of each channel.
  private var current: [UInt16: Int] = [:]
  /// Onsets whose offsets have not come, by lane and number.
  private var open: [String: Int] = [:]
  private let decoder = LabelDecoder()

  private static let mostSessions = 4096
  /// Rows of a bare message are found by scanning this far.
  private static let reach = 1 << 18

  init() {}

  mutating func take(_ message: MCAPMessage, _ reader: MCAPReader) throws(RecordingError) {
    guard let channel = reader.channels[message.channel] else { return }
    if channel.encoding == MCAPRecording.sampleEncoding {
      try takeSamples(message, channel, reader)
    } else if channel.encoding == "json", channel.topic.hasPrefix("l/") {
      takeLabel(message)
    }
  }

  private mutating func takeSamples(
    _ message: MCAPMessage, _ channel: MCAPChannel, _ reader: MCAPReader
  ) throws(RecordingError) {
    typealias Heard = (epoch: UInt64?, first: Int, rows: Int, track: Track)
    let heard: Heard? = try MCAPSession.with(message, channel.topic, file: reader.path, place: reader.place) {
      samples in
      let first = Int(samples.first ?? 0)
      return (samples.epoch, first, samples.chunk.rows, Self.track(channel, samples, first: first))
    }
    guard let heard, heard.rows > 0, heard.first < 1 << 60 else { return }
    var number = current[message.channel] ?? -1
    if number < 0 || sessions[number].epoch != heard.epoch {
      guard sessions.count < Self.mostSessions else { return }
      number = sessions.count
      current[message.channel] = number
      var track = heard.track
      let earlier = sessions.count { $0.topic == channel.topic }
      if earlier > 0 { track.name += "-\(earlier + 1)" }
      sessions.append(
        MCAPSession(channel: message.channel, topic: channel.topic, epoch: heard.epoch, track: track, end: heard.first))
    }
    guard heard.track.element == sessions[number].track.element,
      heard.track.channels.count == sessions[number].track.channels.count
    else {
      throw RecordingError(
        .unsupported, file: reader.path, at: .byte(reader.place),
        "the samples of '\(channel.topic)' change their type within a session", remedy: "record the stream anew")
    }
    sessions[number].take(heard.first..<heard.first + heard.rows, at: reader.place, reach: Self.reach)
  }

  private static func track(_ channel: MCAPChannel, _ samples: SampleMessage, first: Int) -> Track {
    let rate = samples.rate ?? 0
    var channels: [Channel] = []
    var name = channel.topic
    if let text = channel.metadata["description"] {
      let bytes = Array(text.utf8)
      let described = bytes.withUnsafeBytes { try? StreamDescription($0, part: 0) }
      channels = described?.channels ?? []
      name = described?.stream ?? name
    }
    if channels.count != samples.chunk.channels {
      let names = channel.metadata["names"]?.split(separator: ",").map(String.init) ?? []
      let units = channel.metadata["units"]?.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      channels = (0..<samples.chunk.channels).map { index in
        let unit = units.flatMap { index < $0.count && !$0[index].isEmpty ? $0[index] : nil }
        return Channel(name: index < names.count ? names[index] : "signal\(index)", unit: unit)
      }
    }
    var start: Int64?
    if let time = samples.timestamp {
      let before = rate > 0 ? (Double(first) / rate * 1e9).rounded() : 0
      start = abs(before) < 0x1p62 ? time.subtractingReportingOverflow(Int64(before)).partialValue : nil
    }
    return Track(name: name, rate: rate, channels: channels, element: samples.chunk.element, runs: [], start: start)
  }

  // MARK: labels

  private mutating func takeLabel(_ message: MCAPMessage) {
    let decoded = message.data.withUnsafeBytes { try? decoder.decode(json: $0) }
    guard let label = decoded, let name = label.label, let at = label.at else { return }
    switch label.kind {
    case .label, .event(.point, _): labels.append(Annotation(name, at: at, length: 0))
    case .event(.onset, let number):
      open["\(label.stream)/\(label.pipeline)/\(label.channel)/\(number)"] = labels.count
      labels.append(Annotation(name, at: at, length: 0))
    case .event(.offset, let number):
      let key = "\(label.stream)/\(label.pipeline)/\(label.channel)/\(number)"
      guard let onset = open.removeValue(forKey: key) else { return }
      labels[onset].length = max(0, at - labels[onset].at)
    case .status, .heartbeat: break
    }
  }
}

extension MCAPSession {
  /// Rows that came in the record at a place; those that came before are not new.
  mutating func take(_ rows: Range<Int>, at place: Int, reach: Int) {
    guard rows.upperBound > end else { return }
    let fresh = max(rows.lowerBound, end)..<rows.upperBound
    if let last = places.last, last.place == place || place - last.place < reach {
      // Found by going on from the last place.
    } else {
      places.append((place, fresh.lowerBound))
    }
    if let last = track.runs.last, last.upperBound == fresh.lowerBound {
      track.runs[track.runs.count - 1] = last.lowerBound..<fresh.upperBound
    } else {
      track.runs.append(fresh)
    }
    end = fresh.upperBound
  }
}
