import RunnelCore
import RunnelTesting
import Testing

@testable import RunnelRecordings

@Suite struct ConversionTests {
  let folder = TemporaryFolder()

  private func conversion(
    _ name: String, _ track: Int = 0, to output: String
  ) throws -> RecordingConversion {
    let recording = try RecordingFormat.open(RecordingGoldenTests.folder + name)
    let rate = recording.tracks[track].rate
    let marks = recording.format == .wfdb ? [] : try recording.annotations(of: nil, on: track, rate: rate)
    return try RecordingConversion(
      recording, track: track, to: folder.path + "/" + output, as: #require(.init(of: output)), annotations: marks)
  }

  /// Values, runs and marks of two recordings are the same, values to so much of the larger.
  private func same(
    _ old: any Recording, _ track: Int, _ new: any Recording, tolerance: Double = 0
  ) throws {
    let (a, b) = (try physical(old, track), try physical(new))
    #expect(a.count == b.count)
    for (row, (x, y)) in zip(a, b).enumerated() {
      let isSame = zip(x, y).allSatisfy {
        $0.isNaN && $1.isNaN || abs($0 - $1) <= tolerance * max(1, abs($0), abs($1))
      }
      #expect(isSame, "row \(row): \(x), \(y)")
      if !isSame { return }
    }
  }

  @Test(arguments: RecordingGoldenTests.names) func `every recording goes into MCAP and comes back to the bit`(
    _ name: String
  )
    throws
  {
    for track in try RecordingFormat.open(RecordingGoldenTests.folder + name).tracks.indices {
      let conversion = try conversion(name, track, to: "x\(track).mcap")
      #expect(conversion.losses.isEmpty)
      let report = try conversion.write()
      let back = try RecordingFormat.open(folder.path + "/x\(track).mcap")
      #expect(report.rows == conversion.described.rowCount)
      try same(conversion.recording, track, back)
      #expect(back.tracks[0].runs == conversion.described.runs && back.tracks[0].rate == conversion.described.rate)
      #expect(
        back.tracks[0].channels == conversion.described.channels && back.tracks[0].start == conversion.described.start)
      let marks = try back.annotations(of: nil, on: 0, rate: conversion.described.rate)
      #expect(marks.map(\.label) == conversion.annotations.map(\.label))
      #expect(marks.map { [$0.at, $0.length] } == conversion.annotations.map { [$0.at, $0.length] })
    }
  }

  @Test(arguments: RecordingGoldenTests.names) func `every recording goes into CSV and comes back`(_ name: String)
    throws
  {
    let conversion = try conversion(name, to: "x.csv")
    _ = try conversion.write()
    let back = try RecordingFormat.open(folder.path + "/x.csv")
    try same(conversion.recording, 0, back)
    let rate = conversion.described.rate
    #expect(back.tracks[0].runs == conversion.described.runs)
    #expect(abs(back.tracks[0].rate - rate) <= 1e-4 * rate)
    #expect(back.tracks[0].channels.map(\.name) == conversion.described.channels.map(\.name))
    #expect(back.tracks[0].channels.map(\.unit) == conversion.described.channels.map(\.unit))
    if !conversion.annotations.isEmpty {
      let marks = try AnnotationReader.annotations(in: folder.path + "/x.labels.csv", rate: rate)
      #expect(marks.map(\.label) == conversion.annotations.map(\.label))
    }
  }

  @Test(arguments: [
    "packed.hea", "wide.hea", "fixed.hea", "plus.edf", "plain.edf", "i16.wav", "pair.sigmf-meta", "streams.xdf",
    "bare.mcap", "times.tsv",
  ]) func `whole numbers go into WFDB as they are, gaps as missing samples`(_ name: String) throws {
    let conversion = try conversion(name, to: "x.hea")
    #expect(conversion.losses.allSatisfy { $0.contains("lengths") }, "\(conversion.losses)")
    _ = try conversion.write()
    let back = try WFDBRecording(folder.path + "/x.hea")
    try back.verify()
    let (old, new) = (try physical(conversion.recording), try physical(back))
    var row = 0
    let first = conversion.described.runs[0].lowerBound
    for run in conversion.described.runs {
      for index in run {
        let isSame = zip(old[row], new[index - first]).allSatisfy {
          $0.isNaN && $1.isNaN || abs($0 - $1) <= 1e-9 * max(1, abs($0))
        }
        #expect(isSame, "row \(index): \(old[row]), \(new[index - first])")
        row += 1
      }
    }
    let end = conversion.described.end - first
    #expect(back.tracks[0].runs == [0..<end] && new.count == end)
    #expect(new.count { $0.allSatisfy(\.isNaN) } >= end - row)
  }

