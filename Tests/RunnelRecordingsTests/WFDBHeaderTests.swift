import RunnelCore
import Testing

@testable import RunnelRecordings

private func parse(_ text: String) throws(RecordingError) -> WFDBHeader {
  try WFDBHeader(parsing: Array(text.utf8), file: "x.hea")
}

private func refusal(_ text: String) -> String? {
  failure { () throws(RecordingError) in _ = try parse(text) }?.description
}

@Suite struct WFDBHeaderTests {
  @Test func `a header of the shortest form gets every default`() throws {
    let header = try parse("x 1\nx.dat 16\n")
    #expect(header.name == "x" && header.rate == 250 && header.counterRate == 250 && header.counterBase == 0)
    #expect(header.rows == nil && header.start == nil && !header.isMultiSegment)
    let signal = header.signals[0]
    #expect(signal.samplesPerFrame == 1 && signal.skew == 0 && signal.byteOffset == 0 && signal.blockSize == 0)
    #expect(signal.gain == nil && signal.usedGain == 200 && signal.usedBaseline == 0 && signal.usedUnit == "mV")
    #expect(signal.checksum == nil && signal.name(at: 0) == "signal0")
  }

  @Test func `a header with every field keeps every field`() throws {
    let header = try parse(
      "# before\r\n\r\nrec_1-a 2 360.5/720(-12.5) 1000 23:59:58.25 29/02/2024\r\n"
        + "a.dat 212x2:3+512 -1.5e2(-7)/uV 11 1024 995 -29832 4 Lead  I of two \r\n# between\r\n"
        + "a.dat\t212x1:0+512\t200/mV\t12\r\n # age 75\r\n#\r\n")
    #expect(header.rate == 360.5 && header.counterRate == 720 && header.counterBase == -12.5)
    #expect(header.rows == 1000 && header.date == .init(day: 29, month: 2, year: 2024))
    #expect(header.time == 86_398_250_000_000)
    let first = header.signals[0]
    #expect(first.format == 212 && first.samplesPerFrame == 2 && first.skew == 3 && first.byteOffset == 512)
    #expect(first.gain == -150 && first.baseline == -7 && first.unit == "uV" && first.resolution == 11)
    #expect(first.adcZero == 1024 && first.initial == 995 && first.checksum == -29832 && first.blockSize == 4)
    #expect(first.description == "Lead  I of two")
    #expect(header.signals[1].resolution == 12 && header.signals[1].unit == "mV")
    #expect(header.information == ["age 75", ""])
  }

  @Test func `a baseline that is not given is the ADC zero`() throws {
    #expect(try parse("x 1\nx.dat 212 200 11 1024").signals[0].usedBaseline == 1024)
  }

  @Test func `a gain of 0 is no calibration and is read as 200`() throws {
    let signal = try parse("x 1\nx.dat 212 0 12 0 -29 -3562 0 noise1").signals[0]
    #expect(signal.gain == nil && signal.usedGain == 200 && signal.description == "noise1")
  }

  @Test func `a counter frequency of 0 or less is the rate`() throws {
    #expect(try parse("x 0 100/0").counterRate == 100)
  }

  @Test func `0 samples means that the number is unknown`() throws {
    #expect(try parse("x 0 100 0").rows == nil)
  }

  @Test(arguments: [
    ("7", 7_000_000_000), ("1:30", 90_000_000_000), ("0:0:0", 0), ("23:59:59.999999999", 86_399_999_999_999),
    ("1:2:3.5", 3_723_500_000_000),
  ]) func `a time of day may be short and may have a fraction`(_ text: String, _ nanoseconds: Int64) throws {
    #expect(try parse("x 0 100 10 \(text)").time == nanoseconds)
  }

  @Test func `time and date make a start in Unix nanoseconds, as UTC`() throws {
    #expect(try parse("x 0 100 10 00:00:01 01/01/1970").start == 1_000_000_000)
    #expect(try parse("x 0 100 10 12:00:00.5 29/02/2000").start == 951_825_600_500_000_000)
    #expect(try parse("x 0 100 10 23:59:59 31/12/1969").start == -1_000_000_000)
    #expect(try parse("x 0 100 10 12:00:00").start == nil)
    #expect(try parse("x 0 100 10 12:00:00 01/01/2300").start == nil, "beyond the nanoseconds of Int64")
  }

  @Test func `every day of nine centuries survives the way to a day number and back`() {
    for day in Int64(-200_000)...Int64(130_000) {
      #expect(WFDBHeader.Date(unixDay: day).unixDay == day)
    }
  }

