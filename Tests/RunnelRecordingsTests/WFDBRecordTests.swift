import Glibc
import RunnelCore
import RunnelTesting
import Testing

@testable import RunnelRecordings

/// The vectors of docs/foreign-formats.md §7.
private let rows: [Int32] = [0, 1, -1, 100, 2047, -2047, -2048, 5, 300, -300]
private let in212: [UInt8] = [0x00, 0x00, 0x01, 0xFF, 0x0F, 0x64, 0xFF, 0x87, 0x01, 0x00, 0x08, 0x05, 0x2C, 0xE1, 0xD4]
private let in16: [UInt8] = [
  0x00, 0x00, 0x01, 0x00, 0xFF, 0xFF, 0x64, 0x00, 0xFF, 0x07, 0x01, 0xF8, 0x00, 0xF8, 0x05, 0x00, 0x2C, 0x01, 0xD4,
  0xFE,
]

private func header(_ format: Int, rows: Int? = 5, sums: [String] = ["298", "63295"]) -> String {
  "x 2 360\(rows.map { " \($0)" } ?? "")\n"
    + sums.map { "x.dat \(format) 200(0)/mV 12 0 0 \($0) 0 lead\n" }.joined()
}

/// A record of the vectors in a folder, after the changes given.
private func vector(_ folder: TemporaryFolder, format: Int = 212, header text: String? = nil, data: [UInt8]? = nil)
  throws
  -> String
{
  folder.write(data ?? (format == 212 ? in212 : in16), to: "x.dat")
  return folder.write(text ?? header(format), to: "x.hea")
}

private func refusal(_ path: String) -> RecordingError? {
  failure { () throws(RecordingError) in
    let record = try WFDBRecord(open: path)
    try record.verifyChecksums()
  }
}

@Suite struct WFDBRecordTests {
  let folder = TemporaryFolder()

  @Test(arguments: [212, 16]) func `the test vector is read`(_ format: Int) throws {
    #expect(try samples(of: try vector(folder, format: format)) == rows)
  }

  @Test(arguments: [212, 16]) func `the test vector is written`(_ format: Int) throws {
    let channels = [
      Channel(name: "a", scaling: .gain(200, baseline: 0)), Channel(name: "b", scaling: .gain(200, baseline: 0)),
    ]
    var writer = try WFDBWriter(
      folder.path + "/x", channels: channels, rate: 360, format: WFDBFormat(rawValue: format)!)
    try writer.append(rows)
    try writer.finish()
    #expect(try ByteFile.read(folder.path + "/x.dat", limit: 100) == (format == 212 ? in212 : in16))
    let header = try WFDBHeader(contentsOf: folder.path + "/x.hea")
    #expect(header.signals.map(\.checksum) == [298, -2241])
    #expect(header.signals.map(\.initial) == [0, 1])
  }

  @Test func `an odd total in 212 is written with two bytes and read with two or three`() throws {
    var writer = try WFDBWriter(folder.path + "/y", channels: [Channel(name: "a")], rate: 1, format: .format212)
    try writer.append([1, -2, 3])
    try writer.finish()
    #expect(try ByteFile.read(folder.path + "/y.dat", limit: 100) == [0x01, 0xF0, 0xFE, 0x03, 0x00])
    #expect(try samples(of: folder.path + "/y") == [1, -2, 3])
    folder.write([0x01, 0xF0, 0xFE, 0x03, 0x00, 0x00], to: "y.dat")
    #expect(try samples(of: folder.path + "/y.hea") == [1, -2, 3])
  }

  @Test func `a checksum is compared modulo 65536`() throws {
    for sum in ["-2241", "63295", "128831"] {
      #expect(refusal(try vector(folder, header: header(212, sums: ["298", sum]))) == nil)
    }
  }

