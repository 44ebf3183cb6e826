import RunnelCore
import RunnelRecordings
import RunnelTesting
import Testing

@testable import RunnelService

@Suite struct RecordingSourceTests {
  private let folder = TemporaryFolder()

  /// Two channels: one counts, one is missing at every tenth row.
  private func record(
    rows: Int = 1000, format: WFDBFormat = .format212, names: [String] = ["MLII", "V1"], start: Int64? = nil
  ) throws -> String {
    let channels = names.map { Channel(name: $0, unit: "mV", scaling: .gain(200, baseline: 1024)) }
    var writer = try WFDBWriter(folder.path + "/r100", channels: channels, rate: 360, format: format, start: start)
    try writer.append((0..<rows).flatMap { row -> [Int32] in [Int32(row), row % 10 == 3 ? format.missing : 7] })
    try writer.finish()
    return folder.path + "/r100.hea"
  }

  /// What `record` wrote, as it is to come out.
  private func stored(_ rows: Range<Int>) -> [Int16] {
    rows.flatMap { row -> [Int16] in [Int16(row), row % 10 == 3 ? -32768 : 7] }
  }

  private func samples(_ source: RecordingSource, chunk: Int) throws -> [Int16] {
    var all: [Int16] = []
    while true {
      let payload = try source.next(rows: chunk)
      if payload.isEmpty { return all }
      all += payload.bindMemory(to: Int16.self)
    }
  }

  private func refusal(_ body: () throws -> RecordingSource) -> ServiceError? {
    #expect(throws: ServiceError.self) { try body() }
  }

  @Test(arguments: [WFDBFormat.format212, .format16], [1, 7, 4096])
  func `rows come as they were stored, missing ones as -32768 which the description names`(
    format: WFDBFormat, chunk: Int
  ) throws {
    let source = try RecordingSource(try record(format: format))
    let expected = stored(0..<1000)
    #expect(try samples(source, chunk: chunk) == expected)
    #expect(source.description.channels.map(\.missing) == [-32768, -32768])
    #expect(source.description.channels[0].scaling == .gain(200, baseline: 1024))
    #expect(source.description.stream == "r100" && source.rate == 360 && source.rowCount == 1000)
    #expect(source.start == nil && source.description.synthetic == nil && source.remarks.isEmpty)
    try source.rewind()
    #expect(try samples(source, chunk: chunk) == expected)
  }

  @Test func `a row farther than lanes count is refused, whatever the file says`() throws {
    func file(_ last: Int) -> String { folder.write("sample,a\n\(last - 4),1\n\(last),2\n", to: "far.csv") }
    let last = 1 << 53
    #expect(try RecordingSource(file(last - 2), .init(rate: 100)).range == last - 6..<last - 1)
    let error = refusal { try RecordingSource(file(last + 2), .init(rate: 100)) }
    #expect(error?.kind == .data && error?.description.contains("row \(last + 2) is beyond 2^53") == true)
  }

  /// Rates of the option and of the file that disagree by more than 0.5 % are told of; else the file's counts.
  @Test(arguments: [
    ("r100.hea", "", 360.0), ("comment.csv", "%Sample Rate = 250 Hz\na,b\n1,2\n1,3\n", 250),
    ("times.csv", "time,a\n" + (0..<50).map { "\(Double($0) / 100),1\n" }.joined(), 100),
    ("index.csv", "sample,time,a\n" + (0..<50).map { "\($0 + 7),\(Double($0) / 100),1\n" }.joined(), 100),
  ])
  func `a rate is for a file that states none`(name: String, text: String, rate: Double) throws {
    let path = text.isEmpty ? try record() : folder.write(text, to: name)
    for factor in [0.7, 0.99, 1.1, 2] {
      let selection = RecordingSource.Selection(rate: (factor * rate * 100).rounded() / 100)
      // Half a second of 100 Hz does not tell 99 Hz from 100.
      guard factor != 0.99 || name == "r100.hea" else { continue }
      let error = refusal { try RecordingSource(path, selection) }
      #expect(error?.kind == .usage && error?.description.contains("leave --rate out") == true)
    }
    #expect(try RecordingSource(path, .init(rate: rate * 1.001)).rate.rounded() == rate)
    #expect(try RecordingSource(path).rate == rate)
  }

  @Test func `times of blocks leave the rate to who gives it`() throws {
    let text = "time,a\n" + (0..<60).map { "\(Double($0 / 10) / 10),1\n" }.joined()
    let source = try RecordingSource(folder.write(text, to: "blocks.csv"), .init(rate: 100))
    #expect(source.rate == 100 && source.rowCount == 60)
  }

  @Test func `from and until are times or sample indexes, and the record's index stays`() throws {
    let path = try record()
    let source = try RecordingSource(path, from: RecordingPosition("1s"), until: RecordingPosition("400"))
    #expect(source.first == 360 && source.rowCount == 40)
    #expect(try samples(source, chunk: 9) == stored(360..<400))
    try source.rewind()
    #expect(try source.next(rows: 1).load(as: Int16.self) == 360)
  }

