import RunnelCore
import RunnelWire
import Testing

@testable import RunnelService

/// Lanes on threads of their own, behind real sockets; also what the thread sanitizer is asked about.
@Suite struct ShardedDaemonTests {
  @Test(arguments: [1, 2, 3, 7])
  func `labels, accounting and counts are those of one thread`(shards: Int) throws {
    let rig = try DaemonRig(shards: shards)
    var expected: [String: [Float]] = [:]
    for number in 0..<6 {
      let publisher = try rig.publisher(.bed("bed\(number)"), epoch: 1)
      try publisher.describe()
      let samples = wave(1080, seed: UInt64(number))
      for start in stride(from: 0, to: 1080, by: 40) { try publisher.send(Array(samples[start..<start + 40])) }
      expected["bed\(number)"] = try Self.alone(samples)
    }
    try rig.turn(until: { rig.accounting.rowsUsed == 6 * 1080 }, "all rows are used")
    let labels = try rig.receive(labels: 6 * expected["bed0"]!.count / 5)
    for (stream, scores) in expected {
      #expect(labels.filter { $0.stream == stream && $0.label != nil }.flatMap(\.scores) == scores)
      #expect(
        labels.filter { $0.stream == stream && $0.consumesSequence }.map(\.sequence)
          == (0..<UInt64(scores.count / 5)).map { $0 })
    }
    let report = try rig.daemon.drain()
    #expect(report.accounting.balances && report.accounting.rowsHeld == 0 && report.lanes == 6)
  }

  @Test func `rows in a queue count as held, at every instant, and none is lost when it is full`() throws {
    let rig = try DaemonRig(shards: 2)
    let publisher = try rig.publisher(.bed(), epoch: 1)
    try publisher.describe()
    var sent: Int64 = 0
    for _ in 0..<40 {
      try publisher.send(wave(3600))
      sent += 3600
      try rig.daemon.turn(within: 0)
      #expect(rig.accounting.balances)
    }
    try rig.turn(until: { rig.accounting.rowsUsed == sent && rig.accounting.rowsHeld == 0 }, "all rows are used")
    #expect(rig.accounting.balances && rig.accounting.rowsLost == 0)
  }

  @Test func `a drain waits for the shards, and their counts are in the report`() throws {
    let rig = try DaemonRig(shards: 3)
    for number in 0..<4 {
      let publisher = try rig.publisher(.bed("bed\(number)"), epoch: 1)
      try publisher.describe()
      try publisher.send(wave(720))
      publisher.encoder.nextIndex += 5  // filled
      try publisher.send(wave(720))
      publisher.encoder.nextIndex += 1000  // reset
      try publisher.send(wave(720))
    }
    try rig.turn(until: { rig.accounting.messagesReceived == 4 * 4 }, "all has come")
    let report = try rig.daemon.drain()
    let accounting = report.accounting
    #expect(accounting.balances && accounting.rowsHeld == 0 && accounting.rowsUsed == 4 * 2160)
    #expect(accounting.samplesFilled == 4 * 5 && accounting.resets == 4)
    #expect(report.labels > 4 * 600)
  }

  @Test func `a daemon that is given up with work in its queues ends`() throws {
    let rig = try DaemonRig(shards: 2)
    let publisher = try rig.publisher(.bed(), epoch: 1)
    try publisher.describe()
    for _ in 0..<20 { try publisher.send(wave(3600)) }
    try rig.turn(until: { rig.accounting.rowsReceived > 0 })
  }

  @Test func `a batch that lingers steps when its time has come, and not before`() throws {
    let time = ManualClock()
    let rig = try DaemonRig(pipeline: ["linger: 500ms"], clock: time.clock)
    let publisher = try rig.publisher(.bed(), epoch: 1)
    try publisher.describe()
    try publisher.send(wave(300))
    try rig.turn(until: { rig.accounting.rowsUsed == 300 })
    for _ in 0..<5 { try rig.daemon.turn(within: 1) }
    time.advance(milliseconds: 90)
    try rig.daemon.turn(within: 1)
    #expect(rig.daemon.report().labels == 0, "it waits for others")
    time.advance(milliseconds: 410)
    try rig.daemon.turn(within: 1)
    #expect(rig.daemon.report().labels == 300 / 3 - 42)
  }

  /// The scores of a bed alone on one thread.
  private static func alone(_ samples: [Int16]) throws -> [Float] {
    let rig = try DaemonRig()
    let publisher = try rig.publisher(.bed(), epoch: 1)
    try publisher.describe()
    try publisher.send(samples)
    return try rig.receive(labels: samples.count / 3 - 42).filter { $0.label != nil }.flatMap(\.scores)
  }
}
