import RunnelCore
import RunnelWire
import RunnelZeroMQ
import Testing

@testable import RunnelService

/// What the world does wrong, over real sockets: each gets one clear sentence and its counter, and nothing is lost
/// that could be kept.
@Suite struct BadInputTests {
  @Test(arguments: [
    (Damage.truncatedHeader, RejectReason.truncated), (.wrongType, .dtype), (.shortPayload, .truncated),
    (.noHeader, .parts), (.otherMagic, .version),
  ])
  func `a damaged message is rejected with its reason, and the next one is used`(
    damage: Damage, reason: RejectReason
  ) throws {
    let rig = try rig(hearing: damage)
    #expect(rig.accounting.rejected[reason] == 1)
    #expect(rig.accounting.rejected.total == 1)
    #expect(rig.accounting.balances)
    #expect(rig.sentences.count("rejected a message from tcp://", reason.rawValue, "expected") == 1)
  }

  @Test(arguments: [
    (Damage.truncatedHeader, Int64(10)), (.wrongType, 0), (.shortPayload, 0), (.noHeader, 10), (.otherMagic, 10),
  ])
  func `rows of a message that was rejected are lost only where nothing of it says which they were`(
    damage: Damage, lost: Int64
  ) throws {
    let rig = try rig(hearing: damage, missing: 10)
    #expect(rig.accounting.rejected.total == 1 && rig.accounting.gaps == 1)
    #expect(rig.accounting.rowsLost == lost)
  }

  @Test func `NaN samples are missing, counted and told of`() throws {
    let rig = try DaemonRig()
    let publisher = try rig.publisher(.bed(), epoch: 1, element: .float32)
    try publisher.describe()
    try publisher.send((0..<720).map { (200..<300).contains($0) ? Float.nan : Float($0 % 7) / 10 })
    try publisher.end()
    let messages = try rig.receiveAll()
    #expect(messages.contains { $0.kind == .status(.gap, reason: "nan") && $0.first == 200 && $0.last == 299 })
    #expect(rig.accounting.valuesMissing == 0, "they are counted with the next tick")
    try rig.turn(until: { rig.accounting.valuesMissing == 100 })
  }

  @Test func `a flat line is lead-off`() throws {
    let rig = try DaemonRig(stream: ["format: runnel", "flat: 500ms"])
    let publisher = try rig.publisher(.bed(), epoch: 1)
    try publisher.describe()
    try publisher.send(wave(360) + Array(repeating: 7, count: 720) + wave(720))
    try publisher.end()
    let messages = try rig.receiveAll()
    #expect(messages.contains { $0.kind == .status(.gap, reason: "flat") })
    #expect(messages.contains { $0.kind == .status(.reset, reason: "gap") })
  }

  @Test func `a rate that header and description do not share is refused with both figures`() throws {
    let rig = try DaemonRig(stream: ["format: runnel", "rate: 250 Hz"])
    let publisher = try rig.publisher(.bed(), epoch: 1)
    try publisher.describe()
    try publisher.send(wave(360))
    try publisher.send(wave(360))
    try rig.turn(until: { rig.accounting.rejected[.rate] == 2 })
    #expect(rig.sentences.count("250.0 Hz", "360.0 Hz") == 1)
    #expect(rig.accounting.balances)
  }

  @Test func `a channel that is not there is named beside those that are`() throws {
    let rig = try DaemonRig(channels: "[V5]")
    let publisher = try rig.publisher(.bed(), epoch: 1)
    try publisher.describe()
    try publisher.send(wave(360))
    try rig.turn(until: { rig.accounting.rejected[.channelMissing] == 1 })
    #expect(rig.sentences.count("'V5'", "it has: MLII") == 1)
  }

  @Test func `microvolts are converted for a model in millivolts, to the bit`() throws {
    func scores(_ description: StreamDescription, _ samples: [Float]) throws -> [[Float]] {
      let rig = try DaemonRig()
      let publisher = try rig.publisher(description, epoch: 1, element: .float32)
      try publisher.describe()
      try publisher.send(samples)
      try publisher.end()
      return try rig.receiveAll().filter { $0.label != nil }.map(\.scores)
    }
    // Powers of two of a microvolt: their thousandth rounds the same on either way.
    let microvolts = wave(720).map { Float($0) * 8 }
    let millivolts = microvolts.map { Float(Double($0) / 1000) }
    let converted = try scores(.bed(unit: "µV"), microvolts)
    #expect(converted.count > 100)
    #expect(try converted == scores(.bed(unit: "mV"), millivolts))
  }

