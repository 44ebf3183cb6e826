import RunnelCore
import RunnelWire
import Testing

@testable import RunnelService

@Suite struct SequenceLedgerTests {
  private var ledger = SequenceLedger()

  private func encoder(_ sequence: UInt64, _ first: Int64, _ epoch: UInt64) throws -> RunnelEncoder {
    var encoder = try RunnelEncoder(
      StreamDescription(stream: "a", rate: 100, channels: [Channel(name: "a")]), epoch: epoch, element: .int8)
    encoder.nextSequence = sequence
    encoder.nextIndex = first
    return encoder
  }

  /// A message of four rows.
  private mutating func samples(_ sequence: UInt64, first: Int64, epoch: UInt64 = 1) throws {
    var encoder = try encoder(sequence, first, epoch)
    try [UInt8](repeating: 0, count: 4).withUnsafeBytes { payload in
      try encoder.withSamples(payload, rows: 4) { ledger.enter(try RunnelDecoder().decode($0)) }
    }
  }

  private mutating func beat(next: UInt64, index: Int64, epoch: UInt64 = 1) throws {
    var encoder = try encoder(next, index, epoch)
    try encoder.withHeartbeat { ledger.enter(try RunnelDecoder().decode($0)) }
  }

  private mutating func end(next: UInt64, index: Int64) throws {
    var encoder = try encoder(next, index, 1)
    try encoder.withEnd { ledger.enter(try RunnelDecoder().decode($0)) }
  }

  @Test mutating func `who joins late has lost nothing`() throws {
    try samples(7, first: 28)
    #expect(ledger.lostMessages == 0 && ledger.sessions == 1)
  }

  @Test mutating func `what is missing between two messages is counted in messages and rows`() throws {
    try samples(0, first: 0)
    try samples(1, first: 4)
    try samples(5, first: 20)
    #expect(ledger.lostMessages == 3 && ledger.lostRows == 12)
  }

  @Test mutating func `a heartbeat and the end show what was lost behind the last message`() throws {
    try samples(0, first: 0)
    try beat(next: 3, index: 12)
    #expect(ledger.lostMessages == 2 && ledger.lostRows == 8)
    try beat(next: 3, index: 12)
    try end(next: 4, index: 16)
    #expect(ledger.lostMessages == 3 && ledger.lostRows == 12)
  }

  @Test mutating func `a copy is a repeat, and a heartbeat that came before its message is none`() throws {
    try samples(0, first: 0)
    try samples(0, first: 0)
    try samples(1, first: 4)
    try samples(1, first: 4)
    try beat(next: 1, index: 4)
    #expect(ledger.repeats == 2 && ledger.lostMessages == 0)
  }

  @Test mutating func `publishers that take turns lose nothing`() throws {
    for k in UInt64(0)..<5 {
      try samples(k, first: Int64(4 * k), epoch: 1)
      try samples(k, first: Int64(4 * k), epoch: 2)
    }
    #expect(ledger.lostMessages == 0 && ledger.repeats == 0 && ledger.sessions == 2)
  }

  @Test mutating func `publishers that say they lost more than can be counted stop the count, not the recorder`() throws
  {
    let most = WireLimits.largestIndex - 1
    for epoch in UInt64(1)...5 {
      try beat(next: 0, index: 0, epoch: epoch)
      try beat(next: most, index: Int64(most), epoch: epoch)
    }
    #expect(ledger.lostMessages == .max && ledger.lostRows == .max)
    let topic = RecorderReport.Topic(
      topic: "s/a/", endpoint: "e", decoder: "runnel", messages: 10, bytes: 5, lostMessages: ledger.lostMessages,
      lostRows: ledger.lostRows)
    let report = RecorderReport(
      files: ["x.mcap"], topics: [topic, topic], messages: 20, bytes: 10, size: 9, seconds: 1, tooManyParts: 0,
      lostLabels: .max)
    #expect(report.lostMessages == .max && report.lostRows == .max)
  }
}
