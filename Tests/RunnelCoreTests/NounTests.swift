import RunnelCore
import Testing

@Suite struct NounTests {
  @Test func `SHA-256 gives the digests of FIPS 180-4`() {
    func hex(_ text: String) -> String { Array(text.utf8).withUnsafeBytes { SHA256.hex($0) } }
    #expect(hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    #expect(hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    #expect(
      hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")
        == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")
  }

  @Test func `the digest does not depend on how the bytes were cut`() {
    let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 * 7) }
    var cut = SHA256()
    var random = SeededGenerator(seed: 1)
    var start = 0
    while start < bytes.count {
      let end = min(bytes.count, start + 1 + random.below(150))
      Array(bytes[start..<end]).withUnsafeBytes { cut.update($0) }
      start = end
    }
    #expect(cut.finish() == bytes.withUnsafeBytes { SHA256.hex($0) })
  }

  @Test func `rates become the simplest ratio`() {
    #expect(Ratio(output: 120, input: 360) == Ratio(1, 3))
    #expect(Ratio(output: 120, input: 250) == Ratio(12, 25))
    #expect(Ratio(output: 360, input: 360) == Ratio(1, 1))
    #expect(Ratio(output: 16000, input: 44100) == Ratio(160, 441))
    #expect(Ratio(output: 120, input: 1e7) == nil)
    #expect(Ratio(output: 120, input: 0) == nil)
  }

  @Test func `accounting balances and adds up`() {
    var a = Accounting()
    a.messagesReceived = 3
    a.messagesDecoded = 2
    #expect(!a.balances)
    a.reject(.truncated)
    a.rowsReceived = 10
    a.rowsUsed = 7
    a.drop(.duplicate, rows: 2)
    a.rowsHeld = 1
    #expect(a.balances)
    var b = a
    b += a
    #expect(b.balances && b.dropped[.duplicate] == 4 && b.rejected.nonzero.count == 1)
  }

  @Test func `what others say they lost stops at the largest number, and a part of it can be taken back`() {
    #expect(Int64(5).addingClamped(7) == 12 && UInt64.max.addingClamped(1) == .max)
    #expect(Int64.max.addingClamped(.max) == .max && Int64.max.addingClamped(-1) == .max - 1)
    var lost = Accounting()
    lost.lose(rows: .max, messages: .max)
    lost.windowsLeftOut = .max
    lost += lost
    #expect(lost.rowsLost == .max && lost.messagesLost == .max && lost.windowsLeftOut == .max)
  }

  @Test func `annotation symbols are those of the MIT format`() {
    let known: [(UInt8, Character)] = [
      (1, "N"), (2, "L"), (3, "R"), (4, "a"), (5, "V"), (6, "F"), (7, "J"), (8, "A"), (9, "S"), (10, "E"), (11, "j"),
      (12, "/"), (13, "Q"), (14, "~"), (16, "|"), (18, "s"), (19, "T"), (22, "\""), (25, "B"), (28, "+"), (30, "?"),
      (31, "!"), (32, "["), (33, "]"), (34, "e"), (35, "n"), (37, "x"), (38, "f"), (41, "r"),
    ]
    for (code, symbol) in known {
      #expect(AnnotationCode(rawValue: code).symbol == symbol)
      #expect(AnnotationCode(symbol: symbol)?.rawValue == code)
    }
  }
}