  @Test func `a unit that was not declared is asked for`() throws {
    let rig = try DaemonRig()
    let publisher = try rig.publisher(.bed(unit: nil), epoch: 1)
    try publisher.describe()
    try publisher.send(wave(360))
    try rig.turn(until: { rig.accounting.rejected[.unit] == 1 })
    #expect(rig.sentences.count("declares no unit", "mV", "streams.beds.channels") == 1)
  }

  @Test func `the unit that is asked for may stand in the configuration, and must be the declared one`() throws {
    func scores(_ unit: String?, configured: String) throws -> [[Float]] {
      let rig = try DaemonRig(stream: ["format: runnel", "channels: [{name: MLII, unit: \(configured)}]"])
      let publisher = try rig.publisher(.bed(unit: unit), epoch: 1)
      try publisher.describe()
      try publisher.send(wave(720))
      guard unit == nil || unit == configured else {
        try rig.turn(until: { rig.accounting.rejected[.unit] == 1 })
        #expect(rig.sentences.count("declares \(unit ?? "")", "\(configured) was said") == 1)
        return []
      }
      try publisher.end()
      return try rig.receiveAll().filter { $0.label != nil }.map(\.scores)
    }
    let declared = try scores("mV", configured: "mV")
    #expect(try declared.count > 100 && scores(nil, configured: "mV") == declared)
    #expect(try scores("mV", configured: "µV").isEmpty)
  }

  @Test func `a restarted publisher without epochs begins a new session`() throws {
    let rig = try DaemonRig(stream: ["format: array", "rate: 360 Hz", "channels: [{name: MLII, unit: mV}]"])
    let socket = try rig.socket()
    try sendArray(wave(1800), first: 0, through: socket)
    try sendArray(wave(360), first: 1800, through: socket)
    try sendArray(wave(360), first: 0, through: socket)
    try rig.turn(until: { rig.accounting.rowsUsed == 2520 })
    #expect(rig.accounting.sessions == 2)
    #expect(rig.sentences.count("began (restarted)") == 1)
  }

  @Test func `an array of another rate whose index went back is rejected, and ends no session`() throws {
    let rig = try DaemonRig(stream: ["format: array", "rate: 360 Hz", "channels: [{name: MLII, unit: mV}]"])
    let socket = try rig.socket()
    try sendArray(wave(1800), first: 0, through: socket)
    try sendArray(wave(36), first: 0, rate: 250, through: socket)
    try sendArray(wave(360), first: 1800, through: socket)
    try rig.turn(until: { rig.accounting.rowsUsed == 2160 })
    #expect(rig.accounting.rejected[.rate] == 1 && rig.accounting.rejected.total == 1)
    #expect(rig.accounting.sessions == 1 && rig.accounting.balances)
    #expect(rig.sentences.count("rejected a message of stream", "360.0 Hz, as the configuration", "250.0 Hz") == 1)
  }

  @Test func `of two publishers under one name the second waits, and is dropped while the first lives`() throws {
    let rig = try DaemonRig(stream: ["format: runnel", "takeover: 200ms"])
    let first = try rig.publisher(.bed(), epoch: 1)
    let second = try rig.publisher(.bed(), epoch: 2)
    try first.describe()
    try first.send(wave(36))
    try rig.turn(until: { rig.accounting.rowsUsed == 36 })
    try second.describe()
    try second.send(wave(90))
    try rig.turn(until: { rig.accounting.rowsHeld == 90 })
    #expect(rig.sentences.count("another publisher (epoch 2)", "a name of its own") == 1)
    var sent: Int64 = 36
    try rig.turn(
      until: {
        try first.send(wave(1))
        sent += 1
        return rig.accounting.dropped[.rivalEpoch] == 90
      }, "the rival's rows are dropped in the end")
    try rig.turn(until: { rig.accounting.rowsUsed == sent })
    #expect(rig.accounting.balances)
    #expect(rig.accounting.sessions == 1)
  }

