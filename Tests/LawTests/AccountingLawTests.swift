import RunnelCore
import RunnelPipeline
import RunnelWire
import Testing

/// Law 6: messages received = decoded + rejected; rows received = used + dropped + held; at every instant. `Rig`
/// checks the equations after each message; here the storms are made.
@Suite struct AccountingLawTests {
  @Test(arguments: 0..<32)
  func `the books balance through losses, repeats, rivals, stragglers and rubbish`(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let signal = Signal(rows: 2000, seed: seed)
    var messages: [Recorded.Message] = []
    for epoch in [UInt64(7), 9, 8] {
      messages += try Recorded(of: signal, cut: signal.cuts(seed: seed + epoch), epoch: epoch).messages
    }
    let rig = Rig([try .everyStep(TestModel.load("conv-lstm"))])
    var sent: Int64 = 0
    for index in messages.indices {
      let pick = random.below(6) == 0 ? random.below(messages.count) : index
      var message = messages[pick]
      if random.below(20) == 0 { message.damage(&random) }
      message.lend { rig.receive($0) }
      sent += 1
      rig.now += Int64(random.below(300_000_000))
      if random.below(5) == 0 {
        rig.intake.tick(now: rig.now, to: rig.shard)
        #expect(rig.intake.total.balances)
      }
    }
    #expect(rig.intake.total.messagesReceived == sent)
    rig.intake.drain(to: rig.shard)
    #expect(rig.intake.total.balances)
    #expect(rig.intake.total.rowsHeld == 0, "held is 0 after a drain")
  }
}

extension Recorded.Message {
  /// Changes, cuts or adds a little somewhere.
  mutating func damage(_ random: inout SeededGenerator) {
    let part = random.below(parts.count)
    switch random.below(4) {
    case 0: parts.removeLast()
    case 1: parts[part] = Array(parts[part].prefix(random.below(parts[part].count + 1)))
    case 2: if !parts[part].isEmpty { parts[part][random.below(parts[part].count)] ^= UInt8(1 << random.below(8)) }
    default: parts.append([1, 2, 3])
    }
    if parts.isEmpty { parts = [[]] }
  }
}