  @Test func `positions are read in every unit of time`() throws {
    #expect(try RecordingPosition("60s") == .seconds(60) && RecordingPosition("5min") == .seconds(300))
    #expect(try RecordingPosition("21600") == .index(21600) && RecordingPosition("250ms") == .seconds(0.25))
    for text in ["", "-1", "5 minutes", "1.5", "s", "-1s", "60S"] {
      let error = #expect(throws: ServiceError.self) { try RecordingPosition(text) }
      #expect(error?.kind == .usage, "\(text)")
    }
  }

  @Test func `a position beyond the end and a range without rows are mistakes of usage`() throws {
    let path = try record()
    #expect(refusal { try RecordingSource(path, from: .seconds(60)) }?.kind == .usage)
    #expect(refusal { try RecordingSource(path, until: .index(1001)) }?.kind == .usage)
    #expect(refusal { try RecordingSource(path, from: .index(10), until: .index(10)) }?.kind == .usage)
    #expect(refusal { try RecordingSource(path, from: .index(1000)) }?.kind == .usage)
    #expect(try RecordingSource(path, from: .index(999), until: .index(1000)).rowCount == 1)
  }

  @Test func `a record that does not exist is exit code 66`() {
    #expect(refusal { try RecordingSource(folder.path + "/none.hea") }?.kind == .noInput)
  }

  @Test func `a record whose checksum is wrong is refused before the first row`() throws {
    let path = try record()
    var bytes = folder.read("r100.dat")
    bytes[300] ^= 1
    folder.write(bytes, to: "r100.dat")
    let error = refusal { try RecordingSource(path, from: .index(500)) }
    #expect(error?.kind == .data && error?.description.contains("checksum") == true)
  }

  @Test func `a gap of the recording is a jump of the index`() throws {
    _ = try record(rows: 100)
    folder.write(Array("gap/3 2 360 240\nr100 100\n~ 40\nr100 100\n".utf8), to: "gap.hea")
    let source = try RecordingSource(folder.path + "/gap.hea", from: .index(50), until: .index(200))
    #expect(source.first == 50 && source.rowCount == 110)
    var heard: [(Int64, Int)] = []
    while true {
      let index = source.nextIndex
      let payload = try source.next(rows: 30)
      if payload.isEmpty { break }
      heard.append((index, payload.count / 4))
    }
    #expect(heard.map(\.0) == [50, 80, 140, 170] && heard.map(\.1) == [30, 20, 30, 30])
    try source.rewind()
    #expect(source.nextIndex == 50)
  }

  @Test func `of several tracks the one that has the channels is taken, or the one that is named`() throws {
    let path = folder.path + "/night.edf"
    folder.write(
      try ByteFile.read(PublishingData.golden + "/recordings/plus.edf", limit: 1 << 20), to: "night.edf")
    #expect(try RecordingSource(path, .init(channels: ["EOG"])).rate == 100)
    #expect(try RecordingSource(path, .init(track: "10Hz")).description.stream == "night-10Hz")
    let error = refusal { try RecordingSource(path) }
    #expect(error?.kind == .usage)
    #expect(error?.description.contains("'100Hz' (EEG Fpz-Cz, EOG) and '10Hz' (Temp): choose with --track") == true)
    #expect(refusal { try RecordingSource(path, .init(track: "50Hz")) }?.kind == .usage)
  }

  @Test(arguments: ["plus.bdf", "i24.wav", "zstd.mcap", "index.csv", "radio.sigmf-meta"])
  func `any recording is a source, in the type it was stored in`(name: String) throws {
    let recording = try RecordingFormat.open(PublishingData.golden + "/recordings/" + name)
    let source = try RecordingSource(
      PublishingData.golden + "/recordings/" + name, .init(track: recording.tracks[0].name))
    var all: [UInt8] = []
    while true {
      let payload = try source.next(rows: 7)
      if payload.isEmpty { break }
      all += payload
    }
    let stored = try recording.tracks[0].runs.flatMap { try recording.bytes($0, of: 0) }
    #expect(all == stored && source.element == recording.tracks[0].element)
  }

  @Test func `two signals of one name are told apart`() throws {
    let source = try RecordingSource(try record(names: ["ECG", "ECG"]))
    #expect(source.description.channels.map(\.name) == ["ECG", "ECG-2"] && source.remarks.count == 1)
  }

  @Test func `stream and subject are as they are asked for, and the time is the header's`() throws {
    let start: Int64 = 1_700_000_000_000_000_000
    let source = try RecordingSource(try record(start: start), stream: "bed7", subject: "patient 4")
    #expect(source.description.stream == "bed7" && source.description.subject == "patient 4")
    #expect(source.start == start)
  }

  @Test(.enabled(if: PublishingData.mitdb != nil))
  func `record 119 comes out with the checksums of its header`() throws {
    let source = try RecordingSource(try #require(PublishingData.mitdb) + "/119.hea")
    let all = try samples(source, chunk: 4096)
    #expect(all.count == 2 * 650_000)
    var sums: [Int16] = [0, 0]
    for (index, sample) in all.enumerated() { sums[index & 1] &+= sample }
    #expect(sums == [2943, -26388])
  }
}
