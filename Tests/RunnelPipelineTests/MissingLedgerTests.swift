import RunnelCore
import Testing

@testable import RunnelPipeline

@Suite struct MissingLedgerTests {
  @Test func `a label's range counts the missing rows in it and takes their worst quality`() {
    var ledger = MissingLedger()
    ledger.add(10..<12, quality: .filled)
    ledger.add(12..<13, quality: .filled)
    ledger.add(20..<30, quality: .leadOff)
    #expect(ledger.missing(in: 0...9) == (0, .ok))
    #expect(ledger.missing(in: 11...19) == (2, .filled))
    #expect(ledger.missing(in: 12...25) == (7, .leadOff))
    #expect(ledger.missing(in: 30...40) == (0, .ok))
  }

  @Test func `it stays bounded, and forgetting only makes old labels look worse`() {
    var ledger = MissingLedger()
    for n in 0..<1000 { ledger.add(Int64(10 * n)..<Int64(10 * n + 1), quality: n == 0 ? .leadOff : .filled) }
    #expect(ledger.missing(in: 0...10000).rows == 1000)
    #expect(ledger.missing(in: 9000...9999) == (100, .filled))
    #expect(ledger.missing(in: 5...8).quality == .leadOff)
  }

  private func same(_ a: (rows: Int64, quality: Quality), _ b: (Int64, Quality)) -> Bool { a == b }
}

private func == (a: (rows: Int64, quality: Quality), b: (Int64, Quality)) -> Bool {
  a.rows == b.0 && a.quality == b.1
}
