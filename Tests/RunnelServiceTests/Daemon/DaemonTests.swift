import RunnelCore
import RunnelWire
import RunnelZeroMQ
import Testing

@testable import RunnelService

@Suite struct DaemonTests {
  @Test func `rows that come over a socket become labels with their positions, times and seq`() throws {
    let rig = try DaemonRig()
    let publisher = try rig.publisher(.bed(), epoch: 77)
    try publisher.describe()
    for start in stride(from: 0, to: 1800, by: 36) { try publisher.send(Array(wave(1800)[start..<start + 36])) }
    try publisher.end()
    let messages = try rig.receiveAll()
    let labels = messages.filter { $0.label != nil }
    #expect(labels.map(\.sequence) == (0..<UInt64(labels.count)).map { $0 })
    #expect(labels.compactMap(\.at) == (0..<labels.count).map { Int64(3 * $0) })
    #expect(labels.allSatisfy { $0.inputEpoch == 77 && $0.level == .sequenced && $0.scores.count == 5 })
    #expect(rig.accounting.rowsUsed == 1800 && rig.accounting.balances)
  }

  @Test func `labels of the next session say its epochs, not those of the one before`() throws {
    let rig = try DaemonRig()
    for epoch: UInt64 in [77, 78] {
      let publisher = try rig.publisher(.bed(), epoch: epoch)
      try publisher.describe()
      try publisher.send(wave(720))
      try publisher.end()
      try rig.turn(until: { rig.accounting.rowsUsed == Int64(epoch - 76) * 720 })
    }
    let labels = try rig.receiveAll().filter { $0.label != nil }
    let (before, after) = (labels.prefix(labels.count / 2), labels.suffix(labels.count / 2))
    #expect(labels.count > 100 && before.count + after.count == labels.count)
    #expect(before.allSatisfy { $0.inputEpoch == 77 } && after.allSatisfy { $0.inputEpoch == 78 })
    #expect(Set(before.map(\.epoch)).count == 1 && Set(labels.map(\.epoch)).count == 2)
  }

  @Test func `a late subscriber gets the last label of each lane at once, marked as a repeat`() throws {
    let rig = try DaemonRig()
    let publisher = try rig.publisher(.bed(), epoch: 1)
    try publisher.describe()
    try publisher.send(wave(720))
    let last = try #require(try rig.receive(labels: 720 / 3 - 42).last { $0.label != nil })
    let repeated = try rig.repeatedLabel(of: "l/bed7/")
    #expect(repeated?.sequence == last.sequence && repeated?.scores == last.scores && repeated?.epoch == last.epoch)
  }

  /// They are repeated some at a time.
  @Test func `a late subscriber to many lanes gets the last label of each`() throws {
    let rig = try DaemonRig(stream: [
      "format: raw", "dtype: i16", "rate: 360 Hz", "topic_parts: 1", "channels: [{name: MLII, unit: mV, gain: 200}]",
    ])
    let socket = try rig.socket()
    let samples = wave(180)
    for bed in 0..<150 {
      _ = try Array("bed\(bed)".utf8).withUnsafeBytes { topic in
        try samples.withUnsafeBytes { try socket.send(topic, $0) }
      }
    }
    _ = try rig.receive(labels: 150 * (180 / 3 - 42))
    let late = try Socket(.sub, in: rig.context)
    try late.subscribe("l/")
    try late.connect(rig.daemon.outputEndpoints[0])
    var receiver = MultipartReceiver()
    var repeated: Set<String> = []
    try rig.turn(
      until: {
        while case .message(let parts) = try receiver.receive(from: late) {
          let message = try LabelDecoder().decode(parts)
          if message.isRepeat { repeated.insert(message.stream) }
        }
        return repeated.count == 150
      }, "150 repeats come")
  }

