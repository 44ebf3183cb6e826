import RunnelCore
import RunnelWire

/// One session of one stream in an MCAP file, as the first reading finds it.
struct MCAPSession {
  /// What tells sessions apart. A publisher may change the type of its samples; that is a session of its own here.
  struct Key: Hashable {
    let topic: String
    let epoch: UInt64?
    let element: ElementType
    let channels: Int

    init(_ topic: String, _ samples: SampleMessage) {
      self.topic = topic
      epoch = samples.epoch
      element = samples.chunk.element
      channels = samples.chunk.channels
    }
  }

  let key: Key
  /// Of the file: one for each endpoint that it was recorded from.
  var channels: Set<UInt16> = []
  var track: Track
  /// Where the reader finds rows: a record of the file, and the first row in it that was not before.
  var places: [(place: Int, row: Int)] = []
  var end = 0

  /// Decodes a sample message of the encoding `runnel.v1`; nil for heartbeats and ends.
  static func with<R>(
    _ message: MCAPMessage, _ topic: String, file: String, place: Int, _ body: (SampleMessage) -> R?
  ) throws(RecordingError) -> R? {
    let outcome: Result<R?, DecodeError> = try RecordedEncoding.samples.withParts(
      of: message, topic: topic, file: file, place: place
    ) { parts in
      do throws(DecodeError) {
        guard case .samples(let samples) = try RunnelDecoder().decode(parts) else { return .success(nil) }
        return .success(body(samples))
      } catch { return .failure(error) }
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
  private var numbers: [MCAPSession.Key: Int] = [:]
  /// The newest of each stream, from messages that describe it.
  private var descriptions: [String: StreamDescription] = [:]
  /// Onsets whose offsets have not come, by lane and number.
  private var open: [String: Int] = [:]
  private let decoder = LabelDecoder()
  private let runnel = RunnelDecoder(limits: .admitted)

  private static let mostSessions = 4096
  /// Rows of a bare message are found by scanning this far.
  private static let reach = 1 << 18

  init() {}

  mutating func take(_ message: MCAPMessage, _ reader: MCAPReader) throws(RecordingError) {
    guard let channel = reader.channels[message.channel] else { return }
    switch RecordedEncoding(of: channel) {
    case .samples: try takeSamples(message, channel, reader)
    case .json where channel.topic.hasPrefix("l/"): takeLabel(message)
    case .multipart where channel.topic.hasPrefix("m/"): try takeDescription(message, channel, reader)
    case .json, .multipart, nil: break
    }
  }

  /// A description that came after the first samples names their channels all the same.
  private mutating func takeDescription(
    _ message: MCAPMessage, _ channel: MCAPChannel, _ reader: MCAPReader
  ) throws(RecordingError) {
    let described: StreamDescription? = try RecordedEncoding.multipart.withParts(
      of: message, topic: channel.topic, file: reader.path, place: reader.place
    ) { parts in
      guard case .description(let description)? = try? runnel.decode(parts) else { return nil }
      return description
    }
    guard let described, descriptions[described.stream] != described else { return }
    descriptions[described.stream] = described
    for index in sessions.indices where sessions[index].track.name == described.stream {
      let key = sessions[index].key
      guard described.epoch == key.epoch, described.channels.count == key.channels else { continue }
      sessions[index].track.channels = described.channels
    }
  }

  private mutating func takeSamples(
    _ message: MCAPMessage, _ channel: MCAPChannel, _ reader: MCAPReader
  ) throws(RecordingError) {
    typealias Heard = (key: MCAPSession.Key, first: Int, rows: Int, track: Track)
    let descriptions = descriptions
    let heard: Heard? = try MCAPSession.with(message, channel.topic, file: reader.path, place: reader.place) {
      samples in
      let first = Int(samples.first ?? 0)
      let track = Self.track(channel, samples, first: first, descriptions)
      return (MCAPSession.Key(channel.topic, samples), first, samples.chunk.rows, track)
    }
    guard let heard, heard.rows > 0, heard.first < 1 << 60 else { return }
    var number = numbers[heard.key] ?? -1
    if number < 0 {
      guard sessions.count < Self.mostSessions else { return }
      number = sessions.count
      numbers[heard.key] = number
      sessions.append(MCAPSession(key: heard.key, track: heard.track, end: heard.first))
    }
    sessions[number].channels.insert(message.channel)
    sessions[number].take(heard.first..<heard.first + heard.rows, at: reader.place, reach: Self.reach)
  }

  /// The sessions with tracks that can be told apart by name: the second of a stream is `bed7-2`.
  func named() -> [MCAPSession] {
    var counts: [String: Int] = [:]
    return sessions.map { session in
      var session = session
      let number = counts[session.key.topic, default: 0] + 1
      counts[session.key.topic] = number
      if number > 1 { session.track.name += "-\(number)" }
      return session
    }
  }

  private static func track(
    _ channel: MCAPChannel, _ samples: SampleMessage, first: Int, _ descriptions: [String: StreamDescription]
  ) -> Track {
    let rate = samples.rate ?? 0
    let name = (try? Topic(samples.topic))?.stream ?? channel.topic
    var channels: [Channel] = []
    if let described = descriptions[name], described.epoch == samples.epoch {
      channels = described.channels
    } else if let text = channel.metadata["description"] {
      let bytes = Array(text.utf8)
      channels = bytes.withUnsafeBytes { (try? StreamDescription($0, part: 0, limits: .admitted))?.channels ?? [] }
    }
    if channels.count != samples.chunk.channels {
      let names = channel.metadata["names"]?.split(separator: ",").map(String.init) ?? []
      let units = channel.metadata["units"]?.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      channels = (0..<samples.chunk.channels).map { index in
        let unit = units.flatMap { index < $0.count && !$0[index].isEmpty ? $0[index] : nil }
        return Channel(name: index < names.count ? names[index] : "signal\(index)", unit: unit)
      }
    }
    let start = samples.timestamp.flatMap { UnixTime.time(rate > 0 ? -Double(first) / rate * 1e9 : 0, after: $0) }
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
