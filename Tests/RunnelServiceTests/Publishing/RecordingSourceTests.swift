import RunnelCore
import RunnelRecordings
import Testing

@testable import RunnelService

@Suite struct RecordingSourceTests {
  private let folder = PublishingFolder()

  /// Two channels: one counts, one is missing at every tenth row.
  private func record(
    rows: Int = 1000, format: WFDBFormat = .format212, names: [String] = ["MLII", "V1"], start: Int64? = nil
  ) throws -> String {
    let channels = names.map { Channel(name: $0, unit: "mV", scaling: .gain(200, baseline: 1024)) }
    var writer = try WFDBWriter(folder.path + "/r100", channels: channels, rate: 360, format: format, start: start)
    try writer.append((0..<rows).flatMap { row -> [Int16] in [Int16(row), row % 10 == 3 ? format.missing : 7] })
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

  @Test(arguments: WFDBFormat.allCases, [1, 7, 4096])
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
