import RunnelCore
import RunnelInference
import RunnelPipeline
import RunnelWire
import Testing

/// What is carried, in outputs that come every so many frames, and in states that are renewed.
@Suite struct CarriedRegimeLawTests {
  static let bases: [Int64] = [0, 11, (1 << 31) - 100]

  @Test(arguments: ["strided", "pooled"], Self.bases)
  func `outputs are those of the network over the whole stream, on the grid of the session`(
    name: String, base: Int64
  ) throws {
    let model = try Regimes.model(name)
    let heard = WindowLawTests.Heard()
    let rig = Rig([try .everyStep(model)], frames: { heard.append($1, $2) })
    try Signal(rate: 120, rows: 700, seed: 2).sendFrom(base) { rig.receive($0) }
    var bank = StateBank(for: model.network, capacity: 1)
    let whole = model.network.run(heard.frames, from: heard.first, slot: bank.open(), bank: &bank)
    let found = rig.decisions
    let time = model.network.time
    let classes = model.network.outputs
    // The first outputs speak of rows before the session, less the delay.
    #expect(found.count * 2 > whole.count / classes && found.count > 100)
    #expect(found.flatMap(\.scores) == Array(whole.suffix(found.count * classes)), "\(name)")
    let delay = Int64((model.description.delay * 120).rounded())
    for (label, next) in zip(found, found.dropFirst()) {
      let newest = try #require(label.decided)
      #expect(time.output(atFrame: newest) != nil && label.at == newest - delay)
      #expect(next.at == label.at! + time.stride && next.first == label.last! + 1 && next.last == next.at)
    }
  }

  @Test func `a carried gap keeps the grid of the outputs`() throws {
    let plan = try RegimeLawTests.plan("strided")
    let rig = Rig([plan])
    try Signal(rate: 120, rows: 900, seed: 2).send(losing: [400..<451]) { rig.receive($0) }
    let time = plan.model.network.time
    let decided = rig.decisions.compactMap(\.decided)
    #expect(decided.allSatisfy { time.output(atFrame: $0) != nil && !(400..<451).contains($0) })
    #expect(decided == (0..<Int64(900)).filter { decided.contains($0) })
    let due = (decided[0]..<900).filter { time.output(atFrame: $0) != nil && !(400..<451).contains($0) }
    #expect(decided == due, "each output is there but those of the gap")
  }

  @Test func `after it took over, a state is that of a network that began a warm-up before`() throws {
    let made = try Regimes.made("renewed")
    let model = try made.model()
    let heard = WindowLawTests.Heard()
    let rig = Rig([try .everyStep(model)], frames: { heard.append($1, $2) })
    try Signal(rate: 120, rows: 1300, seed: 3).sendFrom(0) { rig.receive($0) }
    let found = rig.decisions
    // 1 s of age are 120 frames, 0.1 s of warm-up 12.
    for takeover in [120, 240, 1200] {
      var bank = StateBank(for: model.network, capacity: 1)
      let end = min(takeover + 120, 1300)
      let fresh = model.network.run(
        Array(heard.frames[takeover - 12..<end]), from: Int64(takeover - 12), slot: bank.open(), bank: &bank)
      let scores = found[takeover..<end].flatMap(\.scores)
      #expect(scores == Array(fresh.suffix(scores.count)), "from frame \(takeover)")
    }
    var bank = StateBank(for: model.network, capacity: 1)
    let old = model.network.run(Array(heard.frames[..<121]), slot: bank.open(), bank: &bank)
    #expect(found[120].scores != Array(old.suffix(3)), "the old state would have said something else")
  }

  @Test func `who joins late agrees from the first take-over it saw warm up`() throws {
    let plan = try RegimeLawTests.plan("renewed")
    let signal = Signal(rate: 120, rows: 1500, seed: 4)
    let rig = Rig([plan])
    try signal.sendFrom(0) { rig.receive($0) }
    var tail = signal
    tail.samples.removeFirst(235)
    let late = Rig([plan])
    try tail.sendFrom(235) { late.receive($0) }
    func said(_ rig: Rig, from row: Int64) -> [WindowLawTests.Window] {
      rig.decisions.filter { $0.at! >= row }.map(WindowLawTests.Window.init)
    }
    // Joined at 235, it missed the shadow that began at 228 and takes over at 240.
    #expect(said(late, from: 360) == said(rig, from: 360))
    #expect(said(late, from: 240).prefix(5) != said(rig, from: 240).prefix(5))
  }

  @Test func `a reset between warm-up and take-over leaves the state that began there`() throws {
    let plan = try RegimeLawTests.plan("renewed")
    let signal = Signal(rate: 120, rows: 1000, seed: 5)
    let rig = Rig([plan])
    try signal.send(losing: [230..<351]) { rig.receive($0) }
    let model = plan.model
    // The shadow of 228 is gone; what begins at 351 goes on over frame 360, for its shadow should have begun at 348.
    let heard = WindowLawTests.Heard()
    var tail = signal
    tail.samples.removeFirst(351)
    let late = Rig([plan], frames: { heard.append($1, $2) })
    try tail.sendFrom(351) { late.receive($0) }
    var bank = StateBank(for: model.network, capacity: 1)
    let one = model.network.run(Array(heard.frames[..<129]), from: 351, slot: bank.open(), bank: &bank)
    let found = rig.decisions.filter { (351..<480).contains($0.decided!) }
    #expect(found.flatMap(\.scores) == one)
  }

  @Test func `labels are warming until the warm-up's frames, whatever the stride`() throws {
    var made = try Regimes.made("strided")
    made.warmUp = 1
    let rig = Rig([try .everyStep(made.model())])
    try Signal(rate: 120, rows: 400, seed: 1).sendFrom(0) { rig.receive($0) }
    for label in rig.decisions { #expect(label.quality == (label.decided! < 120 ? .warming : .ok)) }
  }
}