  @Test func `a multi-segment header lists its segments`() throws {
    let header = try parse("m/3 2 360 1000\nm_layout 0\n~ 400\nm_1 600\n")
    #expect(header.isMultiSegment && header.signals.isEmpty)
    #expect(
      header.segments == [.init(name: "m_layout", rows: 0), .init(name: "~", rows: 400), .init(name: "m_1", rows: 600)])
  }

  @Test func `a description in Latin-1 is read as what it says`() throws {
    let bytes = Array("x 1\nx.dat 16 200/".utf8) + [0xB5, 0x56] + Array(" 16\n".utf8)
    #expect(try WFDBHeader(parsing: bytes, file: "x.hea").signals[0].unit == "µV")
  }

  @Test(arguments: [
    (
      "",
      "x.hea:1: expected a record line (name, number of signals, rate), found nothing; check that the file was copied whole"
    ),
    (
      "# only\n\n",
      "x.hea:1: expected a record line (name, number of signals, rate), found nothing; check that the file was copied whole"
    ),
    ("x", "x.hea:1:2: expected the number of signals, found the end of the line; correct the line"),
    ("x two", "x.hea:1:3: expected the number of signals, a whole number, found 'two'; correct the line"),
    ("x 99999", "x.hea:1:3: expected 0 to 4096 signals, found '99999'; correct the line"),
    ("x/y 1", "x.hea:1:3: expected the number of segments, found 'y'; correct the line"),
    ("x 1 -360", "x.hea:1:5: expected a rate in Hz, above 0, found '-360'; correct the line"),
    ("x 1 nan", "x.hea:1:5: expected a rate in Hz, above 0, found 'nan'; correct the line"),
    ("x 1 360/7(a)", "x.hea:1:5: expected a base counter value in parentheses, found '360/7(a)'; correct the line"),
    ("x 1 360 -4", "x.hea:1:9: expected the number of samples per signal, found '-4'; correct the line"),
    ("x 0 360 4 1:60:00", "x.hea:1:11: expected a time of day, HH:MM:SS, found '1:60:00'; correct the line"),
    ("x 0 360 4 1:0:0 30/02/2024", "x.hea:1:17: expected a date, DD/MM/YYYY, found '30/02/2024'; correct the line"),
    ("x 0 360 4 1:0:0 1/2/2024 z", "x.hea:1:26: expected the end of the record line, found 'z'; correct the line"),
    ("x 2 360\nx.dat 212\n", "x.hea:1: expected 2 signal lines, found 1; check that the file was copied whole"),
    ("m/2 2 360\nm_1 4\n", "x.hea:1: expected 2 segment lines, found 1; check that the file was copied whole"),
    (
      "x 1 360\nx.dat\n",
      "x.hea:2:6: expected a signal format such as 212 or 16, found the end of the line; correct the line"
    ),
    (
      "x 1 360\nx.dat 212y\n",
      "x.hea:2:7: expected a format such as 212, 16x2, 16:5 or 16+512, found '212y'; correct the line"
    ),
    (
      "x 1 360\nx.dat 212x0\n",
      "x.hea:2:7: expected a format such as 212, 16x2, 16:5 or 16+512, found '212x0'; correct the line"
    ),
    (
      "x 1 360\nx.dat 212 200(10/mV\n",
      "x.hea:2:11: expected a gain such as 200, 200(1024) or 200(1024)/mV, found '200(10/mV'; correct the line"
    ),
    (
      "x 1 360\nx.dat 212 200 11 MLII\n",
      "x.hea:2:18: expected the ADC's zero, a whole number, found 'MLII'; correct the line"
    ),
    (
      "x 1 360\nx.dat 212\nx.dat 212\n",
      "x.hea:3:1: expected a comment (#) after the last signal line, found 'x.dat 212'; correct the number of signals in the record line"
    ),
  ]) func `a wrong header is refused with line, column, expectation and remedy`(_ text: String, _ sentence: String) {
    #expect(refusal(text) == sentence)
  }

  @Test func `no cut of a header crashes the reader`() {
    let text = Array(
      "rec 2 360/720(1) 10 1:2:3 1/2/2024\r\na 212x2:3+4 200(1)/mV 11 0 1 2 0 d\r\na 212\r\n# i\r\n".utf8)
    for end in 0...text.count { _ = try? WFDBHeader(parsing: Array(text[..<end]), file: "x") }
  }

  @Test func `no flipped byte of a header crashes the reader`() {
    let text = Array(
      "rec 2 360/720(1) 10 1:2:3 1/2/2024\r\na 212x2:3+4 200(1)/mV 11 0 1 2 0 d\r\na 212\r\n# i\r\n".utf8)
    var random = SeededGenerator(seed: 7)
    for _ in 0..<5000 {
      var broken = text
      for _ in 0...random.below(3) { broken[random.below(text.count)] = UInt8(random.below(256)) }
      _ = try? WFDBHeader(parsing: broken, file: "x")
    }
  }
}
