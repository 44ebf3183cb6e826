import Glibc
import RunnelCore
import RunnelRecordings
import RunnelTesting
import Synchronization
import Testing

@testable import RunnelService

@Suite struct RecordingSeriesTests {
  private let folder = TemporaryFolder()
  private static let second: UInt64 = 1_000_000_000

  private func settings(_ name: String = "x.mcap") -> RecordingSeries.Settings {
    RecordingSeries.Settings(path: folder.path + "/" + name)
  }

  /// The numbers that messages begin with, file by file.
  private func numbers(_ files: [String]) throws -> [[UInt8]] {
    try files.map { file in
      var reader = try MCAPReader(file)
      var numbers: [UInt8] = []
      while let item = try reader.next() {
        if case .message(let message) = item { numbers.append(message.data[message.data.startIndex]) }
      }
      #expect(reader.end == .whole && reader.wrongChecksums.isEmpty && reader.orphans == 0)
      return numbers
    }
  }

  private func append(_ number: Int, _ size: Int, at time: UInt64, to series: RecordingSeries, _ channel: Int) throws {
    var data = [UInt8](repeating: 0, count: size)
    data[0] = UInt8(truncatingIfNeeded: number)
    try data.withUnsafeBytes { try series.append(channel, sequence: 0, logTime: time, publishTime: time, $0) }
  }

  /// One message.
  private func record(_ settings: RecordingSeries.Settings) throws {
    let series = try RecordingSeries(settings, now: 1)
    try append(7, 9, at: 1, to: series, series.addChannel(MCAPChannel(topic: "a/", encoding: "raw")))
    try series.finish()
  }

