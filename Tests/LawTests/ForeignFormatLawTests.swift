import RunnelCore
import RunnelPipeline
import RunnelWire
import Testing

/// Laws 1, 5 and 6 where the samples come in the words of other programs.
@Suite struct ForeignFormatLawTests {
  private static let channels = ["MLII", "V5"]

  private func rig(_ format: ForeignFormat, _ signal: Signal) throws -> Rig {
    var policy = StreamPolicy(input: "in", rate: signal.rate)
    policy.channels = signal.channels.map { Channel(name: $0.name, unit: $0.unit) }
    return Rig(
      [try .everyStep(TestModel.load("conv-lstm"))], policy: policy, decoder: try format.decoder(Self.channels))
  }

  private func labels(_ format: ForeignFormat, _ signal: Signal, cuts: [Int]) throws -> [String: [String]] {
    let rig = try rig(format, signal)
    for message in format.messages(of: signal, cut: cuts) { message.lend { rig.receive($0) } }
    rig.drain()
    return rig.labels
  }

  @Test(arguments: ForeignFormat.allCases, [UInt64(1), 2, 3])
  func `law 1: random cuts give the labels of one whole message`(format: ForeignFormat, seed: UInt64) throws {
    let signal = Signal(channels: Self.channels, rows: 1500, seed: 11)
    let whole = try labels(format, signal, cuts: [signal.rows])
    #expect(try labels(format, signal, cuts: signal.cuts(seed: seed, longest: 300)) == whole)
    #expect(whole.count == 2 && whole.values.allSatisfy { $0.count > 300 })
  }

  @Test func `every format gives the labels of the others, but for the level that it has`() throws {
    let signal = Signal(channels: Self.channels, rows: 1000, seed: 12)
    func plain(_ format: ForeignFormat) throws -> [String: [String]] {
      try labels(format, signal, cuts: signal.cuts(seed: 5)).mapValues { lines in
        lines.map { $0.replacing("\"unsequenced\"", with: "\"sequenced\"") }
      }
    }
    let raw = try plain(.raw)
    for format in ForeignFormat.allCases { #expect(try plain(format) == raw, "\(format)") }
  }

  @Test(arguments: 0..<6)
  func `laws 1 and 6: what is rejected of another rate, wherever it lies, changes no label`(seed: UInt64) throws {
    // One such message whose index lay far back began a session, which was refused with all that followed.
    var random = SeededGenerator(seed: seed)
    let signal = Signal(channels: Self.channels, rows: 3000, seed: 14)
    var wrong = signal
    wrong.rate = 250
    let strays = ForeignFormat.openephys.messages(of: wrong, cut: [300, 700, 1000, 1000])
    let rig = try rig(.openephys, signal)
    var inserted: Int64 = 0
    // A block is a message for each of the two channels.
    for (place, message) in ForeignFormat.openephys.messages(of: signal, cut: signal.cuts(seed: seed)).enumerated() {
      if place > 0, place % 2 == 0, random.below(6) == 0 {
        let stray = 2 * random.below(4)
        for message in strays[stray...stray + 1] { message.lend { rig.receive($0) } }
        inserted += 1
      }
      message.lend { rig.receive($0) }
      rig.now += Int64(random.below(30_000_000))
    }
    rig.drain()
    #expect(rig.labels == (try labels(.openephys, signal, cuts: [signal.rows])))
    let books = rig.intake.total
    #expect(inserted > 3 && books.rejected.total == inserted && books.rowsLost == 0 && books.sessions == 1)
  }

  @Test func `what GNU Radio states of its rate in the first message holds for all that follow`() throws {
    let signal = Signal(channels: Self.channels, rows: 1000, seed: 15)
    func used(stating rate: Double) throws -> Int64 {
      let rig = try rig(.gnuradioWithTags, signal)
      for (place, message) in ForeignFormat.gnuradioWithTags.messages(of: signal, cut: [100, 400, 500]).enumerated() {
        var parts = message.parts
        if place == 0 {
          // A tag at the first item: its offset, rx_rate, f64, no source.
          let value = withUnsafeBytes(of: rate.bitPattern.bigEndian) { Array($0) }
          parts[0][11] = 1
          parts[0].insert(
            contentsOf: [UInt8](repeating: 0, count: 8) + [2, 0, 7] + "rx_rate".utf8 + [4] + value + [1], at: 19)
        }
        Recorded.Message(parts).lend { rig.receive($0) }
      }
      #expect(rig.intake.total.rejected[.rate] == (rate == signal.rate ? 0 : 3))
      return rig.intake.total.rowsUsed
    }
    #expect(try used(stating: signal.rate) == 1000)
    #expect(try used(stating: 250) == 0)
  }

  @Test(arguments: ForeignFormat.allCases.filter(\.hasIndex))
  func `law 5: a lost message is an exact gap where the format has an index`(format: ForeignFormat) throws {
    let signal = Signal(channels: Self.channels, rows: 1000, seed: 13)
    let rig = try rig(format, signal)
    var messages = format.messages(of: signal, cut: [400, 100, 500])
    messages.remove(at: messages.count / 3)
    for message in messages { message.lend { rig.receive($0) } }
    rig.drain()
    // Of Open Ephys one channel of two is lost: the rows came, and half of their values are missing.
    #expect(rig.intake.total.rowsLost == (format == .openephys ? 0 : 100))
    rig.step()
    #expect(rig.shard.takeCounts().valuesMissing == (format == .openephys ? 100 : 0))
  }

  @Test(arguments: ForeignFormat.allCases, [UInt64(1), 2, 3, 4])
  func `law 6: the books balance through losses, repeats and rubbish`(format: ForeignFormat, seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let signal = Signal(channels: Self.channels, rows: 1200, seed: seed)
    let messages = format.messages(of: signal, cut: signal.cuts(seed: seed, longest: 200))
    let rig = try rig(format, signal)
    var sent: Int64 = 0
    for index in messages.indices where random.below(8) > 0 {
      var message = messages[random.below(6) == 0 ? random.below(messages.count) : index]
      if random.below(5) == 0 { message.damage(&random) }
      message.lend { rig.receive($0) }
      sent += 1
      rig.now += Int64(random.below(30_000_000))
    }
    #expect(rig.intake.total.messagesReceived == sent)
    rig.drain()
    #expect(rig.intake.total.messagesReceived == sent, "what was kept is not counted twice")
    #expect(rig.intake.total.rowsHeld == 0 && rig.intake.total.rowsUsed > 0)
  }
}
