import RunnelCore
import RunnelTesting
import Testing

@testable import RunnelRecordings

/// Against wfdb-python 4.3.1, which wrote and read the files of Tests/Golden/wfdb (python/golden/make_wfdb.py).
@Suite struct GoldenTests {
  private func json(_ name: String) throws -> JSONValue {
    let bytes = try ByteFile.read(Places.golden + "/" + name, limit: 1 << 20)
    return try JSONValue(parsing: String(decoding: bytes, as: UTF8.self))
  }

  private func integers(_ value: JSONValue?) -> [Int64] { value?.array?.compactMap(\.integer) ?? [] }
  private func strings(_ value: JSONValue?) -> [String] { value?.array?.compactMap(\.string) ?? [] }

  @Test(arguments: ["synth212", "synth16"]) func `a record of wfdb-python reads as wfdb-python reads it`(_ name: String)
    throws
  {
    let expected = try json(name + ".json")
    let record = try WFDBRecord(open: Places.golden + "/" + name)
    try record.verifyChecksums()
    let table = expected["samples"]?.array?.flatMap { integers($0) } ?? []
    #expect(table.count == 597)
    #expect(try samples(of: record.path).map(Int64.init) == table)
    #expect(record.channels.map(\.name) == strings(expected["names"]))
    #expect(record.channels.map { $0.unit ?? "NU" } == strings(expected["units"]))
    #expect(record.rate == expected["fs"]?.number && record.rows == 199)
    #expect(record.start == expected["unix_ns"]?.integer)
    #expect(record.header.information == strings(expected["comments"]))
    #expect(record.header.signals.map { Int64($0.checksum ?? -1) } == integers(expected["checksum"]))
  }

  @Test(arguments: ["synth212", "synth16"]) func `its physical values are those of wfdb-python`(_ name: String) throws {
    let expected = try #require(try json(name + ".json")["physical_row_9"]?.array)
    var record = try WFDBRecord(open: Places.golden + "/" + name)
    let row = try frames(&record, 9..<10, chunk: 1)
    for (index, channel) in record.channels.enumerated() {
      guard case .gain(let gain, let baseline) = channel.scaling else { continue }
      #expect((Double(row[index]) - baseline) / gain == expected[index].number)
    }
  }

  @Test(arguments: ["synth212", "synth16"]) func `the same record written here has the same samples file`(
    _ name: String
  ) throws {
    let folder = TemporaryFolder()
    let record = try WFDBRecord(open: Places.golden + "/" + name)
    var writer = try WFDBWriter(
      folder.path + "/" + name, channels: record.channels, rate: record.rate,
      format: name == "synth16" ? .format16 : .format212, start: record.start, information: record.header.information)
    try writer.append(try samples(of: record.path))
    try writer.finish()
    #expect(
      try ByteFile.read(folder.path + "/\(name).dat", limit: 10_000)
        == ByteFile.read(Places.golden + "/\(name).dat", limit: 10_000))
    var ours = try WFDBHeader(contentsOf: folder.path + "/\(name).hea")
    for index in ours.signals.indices { ours.signals[index].checksum? &= 0xFFFF }
    #expect(ours == record.header)
  }

  @Test(arguments: ["atr", "res"]) func `annotations of wfdb-python read as it reads them, and write to the same bytes`(
    _ name: String
  ) throws {
    let expected = try json("synth212.\(name).json")
    let path = Places.golden + "/synth212." + name
    let file = try AnnotationFile(contentsOf: path)
    #expect(file.resolution == expected["fs"]?.number)
    #expect(file.annotations.map(\.at) == integers(expected["at"]))
    #expect(file.annotations.map { String($0.code.symbol) } == strings(expected["symbol"]))
    #expect(file.annotations.map { Int64($0.subtype) } == integers(expected["subtype"]))
    #expect(file.annotations.map { Int64($0.channel) } == integers(expected["channel"]))
    #expect(file.annotations.map { Int64($0.number) } == integers(expected["number"]))
    #expect(file.annotations.map(\.text) == strings(expected["text"]))
    #expect(try file.encoded(file: "x") == ByteFile.read(path, limit: 1000))
  }
}
