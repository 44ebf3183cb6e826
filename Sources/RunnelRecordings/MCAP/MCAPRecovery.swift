import RunnelCore

/// Makes a whole MCAP file of one that was cut or damaged: every message up to the place where it stops being readable.
///
///     let report = try MCAPRecovery.recover("crashed.mcap", to: "mended.mcap")
///     print(report.sentence)
///
/// Of a chunk that is cut the messages whose bytes are there are kept, compressed or not. Messages of channels that are
/// described nowhere are left out.
public enum MCAPRecovery {
  /// What became of it.
  public struct Report: Sendable, Hashable {
    public var messages: UInt64 = 0
    /// Left out for want of a channel.
    public var orphans = 0
    /// How the file ended.
    public var end = MCAPReader.End.whole
    /// Bytes behind the last record that was read whole; 0 where only indexes and checksums were behind it, which are made anew.
    public var bytesLost = 0
    /// Messages that were had of the record in which the file ends.
    public var messagesOfTheLast = 0
    /// Chunks and attachments whose checksum was wrong, and which were kept.
    public var wrongChecksums = 0

    /// Whether the file was whole.
    public var isWhole: Bool { end == .whole && orphans == 0 }

    /// `1204 messages kept; the file was cut in the record at byte 40961: its last 512 bytes are cut off`
    public var sentence: String {
      var parts = ["\(Phrase.count(messages, "message")) kept"]
      switch end {
      case .whole: break
      case _ where bytesLost == 0: parts.append("the file was not ended, and is now: nothing in it is lost")
      case .cut(let place):
        let kept = messagesOfTheLast > 0 ? ", but for \(Phrase.count(messagesOfTheLast, "message")) in them," : ""
        parts.append("the file was cut in the record at byte \(place): its last \(bytesLost) bytes\(kept) are lost")
      case .damaged(let place, let expected, let found):
        parts.append(
          "byte \(place): expected \(expected), found \(found): the \(bytesLost) bytes from there on are lost")
      }
      if orphans > 0 { parts.append("\(Phrase.count(orphans, "message")) of channels that are not described left out") }
      if wrongChecksums > 0 { parts.append("\(wrongChecksums) checksums are wrong, their messages are kept") }
      return parts.joined(separator: "; ")
    }
  }

  /// Mends a file where it lies; one that is whole stays as it is. It is replaced at once, by a file that is whole.
  ///
  /// - Throws: `inUse` for one that is being recorded; `malformed` for one that is damaged in its middle, where what is
  ///   behind might be wanted, and for one of which nothing can be kept: it stays as it is.
  public static func mend(
    _ path: String, library: String = "runnel", progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
  ) throws(RecordingError) -> Report {
    guard !AtomicFile.isBeingWritten(path) else {
      throw RecordingError(.inUse, file: path, "is being recorded at this moment", remedy: "stop its recorder first")
    }
    var reader = try MCAPReader(path)
    var report = Report()
    while let item = next(&reader, &report) {
      if case .message(let message) = item, reader.channels[message.channel] != nil { report.messages += 1 }
    }
    report.orphans = reader.orphans
    report.wrongChecksums = reader.wrongChecksums.count
    if report.isWhole { return report }
    if case .damaged(let place, let expected, let found) = report.end, report.bytesLost > 0 {
      throw RecordingError(
        .malformed, file: path, at: .byte(place),
        "expected \(expected), found \(found), and \(report.bytesLost) bytes from there on cannot be read",
        remedy: "write what comes before into another file (-o), and keep this one")
    }
    return try recover(path, to: path, library: library, progress: progress)
  }

  /// - Parameter progress: hears of the bytes read, of how many.
  /// - Throws: `malformed` for what does not begin as an MCAP file, and for a file of which nothing can be kept: then no
  ///   other is made. What making the new one throws.
  public static func recover(
    _ path: String, to output: String, library: String = "runnel",
    progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
  ) throws(RecordingError) -> Report {
    var reader = try MCAPReader(path)
    var writer = try MCAPWriter(output, library: library)
    var report = Report()
    var numbers: [UInt16: UInt16] = [:]
    var schemas: [UInt16: UInt16] = [:]
    var last = (place: 0, messages: 0)
    while let item = next(&reader, &report) {
      switch item {
      case .message(let message):
        guard let channel = reader.channels[message.channel] else { continue }
        guard numbers[message.channel] != nil || numbers.count < MCAPWriter.mostChannels else {
          throw RecordingError(
            .unsupported, file: path, at: .byte(reader.place),
            "its messages are of more than \(MCAPWriter.mostChannels) channels",
            remedy: "it stays as it is; take what is needed out of it with MCAP's own programs")
        }
        last = reader.place == last.place ? (last.place, last.messages + 1) : (reader.place, 1)
        let number =
          numbers[message.channel]
          ?? {
            var copy = channel
            if channel.schema != 0, let schema = reader.schemas[channel.schema] {
              let known = schemas[channel.schema] ?? writer.addSchema(schema)
              schemas[channel.schema] = known
              copy.schema = known
            } else {
              copy.schema = 0
            }
            return writer.addChannel(copy)
          }()
        numbers[message.channel] = number
        try writer.append(message, as: number)
      // One that breaks the format inside has nothing that could be kept.
      case .attachment(let content):
        do throws(RecordingError) { try writer.attach(content) } catch  where error.kind == .length {}
      case .metadata(let content):
        do throws(RecordingError) { try writer.addMetadata(content) } catch  where error.kind == .length {}
      }
      progress(reader.position, reader.size)
    }
    report.messages = writer.messageCount
    if report.end == .cut(at: last.place) { report.messagesOfTheLast = last.messages }
    report.orphans = reader.orphans
    report.wrongChecksums = reader.wrongChecksums.count
    if report.messages == 0, report.bytesLost + report.orphans > 0 {
      throw RecordingError(
        .malformed, file: path, at: .byte(reader.place),
        "nothing in the file can be kept: it breaks off before the first message that can be read",
        remedy: "it stays as it is; record anew")
    }
    try writer.finish()
    return report
  }

  /// The next item; what breaks the format inside ends the file like any other damage.
  private static func next(_ reader: inout MCAPReader, _ report: inout Report) -> MCAPReader.Item? {
    do throws(RecordingError) {
      if let item = try reader.next() { return item }
      report.end = reader.end ?? .whole
    } catch {
      report.end = .damaged(at: reader.place, expected: "a record that keeps the format", found: error.problem)
    }
    switch report.end {
    case .whole: break
    case .cut(let place), .damaged(let place, _, _): report.bytesLost = reader.hasAllData ? 0 : reader.size - place
    }
    return nil
  }
}