  /// One who subscribed without end had the only thread for itself.
  @Test func `a flood of subscriptions is heard a few at a time, and who comes after it gets the last label`() throws {
    let rig = try DaemonRig(outputs: [#"seen: {bind: "tcp://127.0.0.1:*", publish: conditioned}"#])
    let publisher = try rig.publisher(.bed(), epoch: 1)
    try publisher.describe()
    try publisher.send(wave(360))
    let last = try rig.receive(labels: 360 / 3 - 42).last { $0.label != nil }
    let flood = try Socket(.sub, in: rig.context)
    for number in 0..<4000 { try flood.subscribe("x/\(number)") }
    for endpoint in rig.daemon.outputEndpoints { try flood.connect(endpoint) }
    let before = rig.daemon.subscriptions
    var most = 0
    try rig.turn(
      until: {
        let heard = rig.daemon.subscriptions
        try rig.daemon.turn(within: 1)
        most = max(most, rig.daemon.subscriptions - heard)
        return rig.daemon.subscriptions == before + 4000
      }, "all are heard")
    #expect(most <= OutputSocket.mostSubscriptions)
    let repeated = try rig.repeatedLabel(of: "l/bed7/")
    #expect(repeated?.sequence == last?.sequence && last != nil)
  }

  @Test func `heartbeats carry the next seq and take none`() throws {
    let rig = try DaemonRig()
    let publisher = try rig.publisher(.bed(), epoch: 1)
    try publisher.describe()
    try publisher.send(wave(360))
    let labels = try rig.receive(labels: 360 / 3 - 42)
    var receiver = MultipartReceiver()
    var beat: LabelMessage?
    try rig.turn(
      until: {
        while case .message(let parts) = try receiver.receive(from: rig.labels) {
          let message = try LabelDecoder().decode(parts)
          if message.kind == .heartbeat { beat = message }
        }
        return beat != nil
      }, "a heartbeat comes")
    #expect(beat?.sequence == UInt64(labels.count { $0.label != nil }))
  }

  @Test func `three lines of pyzmq give the labels of the runnel format`() throws {
    let samples = wave(1800)
    func scores(_ rig: DaemonRig, _ send: () throws -> Void) throws -> [[Float]] {
      try send()
      return try rig.receive(labels: 1800 / 3 - 42).filter { $0.label != nil }.map(\.scores)
    }
    let plain = try DaemonRig(
      stream: ["format: array", "rate: 360 Hz", "channels: [{name: MLII, unit: mV, scale: 0.005, offset: 0}]"])
    let socket = try plain.socket()
    let arrays = try scores(plain) {
      for start in stride(from: 0, to: 1800, by: 100) {
        try sendArray(Array(samples[start..<start + 100]), through: socket)
      }
    }
    let full = try DaemonRig()
    let publisher = try full.publisher(.bed(), epoch: 1)
    let own = try scores(full) {
      try publisher.describe()
      try publisher.send(samples)
    }
    #expect(arrays == own)
    #expect(plain.sentences.count("loss cannot be seen") == 1, "an unsequenced stream says what it cannot show")
  }

  /// A publisher that sent faster than its samples were stepped, and ended, once had its last ones taken for a second
  /// session: the end of a connection is known before all that came through it is read.
  @Test func `what a connection brought before it ended belongs to the session that ends with it`() throws {
    let rig = try DaemonRig(stream: ["format: array", "rate: 360 Hz", "channels: [{name: MLII, unit: mV}]"])
    do {
      let socket = try rig.socket()
      for _ in 0..<3000 { try sendArray(wave(6), through: socket) }
    }
    try rig.turn(until: { rig.accounting.rowsUsed == 18_000 }, "all rows are used")
    #expect(rig.accounting.sessions == 1)
    #expect(rig.sentences.count("began (reconnected)") == 0)
  }

  @Test func `a subscriber that stops reading delays nobody, and the others get every label`() throws {
    let rig = try DaemonRig()
    var options = SocketOptions(for: .sub)
    options.receiveHighWater = 16
    let stuck = try Socket(.sub, in: rig.context, options: options)
    try stuck.subscribe("l/")
    try stuck.connect(rig.daemon.outputEndpoints[0])
    try rig.turn(until: { rig.daemon.subscriptions > 1 }, "the subscriber is there")
    let publisher = try rig.publisher(.bed(), epoch: 1)
    try publisher.describe()
    var seen: UInt64 = 0
    var receiver = MultipartReceiver()
    // Far more labels than the queues of the stuck one hold.
    for _ in 0..<60 {
      try publisher.send(wave(1800))
      let sent = publisher.encoder.nextIndex
      try rig.turn(until: { rig.accounting.rowsUsed == sent })
      while case .message(let parts) = try receiver.receive(from: rig.labels) {
        let message = try LabelDecoder().decode(parts)
        guard message.consumesSequence else { continue }
        #expect(message.sequence == seen)
        seen = message.sequence + 1
      }
    }
    #expect(seen > 30_000, "the one that reads has nearly all by now")
    #expect(rig.accounting.balances)
  }

  /// A turn takes 256 messages; where a slow network has a second for each of them, it lasts longer than systemd waits.
  @Test func `signs of life are given within a turn too, while messages are worked off`() throws {
    let time = ManualClock()
    let rig = try DaemonRig(
      clock: Clock(
        monotonic: {
          time.advance(milliseconds: 1)
          return time.clock.monotonic()
        }, unix: time.clock.unix))
    let publisher = try rig.publisher(.bed(), epoch: 1)
    try publisher.describe()
    var signs = 0
    rig.daemon.giveSigns(every: .milliseconds(5)) { signs += 1 }
    var most = 0
    try rig.turn(
      until: {
        // How many of them wait for one turn is the network's to say.
        for _ in 0..<200 { try publisher.send(wave(1)) }
        let before = signs
        try rig.daemon.turn(within: 5)
        most = max(most, signs - before)
        return most > 2
      }, "a turn had many messages")
    #expect(most > 2)
  }

  @Test func `a drain uses what has arrived and holds nothing`() throws {
    let rig = try DaemonRig()
    let publisher = try rig.publisher(.bed(), epoch: 1)
    try publisher.describe()
    for _ in 0..<50 { try publisher.send(wave(36)) }
    try rig.turn(until: { rig.accounting.rowsUsed > 0 })
    let report = try rig.daemon.drain()
    #expect(report.accounting.balances && report.accounting.rowsHeld == 0)
    #expect(report.lines.last?.hasSuffix(": 1 made, 0 failed, 0 lost") == true)
  }
}
