import RunnelCore
import Testing

@testable import RunnelRecordings

/// On recorded signals, which are not part of the project: skipped where ../shared/data (or RUNNEL_DATA) is absent.
@Suite(.enabled(if: Places.hasData, "the folder of recorded signals is absent")) struct RecordedDataTests {
  static let ds1 = [
    101, 106, 108, 109, 112, 114, 115, 116, 118, 119, 122, 124, 201, 203, 205, 207, 208, 209, 215, 220, 223, 230,
  ]

  private var data: String { Places.data ?? "" }

  @Test(arguments: ds1) func `a record of MIT-BIH reads with right checksums`(_ number: Int) throws {
    let record = try WFDBRecord(open: "\(data)/mitdb/\(number)")
    #expect(record.rows == 650_000 && record.rate == 360 && record.channels.count == 2)
    #expect(record.channels[0].scaling == .gain(200, baseline: 1024))
    #expect(record.channels[number == 114 ? 1 : 0].name == "MLII")
    try record.verifyChecksums()
  }

  @Test func `the beats of DS1 have the known totals`() throws {
    var totals: [Character: Int] = [:]
    let classes: [Character: String] = ["N": "NLRej", "S": "AaJS", "V": "VE", "F": "F", "Q": "/fQ"]
    for number in Self.ds1 {
      for mark in try AnnotationFile(contentsOf: "\(data)/mitdb/\(number).atr").annotations {
        for (name, symbols) in classes where symbols.contains(mark.code.symbol) { totals[name, default: 0] += 1 }
      }
    }
    #expect(totals == ["N": 45866, "S": 944, "V": 3788, "F": 415, "Q": 8])
  }

  @Test(arguments: ds1) func `an annotation file of MIT-BIH survives reading and writing`(_ number: Int) throws {
    let file = try AnnotationFile(contentsOf: "\(data)/mitdb/\(number).atr")
    #expect(file.resolution == nil)
    #expect(try AnnotationFile(parsing: try file.encoded(file: "x"), file: "x") == file)
  }

  @Test(arguments: ["bw", "em", "ma"]) func `a noise record without calibration reads as 200 per mV`(_ name: String)
    throws
  {
    let record = try WFDBRecord(open: "\(data)/nstdb/\(name)")
    #expect(record.channels.map(\.name) == ["noise1", "noise2"])
    #expect(record.channels[0].scaling == .gain(200, baseline: 0) && record.channels[0].unit == "mV")
    try record.verifyChecksums()
  }

  @Test func `an odd number of channels in 212 reads with right checksums`() throws {
    let record = try WFDBRecord(open: data + "/interop/wfdb/100_3chan")
    #expect(record.rows == 999 && record.channels.map(\.name) == ["I", "II", "III"])
    try record.verifyChecksums()
  }

  @Test func `a record of ten formats reads with right checksums`() throws {
    let recording = try WFDBRecording(data + "/interop/wfdb/binformats")
    try recording.verify()
    #expect(recording.tracks.map(\.channels.count) == [10] && recording.tracks[0].element == .int32)
    let first = try samples(of: recording.path)[..<10]
    #expect(first == [-2047, -32766, -32765, -124, -32763, -2042, -505, -504, -8_388_599, -2_147_483_638])
  }
}
