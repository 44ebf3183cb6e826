import RunnelCore
import RunnelTesting
import Testing

@testable import RunnelRecordings

/// Messages of two channels, a few to a chunk, so that files are small and have several.
private struct Made {
  var messages: [[UInt8]] = []
  /// Where each chunk begins, and messages before it.
  var chunks: [(place: Int, messages: Int)] = []
  /// Where records begin, and behind the last of the data.
  var places: Set<Int> = []
  var dataEnd = 0

  init(_ path: String, _ compression: MCAPCompression, chunks count: Int = 4, per: Int = 6) throws {
    var random = SeededGenerator(seed: 3)
    var writer = try MCAPWriter(path, library: "test", compression: compression)
    let schema = writer.addSchema(MCAPSchema(name: "x.Any", encoding: "jsonschema", data: Array("{}".utf8)))
    let numbers = [
      writer.addChannel(MCAPChannel(topic: "a/", encoding: "json", schema: schema, metadata: ["k": "v"])),
      writer.addChannel(MCAPChannel(topic: "b/", encoding: "raw")),
    ]
    for _ in 0..<count {
      chunks.append((writer.size, messages.count))
      for _ in 0..<per {
        let data = (0..<20 + random.below(40)).map { _ in UInt8(random.below(8)) }
        let time = UInt64(1000 + messages.count)
        let message = MCAPMessage(
          channel: 0, sequence: UInt32(messages.count), logTime: time, publishTime: time, data: data[...])
        try writer.append(message, as: numbers[messages.count % 2])
        messages.append(data)
      }
      try writer.closeChunk()
    }
    chunks.append((writer.size, messages.count))
    try writer.finish()
    let bytes = try ByteFile.read(path, limit: 1 << 20)
    var place = 8
    while dataEnd == 0 {
      places.insert(place)
      let length = (0..<8).reduce(0) { $0 | Int(bytes[place + 1 + $1]) << (8 * $1) }
      if bytes[place] == 0x0F { dataEnd = place + 9 + length }
      place += 9 + length
    }
  }
}

/// All that a reader gives, and how the file ended.
private func read(_ path: String) throws -> (messages: [[UInt8]], reader: MCAPReader) {
  var reader = try MCAPReader(path)
  var messages: [[UInt8]] = []
  while let item = try reader.next() {
    if case .message(let message) = item { messages.append(Array(message.data)) }
  }
  return (messages, reader)
}

@Suite struct MCAPTests {
  let folder = TemporaryFolder()

  @Test(arguments: MCAPCompression.allCases) func `what was written is read, with its channels and schemas`(
    _ compression: MCAPCompression
  ) throws {
    let made = try Made(folder.path + "/x.mcap", compression)
    let (messages, reader) = try read(folder.path + "/x.mcap")
    #expect(messages == made.messages)
    #expect(reader.end == .whole && reader.wrongChecksums.isEmpty && reader.chunkCount == 4)
    #expect(reader.channels[1] == MCAPChannel(topic: "a/", encoding: "json", schema: 1, metadata: ["k": "v"]))
    #expect(reader.schemas[1]?.name == "x.Any")
  }

