import RunnelCore
import Testing

@testable import RunnelRecordings

private func read(_ bytes: [UInt8]) throws(RecordingError) -> AnnotationFile {
  try AnnotationFile(parsing: bytes, file: "x.atr")
}

private func refusal(_ bytes: [UInt8]) -> String? {
  failure { () throws(RecordingError) in _ = try read(bytes) }?.description
}

private func code(_ symbol: Character) -> AnnotationCode { AnnotationCode(symbol: symbol)! }

@Suite struct AnnotationFileTests {
  private let vector: [UInt8] = [0x12, 0x04, 0x3B, 0x14, 0x00, 0x00]
  private let marks = [Annotation(at: 18, code: code("N")), Annotation(at: 77, code: code("V"))]

  @Test func `the test vector is read`() throws {
    #expect(try read(vector).annotations == marks)
  }

  @Test func `the test vector is written`() throws {
    #expect(try AnnotationFile(marks).encoded(file: "x") == vector)
  }

  @Test func `number and channel hold until changed, subtype and text do not`() throws {
    let bytes: [UInt8] = [
      // N at 1: NUM -2, SUB -128, CHN 255, AUX abc
      0x01, 0x04, 0xFE, 0xF0, 0x80, 0xF4, 0xFF, 0xF8, 0x03, 0xFC, 0x61, 0x62, 0x63, 0x00,
      // N at 2, N at 3: NUM 5, CHN 0
      0x01, 0x04, 0x01, 0x04, 0x05, 0xF0, 0x00, 0xF8, 0x00, 0x00,
    ]
    #expect(
      try read(bytes).annotations == [
        Annotation(at: 1, code: code("N"), subtype: -128, channel: 255, number: -2, text: "abc"),
        Annotation(at: 2, code: code("N"), channel: 255, number: -2),
        Annotation(at: 3, code: code("N"), channel: 0, number: 5),
      ])
  }

  @Test func `skips are in PDP-11 order, repeat, and go back`() throws {
    let bytes: [UInt8] = [
      0x00, 0xEC, 0x01, 0x00, 0x02, 0x00,  // + 65538
      0x00, 0xEC, 0xFF, 0xFF, 0xFE, 0xFF,  // - 2
      0x05, 0x04,
      0x00, 0xEC, 0xFF, 0xFF, 0x9C, 0xFF, 0x00, 0x04,  // - 100
      0x00, 0x00,
    ]
    #expect(try read(bytes).annotations.map(\.at) == [65541, 65441])
  }

  @Test func `zero bytes at the end of a text are left out`() throws {
    #expect(try read([0x00, 0x70, 0x04, 0xFC, 0x28, 0x4E, 0x00, 0x00, 0x00, 0x00]).annotations[0].text == "(N")
  }

  @Test func `bytes after the end mark are not looked at`() throws {
    #expect(try read(vector + [0xFF, 0xFF, 0xFF]).annotations == marks)
  }

  @Test func `a place holder of code 0 is kept and written again`() throws {
    for at in [Int64(0), 1, 500, 1023, 1024, 70_000] {
      let file = AnnotationFile([
        Annotation(at: at, code: AnnotationCode(rawValue: 0)), Annotation(at: at, code: code("N")),
      ])
      #expect(try read(try file.encoded(file: "x")) == file)
    }
  }

  @Test func `a stated resolution is no annotation and scales to rows`() throws {
    let file = AnnotationFile(
      [Annotation(at: 500, code: code("N")), Annotation(at: 1001, code: code("V"))], resolution: 1000)
    let back = try read(try file.encoded(file: "x"))
    #expect(back == file)
    #expect(back.annotations(rate: 360).map(\.at) == [180, 360])
    #expect(back.annotations(rate: 1000) == file.annotations)
  }

  @Test func `a comment at the start that states no resolution stays`() throws {
    let file = AnnotationFile([Annotation(at: 0, code: .comment, text: "## time resolution: soon")])
    #expect(try read(try file.encoded(file: "x")) == file)
  }

  @Test(
    arguments: [
      (
        [],
        "x.atr: byte 0: expected the end mark (two zero bytes), found the end of the file; copy the file again; it is cut short"
      ),
      (
        [0x12, 0x04, 0x3B],
        "x.atr: byte 3: expected the end mark (two zero bytes), found the end of the file; copy the file again; it is cut short"
      ),
      (
        [0x00, 0xEC, 0x00],
        "x.atr: byte 3: expected the four bytes of a long interval, found the end of the file; copy the file again; it is cut short"
      ),
      (
        [0x12, 0x04, 0x05, 0xFC, 0x61],
        "x.atr: byte 5: expected 5 bytes of text, found the end of the file; copy the file again; it is cut short"
      ),
      (
        [0x12, 0x04, 0x00, 0xC8],
        "x.atr: byte 2: expected a code of 0 to 49 or 59 to 63, found code 50; check that it is an annotation file in the MIT format"
      ),
      (
        [0x01, 0xF8, 0x00, 0x00],
        "x.atr: byte 0: expected an annotation first, found code 62, which belongs to one; check that it is an annotation file in the MIT format"
      ),
    ] as [([UInt8], String)]) func `a wrong file is refused with its byte`(_ bytes: [UInt8], _ sentence: String)
  {
    #expect(refusal(bytes) == sentence)
  }

  @Test func `every cut before the end mark is an error`() throws {
    let bytes = try AnnotationFile(randomMarks(seed: 3, count: 40)).encoded(file: "x")
    for end in 0..<bytes.count {
      #expect(failure { () throws(RecordingError) in _ = try read(Array(bytes[..<end])) }?.kind == .length)
    }
  }

  @Test func `random annotations survive writing and reading`() throws {
    for seed in UInt64(0)..<50 {
      let file = AnnotationFile(randomMarks(seed: seed, count: 200), resolution: seed % 3 == 0 ? 359.5 : nil)
      #expect(try read(try file.encoded(file: "x")) == file)
    }
  }

  @Test func `random bytes never crash the reader`() {
    var random = SeededGenerator(seed: 11)
    for _ in 0..<2000 {
      _ = try? read((0..<random.below(80)).map { _ in UInt8(random.below(256)) })
    }
  }

  @Test func `what the format cannot hold is refused`() {
    func problem(_ mark: Annotation) -> String? {
      failure { () throws(RecordingError) in _ = try AnnotationFile([mark]).encoded(file: "x") }?.problem
    }
    #expect(
      problem(Annotation(at: 7, code: AnnotationCode(rawValue: 50)))
        == "the annotation at 7 cannot be written: code 50 is above 49")
    #expect(problem(Annotation(at: .max, code: code("N"))) != nil)
    #expect(problem(Annotation(at: .min, code: code("N"))) != nil)
    #expect(problem(Annotation(at: 7, code: code("N"), text: String(repeating: "a", count: 256))) != nil)
    #expect(problem(Annotation(at: 1 << 40, code: code("N"), text: String(repeating: "a", count: 255))) == nil)
  }

  /// Intervals short, long, negative and beyond 32 bits; every modifier now and then.
  private func randomMarks(seed: UInt64, count: Int) -> [Annotation] {
    var random = SeededGenerator(seed: seed)
    var at: Int64 = 0
    return (0..<count).map { index in
      switch random.below(6) {
      case 0: at += Int64(random.below(5_000_000))
      case 1: at -= Int64(random.below(3000))
      case 2: at += 0
      case 3 where index % 20 == 0: at += Int64(random.below(1 << 35))
      default: at += Int64(random.below(1100))
      }
      let rare = random.below(4) == 0
      return Annotation(
        at: at, code: AnnotationCode(rawValue: UInt8(random.below(50))),
        subtype: rare ? Int8(truncatingIfNeeded: random.below(256)) : 0, channel: UInt8(random.below(2)),
        number: rare ? Int8(truncatingIfNeeded: random.below(256)) : 0,
        text: rare ? String(repeating: "ä", count: random.below(20)) : "")
    }
  }
}