  @Test(arguments: ["packed.hea", "plus.edf", "i16.wav", "pair.sigmf-meta", "plain.edf"])
  func `whole numbers of 16 bits go into EDF and come back within a fiftieth of a step`(_ name: String) throws {
    let conversion = try conversion(name, to: "x.edf")
    #expect(conversion.losses.isEmpty, "\(conversion.losses)")
    let report = try conversion.write()
    let back = try EDFRecording(folder.path + "/x.edf")
    let old = try physical(conversion.recording)
    let new = try physical(back)
    #expect(new.count >= old.count && (new.count == old.count) == !report.remarks.contains { $0.contains("filled up") })
    for (x, y) in zip(old, new) {
      for ((a, b), channel) in zip(zip(x, y), conversion.described.channels) {
        let step = abs(channel.scaling.physical(1) - channel.scaling.physical(0))
        #expect(abs(a - b) <= step / 50)
      }
    }
    let marks = try back.annotations(of: nil, on: 0, rate: back.tracks[0].rate)
    #expect(marks == conversion.annotations)
  }

  @Test(arguments: ["x.hea", "x.edf"])
  func `a recording that begins late is as long as what is in it, and says where it began`(_ name: String) throws {
    // 20 million rows after its session did, with five rows missing in it, and a mark on the first behind them.
    let first = 20_000_000
    let rows = [0..<10, 15..<20].flatMap { $0 }
    let lines = rows.map { "\(first + $0),\(1_600_000_000_000_000_000 + $0 * 10_000_000),\($0)" }
    let path = folder.write((["sample,t_ns,a"] + lines).joined(separator: "\n") + "\n", to: "late.csv")
    let output = folder.path + "/" + name
    let conversion = try RecordingConversion(
      try RecordingFormat.open(path), track: 0, to: output, as: #require(.init(of: name)),
      annotations: [Annotation(at: Int64(first + 15), code: AnnotationCode(symbol: "N")!)])
    let report = try conversion.write()
    #expect(report.remarks.contains { $0.hasPrefix("row 0 of the file is row 20000000 of the recording") })
    #expect((report.losses + report.remarks).contains { $0.hasPrefix("5 rows of gaps become") })
    let back = try RecordingFormat.open(output)
    #expect(back.tracks[0].start == 1_600_000_000_000_000_000)
    // EDF fills its last record up.
    let values = try physical(back).map { $0[0] }
    #expect(name == "x.hea" ? values.count == 20 : values.count == 100)
    #expect(zip(values.prefix(10), 0..<10).allSatisfy { abs($0 - Double($1)) < 0.001 } && abs(values[19] - 19) < 0.001)
    #expect(try back.annotations(of: name == "x.hea" ? "atr" : nil, on: 0, rate: 100).map(\.at) == [15])
  }

  @Test func `a mark farther off than EDF can say is no reason to stop`() {
    let far = EDFAnnotation(onset: 1e16, duration: 0, texts: ["N"])
    #expect(!far.encoded.isEmpty)
  }