  @Test func `streams beyond max_streams are rejected, the others go on`() throws {
    let rig = try DaemonRig(stream: ["format: runnel", "max_streams: 2"])
    let socket = try rig.socket()
    for name in ["a", "b", "c"] {
      let publisher = try Publisher(.bed(name), epoch: 1, element: .int16, rig: rig)
      try rig.turn(until: { try publisher.isSubscribed() })
      try publisher.describe()
      try publisher.send(wave(36))
      try rig.turn(until: { rig.accounting.messagesReceived >= 2 })
      try rig.turn(until: { rig.accounting.messagesReceived % 2 == 0 && rig.accounting.rowsUsed > 0 })
    }
    try rig.turn(until: { rig.accounting.messagesReceived == 6 })
    #expect(rig.accounting.rowsUsed == 72)
    #expect(rig.accounting.rejected[.tooManyStreams] == 2)
    #expect(rig.sentences.count("max_streams") == 1)
    _ = consume socket
  }

  @Test func `samples without a description are dropped after two seconds, with the remedy`() throws {
    let rig = try DaemonRig()
    let publisher = try rig.publisher(.bed(), epoch: 1)
    try publisher.send(wave(36))
    try rig.turn(until: { rig.accounting.rowsHeld == 36 })
    try rig.turn(until: { rig.accounting.dropped[.undescribed] == 36 })
    #expect(rig.sentences.count("waited 2 s for a description") == 1)
    #expect(rig.accounting.rowsHeld == 0)
  }

  @Test func `an endpoint in use is one sentence and exit code 69`() throws {
    let rig = try DaemonRig()
    let text = """
      streams: {beds: {connect: "tcp://127.0.0.1:5556", format: runnel}}
      models: {beats: {file: \(DaemonRig.model)}}
      pipelines: {beats: {from: beds, channels: [MLII], model: beats}}
      outputs: {labels: {bind: "\(rig.daemon.outputEndpoints[0])"}}
      """
    let configuration = try ConfigurationReader.read(text: text, file: "test.yaml").configuration
    let models = try ModelLoader.load(configuration.models)
    let error = #expect(throws: ServiceError.self) {
      try Daemon(configuration, models: models, logger: .init(label: "test") { _ in Sentences() })
    }
    #expect(error?.kind == .unavailable)
    #expect(error?.description.contains("another program") == true)
  }

  // MARK: sending

  /// A daemon that took a second of rows, then the damaged message, then a second of rows once more.
  ///
  /// - Parameter rows: the index goes on so many rows behind the first second.
  private func rig(hearing damage: Damage, missing rows: Int64 = 0) throws -> DaemonRig {
    let rig = try DaemonRig()
    let publisher = try rig.publisher(.bed(), epoch: 1)
    try publisher.describe()
    try publisher.send(wave(360))
    try damage.send(by: publisher)
    publisher.encoder.nextIndex += rows
    try publisher.send(wave(360))
    try rig.turn(until: { rig.accounting.rowsUsed == 720 })
    return rig
  }

  enum Damage: Sendable {
    case truncatedHeader, wrongType, shortPayload, noHeader, otherMagic

    func send(by publisher: Publisher) throws {
      let samples = wave(10)
      var encoder = publisher.encoder
      try samples.withUnsafeBytes { payload in
        try encoder.withSamples(payload, rows: 10) { parts in
          var header = Array(parts[1])
          switch self {
          case .truncatedHeader: header.removeLast(20)
          case .wrongType: header[6] = 99
          case .otherMagic: header[0] = 0x50
          case .shortPayload, .noHeader: break
          }
          let cut = self == .shortPayload ? UnsafeRawBufferPointer(rebasing: parts[2].dropLast(3)) : parts[2]
          _ = try header.withUnsafeBytes { header in
            self == .noHeader
              ? try publisher.socket.send(parts[0], cut) : try publisher.socket.send(parts[0], header, cut)
          }
        }
      }
    }
  }
}

/// What three lines of pyzmq send, with the optional index and rate.
func sendArray(_ samples: [Int16], first: Int? = nil, rate: Int? = nil, through socket: borrowing Socket) throws {
  let index = first.map { #", "first": \#($0)"# } ?? ""
  let rate = rate.map { #", "rate": \#($0)"# } ?? ""
  let descriptor = Array(#"{"dtype": "int16", "shape": [\#(samples.count)]\#(index)\#(rate)}"#.utf8)
  _ = try descriptor.withUnsafeBytes { descriptor in
    try samples.withUnsafeBytes { try socket.send(descriptor, $0) }
  }
}
