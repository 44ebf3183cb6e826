import RunnelCore
import RunnelWire

/// Looks at messages of unknown kind and keeps what they have in common, topic by topic.
///
///     var discoverer = Discoverer()
///     discoverer.take(parts, at: clock.monotonic())        // as they come
///     discoverer.findings                                  // each topic and format, by topic
///
/// It reads no clock and no socket: the same messages at the same times give the same findings.
public struct Discoverer: Sendable {
  private struct Key: Hashable {
    let format: WireFormat
    let topic: [UInt8]?
  }

  /// Topics told apart; messages of further ones are counted only.
  public static let topicLimit = 1024

  public private(set) var messages = 0
  /// Messages under more topics than are told apart.
  public private(set) var beyondLimit = 0
  /// Messages of more parts than are read.
  public private(set) var tooManyParts = 0
  private var places: [Key: Int] = [:]
  private var topics: [TopicFinding] = []
  private let runnel = RunnelDecoder()
  private let labels = LabelDecoder()

  public init() {}

  /// In the order of their topics, those without one first.
  public var findings: [TopicFinding] {
    topics.sorted { a, b in
      (a.topic ?? []).lexicographicallyPrecedes(b.topic ?? [])
        || (a.topic ?? []) == (b.topic ?? []) && a.format.rawValue < b.format.rawValue
    }
  }

  /// - Parameter time: when the message came, in nanoseconds of any clock that does not go back.
  public mutating func take(_ parts: MessageParts, at time: Int64) {
    messages += 1
    let (format, topicPart) = WireFormat.guess(parts)
    let key = Key(format: format, topic: topicPart.map { Array(parts[$0]) })
    guard let place = place(of: key, at: time) else {
      beyondLimit += 1
      return
    }
    topics[place].count(parts, at: time)
    switch format {
    case .samples, .conditioned, .description: takeRunnel(parts, place, time)
    case .array, .array1: takeArray(parts, place, time)
    case .labels: takeLabel(parts, place)
    case .raw: takeRaw(parts, place)
    case .gnuradio: takeRadio(parts, place, time)
    case .openephys: takeOpenEphys(parts, place)
    case .json, .text, .msgpack: takeMap(parts, part: topicPart == nil ? 0 : 1, place)
    case .verdicts, .bsread, .pickle: break
    }
  }

  /// A message that had more parts than any format has.
  public mutating func noteTooManyParts() {
    messages += 1
    tooManyParts += 1
  }

  private mutating func place(of key: Key, at time: Int64) -> Int? {
    if let known = places[key] { return known }
    guard topics.count < Self.topicLimit else { return nil }
    topics.append(TopicFinding(format: key.format, topic: key.topic, at: time))
    places[key] = topics.count - 1
    return topics.count - 1
  }

  private mutating func takeRunnel(_ parts: MessageParts, _ place: Int, _ time: Int64) {
    do throws(DecodeError) {
      let decoded = try runnel.decode(parts)
      if case .description(let description) = decoded {
        topics[place].description = description
      } else {
        topics[place].signal = topics[place].signal ?? SignalFinding()
        topics[place].signal?.note(decoded, axes: nil, at: time)
      }
    } catch { topics[place].refuse(error) }
  }

  /// Which axis is which is not said, so both are counted; what is too wide for channels is read the other way round.
  private mutating func takeArray(_ parts: MessageParts, _ place: Int, _ time: Int64) {
    do throws(DecodeError) {
      var isTurned = false
      let decoded: DecodedMessage
      do throws(DecodeError) { decoded = try ArrayDecoder().decode(parts) } catch {
        guard error.reason == .limit else { throw error }
        isTurned = true
        decoded = try ArrayDecoder(layout: .channelMajor).decode(parts)
      }
      guard case .samples(let message) = decoded else { return }
      let (rows, channels) = (message.chunk.rows, message.chunk.channels)
      topics[place].signal = topics[place].signal ?? SignalFinding()
      topics[place].signal?.note(decoded, axes: isTurned ? (channels, rows) : (rows, channels), at: time)
    } catch { topics[place].refuse(error) }
  }

  private mutating func takeLabel(_ parts: MessageParts, _ place: Int) {
    do throws(DecodeError) {
      let message = try labels.decode(parts)
      topics[place].labels = topics[place].labels ?? LabelFinding()
      topics[place].labels?.note(message)
    } catch { topics[place].refuse(error) }
  }

  private mutating func takeRaw(_ parts: MessageParts, _ place: Int) {
    topics[place].raw = topics[place].raw ?? RawFinding()
    topics[place].raw?.note(parts[parts.count - 1])
  }

  /// Of which type the items are is not said: each byte is a row here.
  private mutating func takeRadio(_ parts: MessageParts, _ place: Int, _ time: Int64) {
    topics[place].raw = topics[place].raw ?? RawFinding()
    do throws(DecodeError) {
      let bytes = RawShape(element: .uint8, channels: 1)
      guard case .samples(let message) = try GNURadioDecoder(shape: bytes, passTags: true).decode(parts) else { return }
      topics[place].raw?.note(message, at: time)
    } catch { topics[place].refuse(error) }
  }

  private mutating func takeOpenEphys(_ parts: MessageParts, _ place: Int) {
    guard parts[0].elementsEqual("DATA\0".utf8), parts.count > 1 else { return }
    do throws(DecodeError) {
      let head = try OpenEphysHead(parts[1])
      topics[place].openEphys = topics[place].openEphys ?? OpenEphysFinding()
      topics[place].openEphys?.note(head, in: parts[1])
    } catch { topics[place].refuse(error) }
  }

  private mutating func takeMap(_ parts: MessageParts, part: Int, _ place: Int) {
    let body = parts[part]
    let mended = topics[place].format == .json ? WireFormat.withoutNaN(body) : nil
    if mended != nil {
      do throws(JSONError) { _ = try JSONValue(parsing: body) } catch {
        topics[place].refuse(DecodeError(error, part: part, in: body))
      }
    }
    guard topics[place].messages == 1 else { return }
    if topics[place].format == .msgpack {
      topics[place].map = JSONValue(messagePack: body).map(MapFinding.init)
    } else {
      let map = mended?.withUnsafeBytes { WireFormat.object($0) } ?? WireFormat.object(body)
      topics[place].map = map.map(MapFinding.init)
      topics[place].example = TopicFinding.escaped(Array(body.prefix(81)))
    }
  }
}