  @Test func `what EDF cannot hold is named`() throws {
    #expect(
      try conversion("bare.mcap", to: "x.edf").losses
        == ["18 rows of gaps become the smallest number that EDF has"])
    #expect(
      try conversion("f32.wav", to: "x.edf").losses == [
        "values of 'signal0', 'signal1' are rounded to steps of 16 bits"
      ])
    #expect(
      try conversion("plus.bdf", to: "x.edf").losses
        == ["values of 'EEG Fpz-Cz', 'EOG' are rounded to steps of 16 bits"])
    #expect(try conversion("plus.bdf", to: "x.bdf").losses.isEmpty)
    let lossy = try conversion("index.csv", to: "x.edf")
    #expect(lossy.losses.count >= 3 && lossy.losses.contains { $0.contains("gaps") })
    #expect(try lossy.write().losses == lossy.losses)
  }

  @Test(arguments: ["x.hea", "x.edf", "x.bdf"])
  func `a gap that would be most of the file is a loss where it has to be written out`(_ name: String) throws {
    func judged(gapTo index: Int, as name: String) throws -> RecordingConversion {
      let path = folder.write("sample,a\n0,1\n1,2\n\(index),3\n", to: "gap.csv")
      let recording = try RecordingFormat.open(path, rate: 100)
      return try RecordingConversion(
        recording, track: 0, to: folder.path + "/" + name, as: #require(.init(of: name)), annotations: [])
    }
    func tells(_ conversion: RecordingConversion) -> Bool {
      conversion.losses.contains { $0.hasPrefix("\(conversion.gapRows) rows of gaps would take ") }
    }
    #expect(!tells(try judged(gapTo: 1_000_000, as: name)))
    let huge = try judged(gapTo: 1 << 40, as: name)
    #expect(tells(huge) && huge.filledSize?.bytes ?? 0 > 1 << 40)
    for name in ["x.mcap", "x.csv"] {
      let same = try judged(gapTo: 1 << 40, as: name)
      #expect(same.losses.isEmpty && same.filledSize == nil)
      #expect(try same.write().rows == 3)
    }
  }

  /// Records of intensive care are moved to such years, so that nobody can be found.
  @Test func `a recording of the year 2150 goes into MCAP without its times, and is read back`() throws {
    let path = folder.write(
      "sample,t_ns,a\n0,5700000000000000000,1\n1,5700000000010000000,2\n", to: "later.csv")
    let conversion = try RecordingConversion(
      try RecordingFormat.open(path), track: 0, to: folder.path + "/later.mcap", as: .mcap,
      annotations: [Annotation("N", at: 1, length: 0)])
    let report = try conversion.write()
    #expect(report.remarks == ["times more than 146 years from 1970 are left out: no message has them"])
    let back = try RecordingFormat.open(folder.path + "/later.mcap")
    #expect(try physical(back) == [[1], [2]] && back.tracks[0].start == nil)
    #expect(try back.annotations(of: nil, on: 0, rate: 100).map(\.at) == [1])
  }

  @Test func `a row has no time where none is known, or the number would not fit`() {
    func track(_ start: Int64?) -> Track {
      Track(name: "a", rate: 1e-6, channels: [], element: .int16, runs: [0..<10], start: start)
    }
    #expect(track(nil).time(ofRow: 1) == nil)
    #expect(track(5).time(ofRow: 1) == 1_000_000_000_000_005)
    #expect(track(.max - 5).time(ofRow: 1 << 52) == nil)
  }

  @Test func `rounded values are off by half a step of their range at most`() throws {
    let conversion = try conversion("f64.wav", to: "x.hea")
    #expect(conversion.losses == ["values of 'signal0' are rounded to steps of 32 bits"])
    _ = try conversion.write()
    let (old, new) = (try physical(conversion.recording), try physical(try WFDBRecording(folder.path + "/x.hea")))
    for (x, y) in zip(old, new) { #expect(abs(x[0] - y[0]) < 2e-9) }
  }

  @Test(arguments: [
    ("small", 2000, 212), ("middle", 30_000, 16), ("large", 8_000_000, 24), ("huge", 2_000_000_000, 32),
  ])
  func `WFDB is written in the smallest format that holds the values`(_ name: String, _ value: Int, _ format: Int)
    throws
  {
    let path = folder.write("sample,time_s,a\n0,0,\(value)\n1,0.01,\(-value)\n2,0.02,0\n", to: "\(name).csv")
    let recording = try RecordingFormat.open(path)
    let output = folder.path + "/\(name).hea"
    _ = try RecordingConversion(recording, track: 0, to: output, as: .wfdb, annotations: []).write()
    #expect(try WFDBHeader(contentsOf: output).signals[0].format == format)
  }

  @Test func `a name says the format by its last ending, in either case`() {
    typealias Target = RecordingConversion.Target
    #expect(Target(of: "a.b/x.HEA") == .wfdb && Target(of: "x.csv.mcap") == .mcap)
    #expect(Target(of: "x.flac") == nil && Target(of: "csv.d/x") == nil && Target(of: "") == nil)
  }

  @Test func `what belongs to a recording is told by its header, whether it is there or not`() throws {
    let golden = RecordingGoldenTests.folder
    func files(_ path: String) -> [String] {
      RecordingFormat.files(of: golden + path).map { String($0.dropFirst(golden.count)) }
    }
    #expect(files("wide") == ["wide.hea", "wide.atr", "wide_1.dat", "wide_2.dat", "wide_3.dat"])
    #expect(
      Set(files("fixed.hea")).isSuperset(of: ["fixed.hea", "fixed_0.hea", "fixed_0.dat", "fixed_1.hea", "fixed_1.dat"]))
    #expect(files("radio.sigmf-data") == ["radio.sigmf-meta", "radio.sigmf-data"])
    #expect(files("plus.edf") == ["plus.edf"] && files("none.edf") == ["none.edf"])
    // One that lists itself ends too.
    let path = folder.write("x/2 1 360 20\nx 10\nx 10\n", to: "x.hea")
    #expect(RecordingFormat.files(of: path).contains(path))
  }

  @Test func `a conversion that fails leaves nothing`() throws {
    let conversion = try conversion("i16.wav", to: "none/x.edf")
    #expect(failure { () throws(RecordingError) in _ = try conversion.write() }?.kind == .cannotCreate)
    #expect(folder.names.isEmpty)
  }
}
