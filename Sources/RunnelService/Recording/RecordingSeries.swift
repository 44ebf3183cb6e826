import Glibc
import RunnelRecordings

/// The file that a recorder writes, or one after the other where it is split: `bed7.mcap`, or `bed7-0001.mcap`,
/// `bed7-0002.mcap` and so on. Each stands alone, with its channels, its metadata and attachments; a message is in one of them.
///
///     let series = try RecordingSeries(settings)
///     let bed7 = series.addChannel(MCAPChannel(topic: "s/bed7/", encoding: "runnel.v1"))
///     try series.append(bed7, sequence: 1, logTime: now, publishTime: now, header, samples)
///     try series.tick()                                  // every second: what came until then is safe from a crash
///     try series.finish()
final class RecordingSeries {
  struct Settings: Sendable, Hashable {
    var path: String
    /// Files that are there already are replaced.
    var isForced = false
    /// Bytes that a file has at most, but for a single message that is larger; nil: one file.
    var splitSize: Int?
    /// Nanoseconds from a file's first message to the next file's.
    var splitSpan: Int64?
    /// Who writes it.
    var library = "runnel"
    /// What every file says of the recording.
    var metadata: [String: String] = [:]
    var attachments: [Attachment] = []

    var isSplit: Bool { splitSize != nil || splitSpan != nil }
  }

  struct Attachment: Sendable, Hashable {
    var name: String
    var mediaType: String
    var data: [UInt8]
  }

  /// The metadata record that marks a recording of what arrived.
  static let metadataName = "runnel.recording"
  /// Its keys for which file of the recording it is, from 1 on, and for what tells one recording from another: when it
  /// began, in Unix nanoseconds.
  static let partKey = "part"
  static let beganKey = "began"
  /// The attachment with the configuration that was recorded with.
  static let configurationName = "runnel.yaml"

  /// The file that grows now.
  private final class Part {
    var writer: MCAPWriter
    let sync: DiskSync
    /// When its first message came, in Unix nanoseconds.
    var began: UInt64 = 0
    /// Of the series' channels; 0 where it has none of their messages.
    var numbers: [UInt16]
    var labelSchema: UInt16 = 0

    init(_ writer: consuming MCAPWriter, sync: DiskSync, channels: Int) {
      self.writer = writer
      self.sync = sync
      numbers = Array(repeating: 0, count: channels)
    }
  }

  private let settings: Settings
  private let disk: DiskSync.Disk
  private let began: UInt64
  private let name: RecordingName
  private let replaced: ReplacedFiles
  private(set) var files: [String] = []
  /// Of the files that are closed.
  private var closed = (messages: UInt64(0), size: 0)
  /// Nil between two files, and before the first where it replaces others.
  private var part: Part?
  /// Of files that are closed, and not known to be on the disk.
  private var closing: [DiskSync] = []
  /// A disk that is more files behind is waited for.
  private static let mostClosing = 32
  private var channels: [(described: MCAPChannel, isLabel: Bool)] = []

  /// Makes the first file; where it replaces others, with the first message.
  ///
  /// - Throws: 66, 73, 74, 77 where it cannot be made, is there already, or has no room to grow.
  init(_ settings: Settings, now: UInt64, disk: @escaping DiskSync.Disk = DiskSync.disk) throws(ServiceError) {
    self.settings = settings
    self.disk = disk
    began = now
    name = RecordingName(settings.path, isSplit: settings.isSplit)
    replaced = ReplacedFiles(try name.inTheWay(isForced: settings.isForced))
    try DiskSpace.check(folderOf: settings.path)
    if replaced.paths.isEmpty { _ = try open(at: now) }
  }

  var messageCount: UInt64 { closed.messages + (part?.writer.messageCount ?? 0) }
  /// Bytes of all files, with what waits to be compressed.
  var size: Int { closed.size + (part?.writer.finishedSize ?? 0) }

  /// - Returns: the number by which messages name it, in whatever file.
  func addChannel(_ channel: MCAPChannel) -> Int {
    channels.append((channel, RecordedEncoding(of: channel) == .json && channel.topic.hasPrefix("l/")))
    part?.numbers.append(0)
    return channels.count - 1
  }

  func append(
    _ channel: Int, sequence: UInt32, logTime: UInt64, publishTime: UInt64, _ head: UnsafeRawBufferPointer,
    _ body: UnsafeRawBufferPointer = UnsafeRawBufferPointer(start: nil, count: 0)
  ) throws(ServiceError) {
    if let part, isFull(part, at: logTime, for: head.count + body.count) { try close(part) }
    let part = if let part = self.part { part } else { try open(at: logTime) }
    if part.numbers[channel] == 0 { part.numbers[channel] = describe(channel, in: part) }
    if part.writer.messageCount == 0 { part.began = logTime }
    try writing(part) { (part) throws(RecordingError) in
      try part.writer.append(
        part.numbers[channel], sequence: sequence, logTime: logTime, publishTime: publishTime, head, body)
    }
  }