  @Test func `a wrong checksum names signal, stored and computed`() throws {
    let path = try vector(folder, header: header(212, sums: ["298", "63294"]))
    let found = try #require(refusal(path))
    #expect(found.kind == .checksum)
    #expect(
      found.description
        == "\(path):3: signal 'lead' has checksum -2241, its header says 63294; "
        + "copy the record again; its samples are not those that were recorded")
  }

  @Test func `without a number of samples the length comes from the file and no checksum is judged`() throws {
    for text in [header(212, rows: nil, sums: ["1", "2"]), header(212, rows: 0, sums: ["1", "2"])] {
      let record = try WFDBRecord(open: try vector(folder, header: text))
      #expect(record.rows == 5)
      try record.verifyChecksums()
    }
  }

  @Test func `an empty signal file of unknown length is a record of no rows`() throws {
    let record = try WFDBRecord(open: try vector(folder, header: header(212, rows: nil), data: []))
    #expect(record.rows == 0)
    try record.verifyChecksums()
  }

  @Test func `a missing signal file is not found`() throws {
    let path = try vector(folder)
    unlink(folder.path + "/x.dat")
    #expect(refusal(path)?.description == "\(folder.path)/x.dat: no such file; check the path")
    #expect(refusal(path)?.kind == .notFound)
  }

  @Test func `a missing header is not found`() {
    #expect(refusal(folder.path + "/none")?.description == "\(folder.path)/none.hea: no such file; check the path")
  }

  @Test func `an empty header is refused`() throws {
    let path = folder.write("", to: "e.hea")
    #expect(refusal(path)?.kind == .malformed)
  }

  @Test func `a folder in place of the signal file is refused`() throws {
    let path = try vector(folder)
    unlink(folder.path + "/x.dat")
    mkdir(folder.path + "/x.dat", 0o700)
    #expect(refusal(path)?.kind == .notAFile)
    #expect(refusal(path)?.problem == "is a directory where a file was expected")
  }

  @Test func `a pipe in place of the signal file is refused without waiting`() throws {
    let path = try vector(folder)
    unlink(folder.path + "/x.dat")
    mkfifo(folder.path + "/x.dat", 0o600)
    #expect(refusal(path)?.problem == "is not an ordinary file")
  }

  @Test func `a short signal file says how many rows are missing`() throws {
    let path = try vector(folder, data: Array(in212.dropLast(4)))
    let found = try #require(refusal(path))
    #expect(found.kind == .length)
    #expect(
      found.description
        == "\(folder.path)/x.dat: 2 of 5 rows are missing: it holds 11 bytes of samples, \(path) asks for 15; "
        + "copy the file again")
  }

  @Test func `one byte too few is one row too few`() throws {
    #expect(refusal(try vector(folder, format: 16, data: in16.dropLast()))?.problem.hasPrefix("1 of 5 rows") == true)
    #expect(refusal(try vector(folder, data: in212.dropLast()))?.problem.hasPrefix("1 of 5 rows") == true)
  }

  @Test func `trailing bytes are an error that says how many rows they are`() throws {
    let path = try vector(folder, data: in212 + [1, 2, 3, 4])
    let found = try #require(refusal(path))
    #expect(
      found.description
        == "\(folder.path)/x.dat: byte 15: 4 bytes follow the last of 5 rows (1 whole rows too many); "
        + "correct the number of samples in \(path), or copy the file again")
  }

  @Test func `bytes that are no whole row are an error where the length is unknown`() throws {
    let path = try vector(folder, format: 16, header: header(16, rows: nil), data: in16 + [1, 2])
    #expect(refusal(path)?.description.contains("byte 20: 2 bytes follow 5 whole rows of 2 channels") == true)
  }

  @Test(arguments: [508, 516, 524, 13]) func `another format is refused by its number`(_ format: Int) throws {
    let found = refusal(try vector(folder, header: header(format)))
    #expect(found?.kind == .unsupported)
    #expect(
      found?.problem
        == "expected signal format 8, 16, 24, 32, 61, 80, 160, 212, 310, 311, found format \(format)")
  }

  @Test func `a layout header is refused`() throws {
    let found = refusal(folder.write("l 1 360 0\n~ 0 200/mV 12 0 0 0 0 II\n", to: "l.hea"))
    #expect(found?.problem == "expected a signal file, found '~' (a layout header has no samples)")
  }

  @Test(arguments: ["/etc/passwd", "../x.dat", "a/../../x.dat"]) func `a signal file elsewhere is refused`(
    _ name: String
  ) throws {
    let found = refusal(folder.write("p 1 360\n\(name) 16\n", to: "p.hea"))
    #expect(found?.problem == "expected a signal file in the header's folder, found '\(name)'")
  }

  @Test func `two formats in one file are refused`() throws {
    #expect(refusal(try vector(folder, header: "x 2 360\nx.dat 212\nx.dat 16\n"))?.kind == .malformed)
  }

  @Test func `a file that comes back after another is refused`() throws {
    #expect(refusal(try vector(folder, header: "x 3 360\nx.dat 212\ny.dat 16\nx.dat 212\n"))?.kind == .malformed)
  }

  @Test func `the byte offset is honoured`() throws {
    let text = header(212).replacing("212", with: "212+7")
    #expect(try samples(of: try vector(folder, header: text, data: Array(repeating: 0xAA, count: 7) + in212)) == rows)
  }

  @Test func `padding to the block size is no trailing byte`() throws {
    let text = header(212).replacing(" 0 lead", with: " 16 lead")
    #expect(try samples(of: try vector(folder, header: text, data: in212 + [0])) == rows)
  }

  @Test func `signals in separate files of different formats make rows together`() throws {
    folder.write([0x01, 0xF0, 0xFE, 0x03, 0x00], to: "a.dat")
    folder.write([10, 0, 20, 0, 11, 0, 21, 0, 12, 0, 22, 0], to: "b.dat")
    let path = folder.write("s 3 360 3\na.dat 212\nb.dat 16\nb.dat 16\n", to: "s.hea")
    #expect(try samples(of: path, chunk: 2) == [1, 10, 20, -2, 11, 21, 3, 12, 22])
    #expect(try WFDBRecord(open: path).channels.map(\.missing) == [-2048, -32768, -32768])
  }

  @Test func `files that disagree about an unknown length are refused`() throws {
    folder.write([0x01, 0xF0, 0xFE], to: "a.dat")
    folder.write([10, 0], to: "b.dat")
    let found = refusal(folder.write("s 2 360\na.dat 212\nb.dat 16\n", to: "s.hea"))
    #expect(found?.problem == "holds 1 rows, \(folder.path)/a.dat holds 2")
  }

  @Test func `reading by rows from any row and in any chunks gives the same samples`() throws {
    var random = SeededGenerator(seed: 42)
    for width in [1, 2, 3, 5] {
      for format in WFDBFormat.writable {
        let count = 1 + random.below(700)
        let all = (0..<count * width).map { _ in
          Int32(
            Int(format.range.lowerBound) + random.below(Int(format.range.upperBound) - Int(format.range.lowerBound)))
        }
        let path = folder.path + "/r"
        var writer = try WFDBWriter(
          path, channels: (0..<width).map { Channel(name: "c\($0)") }, rate: 99.5, format: format)
        var written = 0
        while written < count {
          let step = min(count - written, random.below(50))
          try writer.append(Array(all[written * width..<(written + step) * width]))
          written += step
        }
        try writer.finish()
        var record = try WFDBRecord(open: path)
        try record.verifyChecksums()
        for _ in 0..<20 {
          let from = random.below(count + 1)
          let found = try frames(&record, from..<count, chunk: 1 + random.below(40))
          #expect(found == Array(all[(from * width)...]))
        }
      }
    }
  }

  @Test func `rows past the size of one block are read exactly`() throws {
    let all = (0..<100_001).map { Int16(truncatingIfNeeded: ($0 &* 7919) % 4096 - 2048) }
    var writer = try WFDBWriter(folder.path + "/b", channels: [Channel(name: "a")], rate: 360, format: .format212)
    try writer.append(all)
    try writer.finish()
    #expect(try samples(of: folder.path + "/b", chunk: 99_999) == all.map { Int32($0) })
  }

  @Test func `a copy of a record reads on its own`() throws {
    var first = try WFDBRecord(open: try vector(folder))
    _ = try frames(&first, 0..<2, chunk: 2)
    var second = first
    #expect(try frames(&second, 2..<3, chunk: 1) == [2047, -2047])
    #expect(try frames(&first, 2..<3, chunk: 1) == [2047, -2047])
  }

  @Test func `a file that shrinks while it is read is an error, not a crash`() throws {
    var record = try WFDBRecord(open: try vector(folder))
    truncate(folder.path + "/x.dat", 3)
    #expect(failure { () throws(RecordingError) in _ = try frames(&record, 0..<5, chunk: 5) }?.kind == .length)
  }
}
