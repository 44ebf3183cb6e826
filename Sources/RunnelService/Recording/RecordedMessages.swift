import RunnelCore
import RunnelRecordings
import RunnelWire

/// The ZeroMQ messages of a recording in the order in which they came, through all of its files.
///
///     var messages = try RecordedMessages(["ward-0001.mcap", "ward-0002.mcap"])
///     while let message = try messages.next() { try message.withParts { send($0) } }
///
/// Messages that never came over ZeroMQ are passed over. A file that was cut is read up to the cut, and a remark says so.
public struct RecordedMessages {
  /// One message, and where it stands.
  public struct Message {
    public let recorded: MCAPMessage
    public let channel: MCAPChannel
    public let encoding: RecordedEncoding
    let file: String
    let place: Int

    /// When it came, in Unix nanoseconds: at most the largest time of a message, whatever the file says.
    public var time: Int64 { Int64(min(recorded.logTime, WireLimits.largestIndex - 1)) }

    public func withParts<R>(_ body: (MessageParts) -> R) throws(ServiceError) -> R {
      do throws(RecordingError) {
        return try encoding.withParts(of: recorded, topic: channel.topic, file: file, place: place, body)
      } catch { throw ServiceError(error) }
    }
  }

  public let files: [String]
  public private(set) var remarks: [String] = []
  /// What the first file says of itself, where it is a recording of what came.
  public let about: [String: String]?
  public let attachments: [MCAPAttachment]
  /// Of all files, in bytes, and read.
  public let size: Int
  /// Whether it is what a daemon admitted, with its verdicts; else it is what arrived.
  public var isAdmitted: Bool { about?["kind"] == Self.admitted }
  static let admitted = "admitted"
  public var position: Int { finished + (reader?.position ?? 0) }

  private var reader: MCAPReader?
  private var opened = 0
  private var finished = 0

  /// - Throws: `ServiceError` (65, 66, 77) for what is no MCAP file.
  public init(_ files: [String]) throws(ServiceError) {
    precondition(!files.isEmpty, "a recording has a file")
    self.files = files
    do throws(RecordingError) {
      var size = 0
      for path in files { size += try MCAPReader(path).size }
      self.size = size
      (about, attachments) = try Self.preface(files[0])
    } catch { throw ServiceError(error) }
  }

  /// What a file that was written by `runnel record` says of itself; nil of any other.
  public static func about(_ path: String) throws(ServiceError) -> [String: String]? {
    do throws(RecordingError) {
      guard try RecordingFormat.detect(path) == .mcap else { return nil }
      return try preface(path).about
    } catch { throw ServiceError(error) }
  }

  /// Whether a file was written by `runnel record`: what came, message by message.
  public static func isOne(_ path: String) throws(ServiceError) -> Bool { try about(path) != nil }

  /// What stands in a file before its first message.
  private static func preface(
    _ path: String
  ) throws(RecordingError) -> (about: [String: String]?, attachments: [MCAPAttachment]) {
    var reader = try MCAPReader(path)
    var about: [String: String]?
    var attachments: [MCAPAttachment] = []
    while let item = try reader.next() {
      switch item {
      case .message: return (about, attachments)
      case .metadata(let content):
        let metadata = try MCAPMetadata(content, file: path)
        if metadata.name == RecordingSeries.metadataName { about = metadata.values }
      case .attachment(let content): attachments.append(try MCAPAttachment(content, file: path))
      }
    }
    return (about, attachments)
  }

  /// The next message; nil at the end of the last file.
  ///
  /// - Throws: `ServiceError` (65) where a file is damaged in its middle.
  public mutating func next() throws(ServiceError) -> Message? {
    do throws(RecordingError) {
      while true {
        if reader == nil {
          guard opened < files.count else { return nil }
          reader = try MCAPReader(files[opened])
          opened += 1
        }
        guard let item = try reader?.next() else {
          try leave()
          continue
        }
        guard case .message(let message) = item, let reader, let channel = reader.channels[message.channel],
          let encoding = RecordedEncoding(of: channel)
        else { continue }
        return Message(
          recorded: message, channel: channel, encoding: encoding, file: reader.path, place: reader.place)
      }
    } catch { throw ServiceError(error) }
  }

  private mutating func leave() throws(RecordingError) {
    guard let reader else { return }
    if let place = reader.wrongChecksums.first {
      remarks.append("\(reader.path): byte \(place): its checksum is wrong")
    }
    switch reader.end {
    case .cut(let place):
      remarks.append("\(reader.path) was cut short in the record at byte \(place); what came before is read")
    case .damaged(let place, let expected, let found):
      throw RecordingError(
        .malformed, file: reader.path, at: .byte(place), "expected \(expected), found \(found)",
        remedy: "what can be had of it is written by `runnel record --recover FILE -o OTHER`")
    case .whole, nil: break
    }
    finished += reader.size
    self.reader = nil
  }
}