  /// Whether a message of so many bytes belongs into the next file.
  private func isFull(_ part: Part, at time: UInt64, for bytes: Int) -> Bool {
    guard settings.isSplit, part.writer.messageCount > 0 else { return false }
    if isOver(part, at: time) { return true }
    // Of a message there are its record and its place.
    return settings.splitSize.map { part.writer.finishedSize + bytes + Self.recordSize > $0 } ?? false
  }

  private func isOver(_ part: Part, at time: UInt64) -> Bool {
    guard let span = settings.splitSpan, part.writer.messageCount > 0 else { return false }
    return time >= part.began.addingReportingOverflow(UInt64(span)).partialValue
  }

  private static let recordSize = 64

  private func describe(_ channel: Int, in part: Part) -> UInt16 {
    var described = channels[channel].described
    if channels[channel].isLabel {
      if part.labelSchema == 0 { part.labelSchema = part.writer.addSchema(.label) }
      described.schema = part.labelSchema
    }
    return part.writer.addChannel(described)
  }

  /// Hands everything to the kernel, and asks for it to be brought to the disk meanwhile.
  func tick(now: UInt64) throws(ServiceError) {
    if let part, isOver(part, at: now) { try close(part) }
    guard let part else { return try checkClosed() }
    try writing(part) { (part) throws(RecordingError) in
      try part.writer.closeChunk()
      for sync in closing + [part.sync] { try sync.check() }
    }
    part.sync.request()
  }

  /// Closes the file, and waits until all are on the disk. One into which nothing came is removed: it would be in the way
  /// of the next try.
  func finish() throws(ServiceError) {
    let last = part?.sync
    if let part { try close(part) }
    guard messageCount > 0 else {
      // Somebody may have moved it away, and another recorder taken its name.
      for file in files where last?.isFile(at: file) ?? false { unlink(file) }
      (files, closed.size) = ([], 0)
      return
    }
    for sync in closing { sync.wait() }
    replaced.wait()
    try checkClosed()
  }

  /// Complains of a file that the disk did not take.
  private func checkClosed() throws(ServiceError) {
    do throws(RecordingError) { for sync in closing { try sync.check() } } catch { throw ServiceError(error) }
  }

  // MARK: files

  private func open(at now: UInt64) throws(ServiceError) -> Part {
    if files.isEmpty { try replaced.putAside() }
    let path = name.path(of: files.count + 1)
    var metadata = settings.metadata
    metadata[Self.partKey] = "\(files.count + 1)"
    metadata[Self.beganKey] = "\(began)"
    let opened: Part
    do throws(RecordingError) {
      var writer = try MCAPWriter(path, library: settings.library, isVisible: true)
      files.append(path)
      try writer.addMetadata(Self.metadataName, metadata)
      for attachment in settings.attachments {
        try writer.attach(attachment.name, mediaType: attachment.mediaType, logTime: now, attachment.data)
      }
      do throws(ServiceError) {
        opened = Part(writer, sync: try DiskSync(path, disk: disk), channels: channels.count)
      } catch { throw RecordingError(.writeFailed, file: path, error.description, remedy: "allow more open files") }
    } catch {
      replaced.putBack()
      throw ServiceError(error)
    }
    replaced.remove()
    // Its name is to be on the disk from now on.
    opened.sync.request()
    part = opened
    return opened
  }

  private func close(_ part: Part) throws(ServiceError) {
    try writing(part) { (part) throws(RecordingError) in try part.writer.finish() }
    leave(part)
  }

  private func leave(_ part: Part) {
    closed.messages += part.writer.messageCount
    closed.size += part.writer.size
    self.part = nil
    part.sync.end()
    if closing.count >= Self.mostClosing { closing[0].wait() }
    closing.removeAll(where: \.isComplete)
    closing.append(part.sync)
  }

  /// Where writing fails the file ends behind what is whole in it.
  private func writing(_ part: Part, _ body: (Part) throws(RecordingError) -> Void) throws(ServiceError) {
    do throws(RecordingError) { try body(part) } catch {
      let path = files.last ?? settings.path
      var outcome: String
      do throws(RecordingError) {
        let lost = try part.writer.salvage()
        outcome = "\(path) is whole, with \(part.writer.messageCount) messages"
        if lost > 0 { outcome += "; the last \(lost) that came are lost" }
      } catch { outcome = "`runnel record --recover \(path)` mends it where there is room" }
      leave(part)
      throw ServiceError(.inputOutput, "\(error); \(outcome)")
    }
  }
}
