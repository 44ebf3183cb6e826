import Glibc
import RunnelCore
import RunnelTesting
import Testing

@testable import RunnelRecordings

@Suite struct WFDBWriterTests {
  let folder = TemporaryFolder()
  private var path: String { folder.path + "/w" }

  private func refusal(_ channels: [Channel], _ name: String = "w", information: [String] = []) -> String? {
    failure { () throws(RecordingError) in
      var writer = try WFDBWriter(
        folder.path + "/" + name, channels: channels, rate: 1, format: .format212, information: information)
      try writer.finish()
    }?.problem
  }

  @Test func `what a header says comes back`() throws {
    let channels = [
      Channel(name: "MLII", unit: "mV", scaling: .gain(200, baseline: 1024)),
      Channel(name: "two words", unit: "uV", scaling: .gain(0.1, baseline: -3)),
      Channel(name: "bare", scaling: .identity),
    ]
    let start: Int64 = 1_709_251_198_250_000_000
    var writer = try WFDBWriter(
      path + ".hea", channels: channels, rate: 360.25, format: .format16, start: start, information: ["note", ""])
    try writer.append([1, 2, 3, 4, 5, 6])
    try writer.finish()
    let record = try WFDBRecord(open: path)
    #expect(record.channels.map(\.name) == ["MLII", "two words", "bare"])
    #expect(record.channels.map(\.unit) == ["mV", "uV", nil])
    #expect(
      record.channels.map(\.scaling) == [.gain(200, baseline: 1024), .gain(0.1, baseline: -3), .gain(1, baseline: 0)])
    #expect(record.rate == 360.25 && record.start == start && record.rows == 2)
    #expect(record.header.information == ["note", ""])
    #expect(record.header.signals.map(\.initial) == [1, 2, 3])
  }

  @Test(arguments: [0, -1, 1, 951_782_399_999_999_999, -62_000_000_000_000_001, 9_000_000_000_000_000_000] as [Int64])
  func `a start comes back to the nanosecond`(_ start: Int64) throws {
    var writer = try WFDBWriter(path, channels: [Channel(name: "a")], rate: 1, format: .format16, start: start)
    try writer.finish()
    #expect(try WFDBRecord(open: path).start == start)
  }

  @Test func `nothing is seen before finish`() throws {
    var writer = try WFDBWriter(path, channels: [Channel(name: "a")], rate: 1, format: .format16)
    try writer.append([1, 2, 3])
    #expect(access(path + ".dat", F_OK) != 0 && access(path + ".hea", F_OK) != 0)
    try writer.finish()
    #expect(folder.names == ["w.dat", "w.hea"])
  }

  @Test func `an unfinished record leaves nothing behind`() throws {
    do {
      var writer = try WFDBWriter(path, channels: [Channel(name: "a")], rate: 1, format: .format16)
      try writer.append([1, 2, 3])
    }
    #expect(folder.names == [])
  }

  @Test func `a value outside the 12 bits of 212 is refused with its row and signal`() throws {
    var writer = try WFDBWriter(
      path, channels: [Channel(name: "a"), Channel(name: "b")], rate: 1, format: .format212)
    try writer.append([0, 0])
    let found = failure { () throws(RecordingError) in try writer.append([5, -2048, 6, 2048]) }
    #expect(found?.problem == "row 2, signal 1: value 2048 is outside -2048 to 2047, the range of format 212")
  }

  @Test func `what a header cannot say is refused`() {
    #expect(refusal([Channel(name: "a\nb")]) == "channel 'a·b' has a name with a control character")
    #expect(refusal([Channel(name: "a", unit: "m V")]) == "channel 'a' has a unit that is empty or has white space")
    #expect(
      refusal([Channel(name: "a", scaling: .gain(0, baseline: 0))])
        == "channel 'a' has a scaling that a header cannot say")
    #expect(
      refusal([Channel(name: "a", scaling: .gain(1, baseline: 0.5))])
        == "channel 'a' has a scaling that a header cannot say")
    #expect(refusal([Channel(name: "a", scaling: .linear(scale: 0, offset: 1))]) != nil)
    #expect(refusal([Channel(name: "a", scaling: .linear(scale: .nan, offset: 1))]) != nil)
    #expect(refusal([], "a b") == "'a b' is no record name")
    #expect(refusal([], "ok", information: ["a\nb"]) == "a comment has a line break or control character")
    #expect(
      refusal([Channel(name: String(repeating: "n", count: 300))])
        == "a header line would have 329 bytes, 255 are allowed")
  }

  @Test func `a folder that does not exist cannot take a record`() {
    let found = failure { () throws(RecordingError) in
      _ = try WFDBWriter(folder.path + "/none/w", channels: [], rate: 1, format: .format16)
    }
    #expect(found?.kind == .cannotCreate && found?.problem == "its folder does not exist")
  }
}