  @Test(arguments: MCAPCompression.allCases)
  func `a file cut at any byte of its last two chunks is recovered up to the cut`(
    _ compression: MCAPCompression
  ) throws {
    let path = folder.path + "/x.mcap"
    let made = try Made(path, compression)
    let bytes = try ByteFile.read(path, limit: 1 << 20)
    var last = 0
    for cut in made.chunks[made.chunks.count - 3].place..<bytes.count {
      let short = folder.write(Array(bytes[..<cut]), to: "cut.mcap")
      let report = try MCAPRecovery.recover(short, to: folder.path + "/mended.mcap")
      let (messages, reader) = try read(folder.path + "/mended.mcap")
      #expect(reader.end == .whole && reader.wrongChecksums.isEmpty)
      #expect(messages == Array(made.messages[..<messages.count]), "cut at \(cut)")
      #expect(report.messages == messages.count)
      // All of every chunk that is whole; of a bare one that is cut, every message that is whole.
      let whole = made.chunks.last { $0.place <= cut }?.messages ?? 0
      #expect(messages.count >= whole, "cut at \(cut)")
      #expect(messages.count >= last, "cut at \(cut)")
      if compression == .none { #expect(messages.count == complete(bytes, upTo: cut, made), "cut at \(cut)") }
      last = messages.count
    }
    #expect(last == made.messages.count)
  }

  /// The messages whose records lie wholly before a byte, counted by walking the file by its rules.
  private func complete(_ bytes: [UInt8], upTo cut: Int, _ made: Made) -> Int {
    func length(_ place: Int) -> Int { (0..<8).reduce(0) { $0 | Int(bytes[place + 1 + $1]) << (8 * $1) } }
    var count = 0
    for (place, before) in made.chunks.dropLast() where place < cut {
      count = before
      // Times, sizes, sum, an empty name, the length of the records.
      var record = place + 9 + 8 + 8 + 8 + 4 + 4 + 8
      let end = place + 9 + length(place)
      while record < end, record + 9 + length(record) <= cut {
        if bytes[record] == 5 { count += 1 }
        record += 9 + length(record)
      }
    }
    return count
  }

  @Test func `most of a zstd chunk that is cut is recovered`() throws {
    // Blocks of Zstandard end every 128 KiB of what was packed.
    let path = folder.path + "/big.mcap"
    var random = SeededGenerator(seed: 4)
    var writer = try MCAPWriter(path)
    let channel = writer.addChannel(MCAPChannel(topic: "a/", encoding: "raw"))
    for sequence in 0..<900 {
      let data = (0..<1000).map { _ in UInt8(random.below(200)) }
      let message = MCAPMessage(
        channel: 0, sequence: UInt32(sequence), logTime: 1, publishTime: 1, data: data[...])
      try writer.append(message, as: channel)
    }
    try writer.closeChunk()
    let size = writer.size
    try writer.finish()
    let bytes = try ByteFile.read(path, limit: 1 << 24)
    let short = folder.write(Array(bytes[..<(size * 3 / 4)]), to: "cut.mcap")
    let report = try MCAPRecovery.recover(short, to: folder.path + "/mended.mcap")
    #expect(report.messages > 0 && report.messages < 900 && !report.isWhole)
  }

  @Test func `a whole file is recovered with nothing lost, and says so`() throws {
    let made = try Made(folder.path + "/x.mcap", .zstd)
    let report = try MCAPRecovery.recover(folder.path + "/x.mcap", to: folder.path + "/y.mcap")
    #expect(report.isWhole && report.sentence == "\(made.messages.count) messages kept")
  }

  @Test func `a file of more channels than can be numbered anew is refused, and stays as it is`() throws {
    var file = MCAPBytes()
    file.append(MCAPMagic.bytes)
    file.put(opcode: MCAPOpcode.header) { $0.put(UInt64(0)) }
    for number in 0...UInt16.max {
      file.put(MCAPChannel(topic: "", encoding: ""), number)
      file.put(opcode: MCAPOpcode.message) { message in
        message.put(number)
        message.put(UInt32(0))
        message.put(UInt64(1))
        message.put(UInt64(1))
      }
    }
    let path = folder.write(file.bytes, to: "x.mcap")
    for output in ["x.mcap", "y.mcap"] {
      let error = failure { () throws(RecordingError) in
        if output == "x.mcap" {
          _ = try MCAPRecovery.mend(path)
        } else {
          _ = try MCAPRecovery.recover(path, to: folder.path + "/" + output)
        }
      }
      #expect(error?.kind == .unsupported && error?.problem.contains("more than 65535 channels") == true)
    }
    #expect(folder.names == ["x.mcap"] && folder.read("x.mcap") == file.bytes)
  }

  @Test func `attachments and metadata survive recovery`() throws {
    var writer = try MCAPWriter(folder.path + "/x.mcap")
    try writer.attach("model", mediaType: "x/y", logTime: 5, [1, 2, 3])
    try writer.addMetadata("about", ["a": "b"])
    try writer.finish()
    _ = try MCAPRecovery.recover(folder.path + "/x.mcap", to: folder.path + "/y.mcap")
    var reader = try MCAPReader(folder.path + "/y.mcap")
    var found: [Bool] = []
    while let item = try reader.next() {
      switch item {
      case .attachment(let content): found.append(content.suffix(7).prefix(3).elementsEqual([1, 2, 3]))
      case .metadata(let content): found.append(content.count > 10)
      case .message: found.append(false)
      }
    }
    #expect(found == [true, true] && reader.wrongChecksums.isEmpty)
  }

  /// `make fuzz` found that it was copied with its wrong sum, so that the recovered file was refused as damaged.
  @Test func `an attachment whose sum is wrong is kept, and has the right one when it is recovered`() throws {
    let made = try Made(folder.path + "/x.mcap", .none, chunks: 1)
    var writer = try MCAPWriter(folder.path + "/y.mcap")
    let channel = writer.addChannel(MCAPChannel(topic: "a/", encoding: "raw"))
    try writer.append(
      MCAPMessage(channel: 0, sequence: 0, logTime: 1, publishTime: 1, data: made.messages[0][...]), as: channel)
    try writer.attach("model", mediaType: "x/y", logTime: 5, [1, 2, 3])
    try writer.finish()
    var bytes = try ByteFile.read(folder.path + "/y.mcap", limit: 1 << 20)
    let place = try #require(bytes.indices.first { bytes[$0...].starts(with: [1, 2, 3]) })
    bytes[place] = 9
    let report = try MCAPRecovery.recover(folder.write(bytes, to: "z.mcap"), to: folder.path + "/m.mcap")
    #expect(report.wrongChecksums > 0 && report.messages == 1)
    #expect(try read(folder.path + "/m.mcap").reader.wrongChecksums.isEmpty)
    #expect(try MCAPRecording(folder.path + "/m.mcap").remarks.count == 1, "it can be read; no topic has samples")
  }

  @Test func `a record of an unknown kind is passed over`() throws {
    let made = try Made(folder.path + "/x.mcap", .none)
    var bytes = try ByteFile.read(folder.path + "/x.mcap", limit: 1 << 20)
    bytes.insert(contentsOf: [0x9A, 3, 0, 0, 0, 0, 0, 0, 0, 7, 7, 7], at: made.chunks[1].place)
    let (messages, _) = try read(folder.write(bytes, to: "y.mcap"))
    #expect(messages == made.messages)
  }

  @Test func `a changed byte is a wrong sum with its place`() throws {
    let made = try Made(folder.path + "/x.mcap", .none)
    var bytes = try ByteFile.read(folder.path + "/x.mcap", limit: 1 << 20)
    // The last byte of the first chunk's last message: before its first index.
    let first = made.chunks[0].place
    let length = (0..<8).reduce(0) { $0 | Int(bytes[first + 1 + $1]) << (8 * $1) }
    bytes[first + 9 + length - 1] ^= 0x40
    let (messages, reader) = try read(folder.write(bytes, to: "y.mcap"))
    #expect(messages.count == made.messages.count)
    #expect(reader.wrongChecksums.first == first && reader.wrongChecksums.count == 2)
    let error = failure { () throws(RecordingError) in _ = try MCAPRecording(folder.path + "/y.mcap") }
    #expect(error?.kind == .checksum && error?.place == .byte(first))
  }

  @Test func `a chunk that promises more than it holds costs no more memory than it holds`() throws {
    let made = try Made(folder.path + "/x.mcap", .zstd)
    var bytes = try ByteFile.read(folder.path + "/x.mcap", limit: 1 << 20)
    let size = made.chunks[0].place + 9 + 16
    bytes.replaceSubrange(size..<size + 8, with: [0, 0, 0, 0x0F, 0, 0, 0, 0])
    let (messages, reader) = try read(folder.write(bytes, to: "y.mcap"))
    #expect(messages.count == 6)
    guard case .damaged(let place, _, _)? = reader.end else { return #expect(Bool(false), "\(reader.end as Any)") }
    #expect(place == made.chunks[0].place)
  }

  @Test func `a chunk closes at one MiB and before a message of the next second`() throws {
    var writer = try MCAPWriter(folder.path + "/x.mcap", compression: .none)
    let channel = writer.addChannel(MCAPChannel(topic: "a/", encoding: "raw"))
    let data = [UInt8](repeating: 1, count: 100_000)
    func message(_ time: UInt64) -> MCAPMessage {
      MCAPMessage(channel: 0, sequence: 0, logTime: time, publishTime: time, data: data[...])
    }
    let head = writer.size
    for _ in 0..<10 { try writer.append(message(5), as: channel) }
    #expect(writer.size == head)
    try writer.append(message(5), as: channel)
    #expect(writer.size > 1_000_000)
    let first = writer.size
    try writer.append(message(6), as: channel)
    try writer.append(message(1_000_000_005), as: channel)
    #expect(writer.size == first)
    try writer.append(message(1_000_000_006), as: channel)
    #expect(writer.size > first)
  }

  @Test func `a visible file is there from the beginning, and one that is there is refused`() throws {
    let path = folder.path + "/x.mcap"
    var writer = try MCAPWriter(path, isVisible: true)
    let channel = writer.addChannel(MCAPChannel(topic: "a/", encoding: "raw"))
    #expect(folder.names == ["x.mcap"])
    let refused = failure { () throws(RecordingError) in _ = try MCAPWriter(path, isVisible: true) }
    #expect(refused?.kind == .cannotCreate)
    try writer.append(
      MCAPMessage(channel: 0, sequence: 0, logTime: 1, publishTime: 1, data: [1, 2]), as: channel)
    try writer.closeChunk()
    // As after a crash: the writer never finishes.
    let (messages, reader) = try read(path)
    #expect(messages.count == 1 && reader.end == .cut(at: writer.size))
  }

  @Test func `a file on a disk that is full is cut behind its last whole chunk and ended there`() throws {
    let path = folder.path + "/x.mcap"
    var writer = try MCAPWriter(path, compression: .none, isVisible: true)
    let channel = writer.addChannel(MCAPChannel(topic: "a/", encoding: "raw"))
    let data = [UInt8](repeating: 1, count: 10_000)
    func append(_ count: Int) throws(RecordingError) {
      for _ in 0..<count {
        let message = MCAPMessage(channel: 0, sequence: 0, logTime: 1, publishTime: 1, data: data[...])
        try writer.append(message, as: channel)
      }
    }
    try append(5)
    try writer.closeChunk()
    let whole = writer.size
    try append(20)
    let error = try FullDisk.during(path, torn: 4321) {
      failure { () throws(RecordingError) in try writer.closeChunk() }
    }
    #expect(error?.kind == .writeFailed && error?.remedy.contains("nothing unfinished") == false)
    #expect(writer.size == whole && writer.messageCount == 25)
    #expect(try writer.salvage() == 20)
    #expect(writer.messageCount == 5)
    let (messages, reader) = try read(path)
    #expect(messages.count == 5 && reader.end == .whole && reader.wrongChecksums.isEmpty)
  }

  @Test func `where there is no room for the end either, every chunk can be read`() throws {
    let path = folder.path + "/x.mcap"
    var writer = try MCAPWriter(path, compression: .none, isVisible: true)
    let channel = writer.addChannel(MCAPChannel(topic: "a/", encoding: "raw"))
    let message = MCAPMessage(channel: 0, sequence: 0, logTime: 1, publishTime: 1, data: [1, 2, 3])
    try writer.append(message, as: channel)
    try writer.closeChunk()
    let whole = writer.size
    let error = try FullDisk.during(path) { failure { () throws(RecordingError) in try writer.finish() } }
    #expect(error?.kind == .writeFailed)
    let (messages, reader) = try read(path)
    #expect(messages.count == 1 && reader.size == whole && reader.end == .cut(at: whole))
  }

  @Test func `the size that a file would have is never less than what it gets`() throws {
    var random = SeededGenerator(seed: 9)
    for count in [0, 1, 7, 300] {
      let path = folder.path + "/\(count).mcap"
      var writer = try MCAPWriter(path, compression: .none)
      let channels = (0..<5).map { writer.addChannel(MCAPChannel(topic: "a\($0)/", encoding: "raw")) }
      for _ in 0..<count {
        let data = [UInt8](repeating: 1, count: random.below(9000))
        let message = MCAPMessage(channel: 0, sequence: 0, logTime: 1, publishTime: 1, data: data[...])
        try writer.append(message, as: channels[random.below(5)])
      }
      let stated = writer.finishedSize
      try writer.finish()
      #expect(writer.size <= stated && stated - writer.size < 2048, "\(count) messages: \(stated), \(writer.size)")
    }
  }

  @Test(arguments: [MCAPCompression.none, .zstd]) func `a file cut anywhere is mended where it lies`(
    _ compression: MCAPCompression
  ) throws {
    let made = try Made(folder.path + "/x.mcap", compression)
    let bytes = try ByteFile.read(folder.path + "/x.mcap", limit: 1 << 20)
    for cut in 0..<bytes.count {
      let path = folder.write(Array(bytes[..<cut]), to: "cut.mcap")
      let report: MCAPRecovery.Report
      do throws(RecordingError) { report = try MCAPRecovery.mend(path) } catch {
        #expect(error.kind == .malformed && cut < made.chunks[1].place, "cut at \(cut): \(error)")
        #expect(try ByteFile.read(path, limit: 1 << 20) == Array(bytes[..<cut]), "it stays as it is")
        continue
      }
      let (messages, reader) = try read(path)
      #expect(reader.end == .whole && messages == Array(made.messages.prefix(messages.count)), "cut at \(cut)")
      #expect(report.messages == UInt64(messages.count) && report.messagesOfTheLast <= messages.count)
      // Whatever is behind the data is made anew.
      let isOfData = cut < made.dataEnd
      #expect((report.bytesLost == 0) == (!isOfData || made.places.contains(cut)), "cut at \(cut): \(report.sentence)")
      // A second time there is nothing to do.
      #expect(try MCAPRecovery.mend(path).isWhole)
    }
  }

  @Test func `a file that ends in zeros, as after a loss of power, is mended like one that was cut`() throws {
    let made = try Made(folder.path + "/x.mcap", .zstd)
    let bytes = try ByteFile.read(folder.path + "/x.mcap", limit: 1 << 20)
    let path = folder.write(bytes[..<made.chunks[3].place] + [UInt8](repeating: 0, count: 5000), to: "y.mcap")
    let report = try MCAPRecovery.mend(path)
    #expect(report.messages == 18 && report.bytesLost == 5000 && report.end == .cut(at: made.chunks[3].place))
    #expect(try read(path).messages == Array(made.messages[..<18]))
  }

  @Test func `a file that is whole stays as it is, byte for byte`() throws {
    _ = try Made(folder.path + "/x.mcap", .zstd)
    let before = try ByteFile.read(folder.path + "/x.mcap", limit: 1 << 20)
    let report = try MCAPRecovery.mend(folder.path + "/x.mcap")
    #expect(report.isWhole && report.messages == 24 && report.bytesLost == 0)
    #expect(try ByteFile.read(folder.path + "/x.mcap", limit: 1 << 20) == before)
  }

  @Test func `a file damaged in its middle is not mended where it lies, for what is behind may be wanted`() throws {
    let made = try Made(folder.path + "/x.mcap", .none)
    var bytes = try ByteFile.read(folder.path + "/x.mcap", limit: 1 << 20)
    bytes[made.chunks[2].place] = 0
    let path = folder.write(bytes, to: "y.mcap")
    let error = failure { () throws(RecordingError) in _ = try MCAPRecovery.mend(path) }
    #expect(error?.kind == .malformed && error?.place == .byte(made.chunks[2].place))
    #expect(try ByteFile.read(path, limit: 1 << 20) == bytes)
    let report = try MCAPRecovery.recover(path, to: folder.path + "/z.mcap")
    #expect(report.messages == 12 && report.bytesLost > 0)
  }

  @Test func `a file that is being written is not mended`() throws {
    let path = folder.path + "/x.mcap"
    do {
      let writer = try MCAPWriter(path, isVisible: true)
      let error = failure { () throws(RecordingError) in _ = try MCAPRecovery.mend(path) }
      #expect(error?.kind == .inUse && writer.size > 0)
    }
    #expect(try MCAPRecovery.mend(path).messages == 0)
  }

  @Test func `a file that is not finished leaves nothing`() throws {
    do {
      var writer = try MCAPWriter(folder.path + "/x.mcap")
      try writer.addMetadata("a", [:])
    }
    #expect(folder.names.isEmpty)
  }

  @Test(.enabled(if: Places.hasData, "the folder of recorded signals is absent"))
  func `a recording of ROS 2 is read, and has no streams of samples`() throws {
    let path = (Places.data ?? "") + "/interop/mcap/talker.mcap"
    let (messages, reader) = try read(path)
    #expect(messages.count == 20 && reader.end == .whole && reader.wrongChecksums.isEmpty)
    let recording = try MCAPRecording(path)
    #expect(recording.tracks.isEmpty && recording.remarks.count == 1)
  }
}
