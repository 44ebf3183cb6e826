import Glibc
import RunnelCore
import RunnelTesting
import Testing

@testable import RunnelRecordings

@Suite struct RecordingFormatTests {
  let folder = TemporaryFolder()

  private func refusal(_ name: String, _ bytes: [UInt8]) throws -> RecordingError? {
    let path = folder.write(bytes, to: name)
    return failure { () throws(RecordingError) in _ = try RecordingFormat.open(path) }
  }

  @Test func `the content says the format, whatever the name says`() throws {
    for (name, format) in [
      ("plus.edf", RecordingFormat.edf), ("i16.wav", .wav), ("streams.xdf", .xdf), ("lz4.mcap", .mcap),
    ] {
      let bytes = try ByteFile.read(RecordingGoldenTests.folder + name, limit: 1 << 20)
      #expect(try RecordingFormat.detect(folder.write(bytes, to: "some.dat2")) == format)
    }
    #expect(try RecordingFormat.detect(RecordingGoldenTests.folder + "packed") == .wfdb)
    #expect(try RecordingFormat.detect(RecordingGoldenTests.folder + "pair") == .sigmf)
  }

  @Test func `a folder is told for what it is, unless a record has its name`() throws {
    let found = failure { () throws(RecordingError) in _ = try RecordingFormat.open(folder.path) }
    #expect(found?.kind == .notAFile && found?.description.contains("is a directory") == true)
    let place = folder.path + "/x"
    mkdir(place, 0o755)
    folder.write("x 0 360 0\n", to: "x.hea")
    #expect(try RecordingFormat.detect(place) == .wfdb)
  }

  @Test func `what is none of the formats is refused with byte and remedy`() throws {
    let unknown = try #require(try refusal("x.bin", [0, 1, 2, 3]))
    #expect(unknown.kind == .unsupported && unknown.place == .byte(0))
    #expect(unknown.description.contains("begins with bytes of no known format; give a WFDB, EDF"))
    #expect(try refusal("x.xdfz", [0x1F, 0x8B, 8])?.remedy == "unpack it with gunzip first")
    #expect(try refusal("x.dat", [0, 0])?.remedy == "name the record's header, NAME.hea")
    #expect(try refusal("x.csv", [])?.problem == "is empty")
    #expect(failure { () throws(RecordingError) in _ = try RecordingFormat.open("/nowhere/x.edf") }?.kind == .notFound)
  }

  @Test(arguments: [
    ("x.csv", "time,a\n0,1\n0.1,x\n", "x.csv:3:5: expected a number in column 'a', found 'x'"),
    ("x.csv", "time,a\n0,1\n0.2,1\n0.1,1\n", "x.csv:4: expected a later time than in the row before"),
    ("x.csv", "a,b\n1,2\n", "says neither a rate nor times; give the rate, for example --rate 360Hz"),
    ("x.csv", "time,a\n0,1,2,3\n", "x.csv:2: expected 2 fields, found 4"),
    ("x.sigmf-meta", "{\"global\":}", "x.sigmf-meta: byte 10: expected"),
    ("x.sigmf-meta", "{\"global\":{\"core:datatype\":\"rf16\"}}", "expected core:datatype such as rf32_le"),
    ("x.wav", "RIFF....WAVEfmt ", "x.wav: byte 12: expected the chunk 'fmt '"),
    ("x.edf", "0       only a few bytes", "expected the patient (80 bytes)"),
    ("x.xdf", "XDF:", "has no tracks"),
  ]) func `a file that is wrong is told with its place`(_ name: String, _ text: String, _ wanted: String) throws {
    let path = folder.write(text, to: name)
    let found = failure { () throws(RecordingError) in
      if try RecordingFormat.open(path).tracks.isEmpty {
        throw RecordingError(.unsupported, file: path, "has no tracks", remedy: "")
      }
    }
    #expect(found?.description.contains(wanted) == true, "\(found?.description ?? "no error")")
  }

  @Test func `an EDF header that lies is refused with the byte`() throws {
    let whole = try ByteFile.read(RecordingGoldenTests.folder + "plus.edf", limit: 1 << 20)
    func changed(_ place: Int, _ text: String) throws -> RecordingError? {
      var bytes = whole
      bytes.replaceSubrange(place..<place + 8, with: EDFHeader.padded(text, 8))
      return try refusal("x.edf", bytes)
    }
    #expect(try changed(184, "512")?.place == .byte(184))
    #expect(try changed(236, "many")?.place == .byte(236))
    #expect(try changed(244, "-1")?.place == .byte(244))
    #expect(try changed(252, "90000")?.place == .byte(252))
    // Four signals: physical minimum, digital minimum, samples of the first.
    #expect(try changed(256 + 4 * 104, "NaN")?.place == .byte(256 + 4 * 104))
    #expect(try changed(256 + 4 * 120, "40000")?.place == .byte(256 + 4 * 120))
    #expect(try changed(256 + 4 * 216, "99999999")?.kind == .malformed)
  }

  @Test func `a WAV file without a size ends with the file`() throws {
    var bytes = try ByteFile.read(RecordingGoldenTests.folder + "i16.wav", limit: 1 << 20)
    let data = try #require(bytes.firstRange(of: Array("data".utf8))).upperBound
    for size in [[0, 0, 0, 0], [255, 255, 255, 255], [0, 0, 1, 0]] as [[UInt8]] {
      bytes.replaceSubrange(data..<data + 4, with: size)
      let recording = try RecordingFormat.open(folder.write(bytes, to: "x.wav"))
      #expect(recording.tracks[0].runs == [0..<30])
      #expect(recording.remarks.count == (size[2] == 1 ? 1 : 0))
    }
  }