  @Test func `a split by size loses no message, doubles none, and keeps every file below it`() throws {
    var settings = settings()
    settings.splitSize = 40_000
    settings.attachments = [RecordingSeries.Attachment(name: "a.yaml", mediaType: "text/plain", data: [1, 2, 3])]
    let series = try RecordingSeries(settings, now: 1)
    let channels = ["a/", "b/"].map { series.addChannel(MCAPChannel(topic: $0, encoding: "raw")) }
    var random = SeededGenerator(seed: 4)
    for number in 0..<200 {
      try append(number, 1 + random.below(3000), at: UInt64(number), to: series, channels[number % 2])
    }
    try series.finish()
    #expect(series.files.count > 5 && series.files.first?.hasSuffix("/x-0001.mcap") == true)
    #expect(try numbers(series.files).flatMap { $0 } == (0..<200).map { UInt8($0) })
    #expect(series.messageCount == 200)
    for name in folder.names { #expect(folder.read(name).count <= 40_000, "\(name)") }
    #expect(series.size == folder.names.reduce(0) { $0 + folder.read($1).count })
  }

  @Test func `a split by time begins a file with the first message of the next span`() throws {
    var settings = settings()
    settings.splitSpan = Int64(10 * Self.second)
    let series = try RecordingSeries(settings, now: 1)
    let channel = series.addChannel(MCAPChannel(topic: "a/", encoding: "raw"))
    for number in 0..<35 { try append(number, 9, at: UInt64(100 + number) * Self.second, to: series, channel) }
    try series.finish()
    #expect(try numbers(series.files) == [0..<10, 10..<20, 20..<30, 30..<35].map { Array($0) })
  }

  @Test func `a file whose time is over is closed though nothing comes, and the next waits for a message`() throws {
    var settings = settings()
    settings.splitSpan = Int64(10 * Self.second)
    let series = try RecordingSeries(settings, now: 1)
    let channel = series.addChannel(MCAPChannel(topic: "a/", encoding: "raw"))
    try append(0, 9, at: 100 * Self.second, to: series, channel)
    try series.tick(now: 111 * Self.second)
    #expect(folder.names == ["x-0001.mcap"] && series.messageCount == 1)
    #expect(try numbers(series.files) == [[0]])
    try series.tick(now: 130 * Self.second)
    try append(1, 9, at: 140 * Self.second, to: series, channel)
    try series.finish()
    #expect(try numbers(series.files) == [[0], [1]])
  }

  @Test func `what came before a tick is in the file though its writer never ends`() throws {
    let series = try RecordingSeries(settings(), now: 1)
    let channel = series.addChannel(MCAPChannel(topic: "a/", encoding: "raw"))
    for number in 0..<5 { try append(number, 9, at: 1, to: series, channel) }
    try series.tick(now: 2)
    try append(5, 9, at: 3, to: series, channel)
    // As after kill -9: only what the kernel has.
    folder.write(folder.read("x.mcap"), to: "killed.mcap")
    #expect(try MCAPRecovery.mend(folder.path + "/killed.mcap").messages == 5)
    #expect(try numbers([folder.path + "/killed.mcap"]) == [[0, 1, 2, 3, 4]])
  }

  @Test func `a file that is there is refused, and replaced where that was asked for`() throws {
    folder.write([1], to: "x.mcap")
    var settings = settings()
    let error = #expect(throws: ServiceError.self) { try RecordingSeries(settings, now: 1) }
    #expect(error?.kind == .cannotCreate && error?.description.contains("--force") == true)
    #expect(folder.read("x.mcap") == [1])
    settings.isForced = true
    try record(settings)
    #expect(try numbers([folder.path + "/x.mcap"]) == [[7]])
  }

  @Test(arguments: [nil, 1 << 20]) func `older files stay until something has come that replaces them`(splitSize: Int?)
    throws
  {
    let old = splitSize == nil ? ["x.mcap"] : ["x-0001.mcap", "x-0007.mcap"]
    for name in old { folder.write([1], to: name) }
    var settings = settings()
    (settings.isForced, settings.splitSize) = (true, splitSize)
    let series = try RecordingSeries(settings, now: 1)
    _ = series.addChannel(MCAPChannel(topic: "a/", encoding: "raw"))
    try series.tick(now: 2)
    try series.finish()
    #expect(series.files.isEmpty && folder.names == old && old.allSatisfy { folder.read($0) == [1] })
    try record(settings)
    #expect(folder.names == [old[0]])
    #expect(try numbers([folder.path + "/" + old[0]]) == [[7]])
  }

  @Test func `where the first new file cannot be made the older ones are where they were`() throws {
    folder.write([7], to: "x-0007.mcap")
    var settings = settings()
    (settings.isForced, settings.splitSize) = (true, 1 << 20)
    let series = try RecordingSeries(settings, now: 1)
    let channel = series.addChannel(MCAPChannel(topic: "a/", encoding: "raw"))
    folder.write([1], to: "x-0001.mcap")
    let error = serviceError { try append(7, 9, at: 1, to: series, channel) }
    #expect(error?.kind == .cannotCreate && series.files.isEmpty)
    #expect(folder.names == ["x-0001.mcap", "x-0007.mcap"] && folder.read("x-0007.mcap") == [7])
  }

  @Test func `a file that is being recorded is not replaced`() throws {
    let series = try RecordingSeries(settings(), now: 1)
    var settings = settings()
    settings.isForced = true
    let error = #expect(throws: ServiceError.self) { try RecordingSeries(settings, now: 1) }
    #expect(error?.kind == .unavailable && error?.description.contains("stop its recorder first") == true)
    try append(7, 9, at: 1, to: series, series.addChannel(MCAPChannel(topic: "a/", encoding: "raw")))
    try series.finish()
    #expect(try numbers([folder.path + "/x.mcap"]) == [[7]])
    try record(settings)
  }

  // MARK: the disk

  /// Takes nothing until it is told to, if ever; knows how many bytes of each file it had last.
  private final class Disk: Sendable {
    let sizes = Mutex<[UInt: Int]>([:])
    let code: Int32
    private let ends: [Int32]

    init(isStuck: Bool = false, refuses code: Int32 = 0) {
      var ends: [Int32] = [0, 0]
      precondition(pipe(&ends) == 0)
      (self.ends, self.code) = (ends, code)
      if !isStuck { free() }
    }

    deinit { for end in ends { close(end) } }

    func free() { precondition(write(ends[1], [1], 1) == 1) }

    func sync(_ descriptor: Int32) -> Int32 {
      var (item, status) = (pollfd(fd: ends[0], events: Int16(POLLIN), revents: 0), stat())
      poll(&item, 1, -1)
      fstat(descriptor, &status)
      sizes.withLock { $0[status.st_ino] = status.st_size }
      return code
    }

    func size(of file: String) -> Int? {
      var status = stat()
      return stat(file, &status) == 0 ? sizes.withLock { $0[status.st_ino] } : nil
    }
  }

  /// Twenty files.
  private func split(on disk: Disk) throws -> RecordingSeries {
    var settings = settings()
    settings.splitSize = 5000
    let series = try RecordingSeries(settings, now: 1, disk: disk.sync)
    let channel = series.addChannel(MCAPChannel(topic: "a/", encoding: "raw"))
    for number in 0..<20 {
      try append(number, 4000, at: 1, to: series, channel)
      try series.tick(now: 1)
    }
    return series
  }

  @Test(.timeLimit(.minutes(1))) func `who receives waits for no disk, not where a file ends either`() throws {
    let disk = Disk(isStuck: true)
    let series = try split(on: disk)
    #expect(series.files.count == 20 && series.messageCount == 20)
    disk.free()
    try series.finish()
    #expect(try numbers(series.files) == (0..<20).map { [$0] })
  }

  @Test(.timeLimit(.minutes(1))) func `a recording that has ended is on the disk, every byte of every file`() throws {
    let disk = Disk()
    let series = try split(on: disk)
    try series.finish()
    for file in series.files { #expect(disk.size(of: file) == TemporaryFolder.read(file).count, "\(file)") }
  }

  @Test(.timeLimit(.minutes(1))) func `a disk that refuses ends the recording, and its file is whole`() throws {
    let series = try RecordingSeries(settings(), now: 1, disk: Disk(refuses: EIO).sync)
    try append(7, 9, at: 1, to: series, series.addChannel(MCAPChannel(topic: "a/", encoding: "raw")))
    var error: ServiceError?
    // The disk is heard of when it has answered.
    while error == nil { error = serviceError { try series.tick(now: 2) } }
    #expect(error?.kind == .inputOutput)
    #expect(error?.description.contains("/x.mcap: the disk does not take it") == true)
    #expect(error?.description.hasSuffix("x.mcap is whole, with 1 messages") == true, "\(error?.description ?? "")")
    #expect(try numbers([folder.path + "/x.mcap"]) == [[7]])
  }

  @Test(.timeLimit(.minutes(1))) func `a disk that refuses the last bytes is heard of at the end`() throws {
    let disk = Disk(isStuck: true, refuses: EIO)
    let series = try split(on: disk)
    disk.free()
    let error = serviceError { try series.finish() }
    #expect(error?.kind == .inputOutput && error?.description.contains("x-0001.mcap: the disk does not") == true)
    #expect(try numbers(series.files) == (0..<20).map { [$0] })
  }

  // MARK: places

  @Test func `where nothing came no file is left`() throws {
    let series = try RecordingSeries(settings(), now: 1)
    #expect(folder.names == ["x.mcap"])
    try series.finish()
    #expect(folder.names.isEmpty && series.files.isEmpty && series.size == 0)
  }

  @Test func `where nothing came another recorder's file of that name stays`() throws {
    let series = try RecordingSeries(settings(), now: 1)
    try #require(rename(folder.path + "/x.mcap", folder.path + "/moved.mcap") == 0)
    let other = try RecordingSeries(settings(), now: 2)
    try series.finish()
    #expect(folder.names == ["moved.mcap", "x.mcap"])
    try other.finish()
    #expect(folder.names == ["moved.mcap"])
  }

  @Test func `a part of an older recording is in the way, wherever in the row it is`() throws {
    for name in ["x-0007.mcap", "x-12345.mcap", "x-1.mcap", "y-0001.mcap", "x-000a.mcap"] {
      folder.write([1], to: name)
    }
    var settings = settings()
    settings.splitSize = 1 << 20
    let error = #expect(throws: ServiceError.self) { try RecordingSeries(settings, now: 1) }
    #expect(error?.kind == .cannotCreate && error?.description.contains("x-0007.mcap") == true)
    settings.isForced = true
    try record(settings)
    #expect(folder.names == ["x-0001.mcap", "x-000a.mcap", "x-1.mcap", "y-0001.mcap"])
  }

  @Test(arguments: [("absent/x.mcap", ServiceError.Kind.cannotCreate), ("", .cannotCreate)])
  func `a place where nothing can be written is refused with its exit code`(name: String, kind: ServiceError.Kind) {
    let error = #expect(throws: ServiceError.self) { try RecordingSeries(settings(name), now: 1) }
    #expect(error?.kind == kind)
  }
}