  @Test func `a SigMF recording with a changed sample is refused by its sum`() throws {
    for suffix in [".sigmf-meta", ".sigmf-data"] {
      folder.write(
        try ByteFile.read(RecordingGoldenTests.folder + "radio" + suffix, limit: 1 << 20), to: "radio" + suffix)
    }
    var data = try ByteFile.read(folder.path + "/radio.sigmf-data", limit: 1 << 20)
    try RecordingFormat.open(folder.path + "/radio.sigmf-meta").verify()
    data[7] ^= 1
    folder.write(data, to: "radio.sigmf-data")
    let found = failure { () throws(RecordingError) in
      try RecordingFormat.open(folder.path + "/radio.sigmf-meta").verify()
    }
    #expect(found?.kind == .checksum)
  }

  @Test func `SHA-512 is that of the standard's examples`() throws {
    let path = folder.write("abc", to: "abc")
    #expect(
      try SHA512.hex(of: try OpenFile(path, regularOnly: true)).hasPrefix("ddaf35a193617abacc417349ae204131"))
    let long = folder.write(Array(repeating: 0x61, count: 1_000_000), to: "a")
    #expect(
      try SHA512.hex(of: try OpenFile(long, regularOnly: true)).hasPrefix("e718483d0ce769644e2e42c7bc15b4638e1f98b1"))
  }

  @Test func `a cut XDF file is read up to the cut, and says so`() throws {
    let bytes = try ByteFile.read(RecordingGoldenTests.folder + "streams.xdf", limit: 1 << 20)
    let recording = try RecordingFormat.open(folder.write(Array(bytes[..<(bytes.count - 500)]), to: "x.xdf"))
    #expect(recording.tracks.count == 2 && recording.remarks.contains { $0.contains("cut short") })
  }

  @Test func `damage inside an XDF file costs what lies before the next boundary`() throws {
    var bytes = try ByteFile.read(RecordingGoldenTests.folder + "streams.xdf", limit: 1 << 20)
    let boundary: [UInt8] = [0x43, 0xA5, 0x46, 0xDC]
    let first = try #require(bytes.firstRange(of: boundary)).lowerBound
    // The head of the chunk behind the first boundary.
    bytes[first + 16] = 0x77
    let recording = try RecordingFormat.open(folder.write(bytes, to: "x.xdf"))
    #expect(recording.tracks[0].rowCount == 40 && recording.remarks.contains { $0.contains("damaged") })
  }

  @Test func `annotations are read from a table of either kind`() throws {
    let rows = folder.write("first,count,t_ns,channel,label,id,p\n18,0,,MLII,N,0,0.9\n77,5,,MLII,V,2,\n", to: "a.csv")
    #expect(try AnnotationReader.annotations(in: rows, rate: 360).map(\.at) == [18, 77])
    #expect(try AnnotationReader.annotations(in: rows, rate: 360).map(\.code.symbol) == ["N", "V"])
    let seconds = folder.write("onset\tduration\ttrial_type\n1.5\t0.25\tstim \"x\"\n", to: "b.tsv")
    let marks = try AnnotationReader.annotations(in: seconds, rate: 100)
    #expect(marks.map(\.at) == [150] && marks.map(\.length) == [25] && marks[0].code == .comment)
    let wrong = folder.write("first,label\nx,N\n", to: "c.csv")
    let found = failure { () throws(RecordingError) in _ = try AnnotationReader.annotations(in: wrong, rate: 1) }
    #expect(found?.place == .line(2, column: nil))
  }

  @Test func `a file of annotations only is written and read`() throws {
    let marks = [Annotation("V", at: 36, length: 0), Annotation("Sleep stage W", at: 720, length: 10_800)]
    var writer = try EDFWriter(folder.path + "/a.edf", channels: [], rate: 360, annotations: marks)
    try writer.finish()
    #expect(try AnnotationReader.annotations(in: folder.path + "/a.edf", rate: 360) == marks)
    #expect(try EDFRecording(folder.path + "/a.edf").tracks.isEmpty)
  }

  @Test func `an EDF file has as many records as eight digits say, and no more`() {
    // A file of so many would have 5 GB at least.
    #expect(EDFHeader.padded("99999999", 8).count == 8)
    let last = failure { () throws(RecordingError) in try EDFWriter.checkRoom(behind: 99_999_998, in: "a.edf") }
    #expect(last == nil)
    let found = failure { () throws(RecordingError) in try EDFWriter.checkRoom(behind: 99_999_999, in: "a.edf") }
    #expect(found?.kind == .unsupported)
    #expect(
      found?.description
        == "a.edf: more than 99999999 data records, which a header cannot say; write MCAP or CSV")
  }

  @Test(
    .enabled(if: Places.hasData, "the folder of recorded signals is absent"),
    arguments: [
      ("edf/short_psg.edf", 7, 0), ("edf/mne_test.edf", 139, 5), ("edf/SC4001EC-Hypnogram.edf", 0, 154),
      ("sigmf/sigmf_logo.sigmf-meta", 2, -1), ("wav/jfk.wav", 1, 0), ("xdf/minimal.xdf", 3, -1),
      ("wfdb/100_3chan.hea", 3, -1), ("wfdb/binformats.hea", 10, -1),
    ])
  func `recordings of others are read, with their marks`(_ name: String, _ channels: Int, _ marks: Int) throws {
    let recording = try RecordingFormat.open((Places.data ?? "") + "/interop/" + name)
    try recording.verify()
    #expect(recording.tracks.reduce(0) { $0 + $1.channels.count } == channels)
    for (index, track) in recording.tracks.enumerated() {
      #expect(try physical(recording, index).count == track.rowCount)
    }
    guard marks >= 0 else { return }
    let found = try recording.annotations(of: nil, on: recording.tracks.isEmpty ? nil : 0, rate: 100)
    #expect(found.count == marks)
  }
}
