import RunnelInference
import Testing

@Suite struct StateArrayTests {
  /// A ring that counts, a cell, and a branch that waits two outputs.
  private func network() throws -> Network {
    let cell = SmallModel.gru("cell", 2, 2)
    let model = SmallModel(
      layers: [
        #"{"kind": "conv1d", "name": "conv", "input": 2, "output": 2, "kernel": 4, "padding": [1, 0], "bias": false}"#,
        cell.0, #"{"kind": "add", "name": "sum", "from": ["input", "cell"], "input": 2}"#,
        SmallModel.linear("out", 2, 3).0,
      ], shapes: [("conv.weight", [2, 2, 4])] + cell.1 + SmallModel.linear("out", 2, 3).1,
      golden: [("golden.input", [3, 2]), ("golden.output", [1, 3]), ("golden.cell.h_l0", [2])])
    return try model.file.makeNetwork()
  }

  private let names = ["conv.ring", "conv.count", "cell.h_l0", "sum.waiting_0", "sum.waiting_0_index"]

  @Test func `a state has a name for each part, with the oldest first`() throws {
    let network = try network()
    var state = network.initialState
    let frames: [Float] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
    let scores = try #require(network.whole(frames, from: 20, state: &state))
    #expect(scores.count == 9, "the first two frames give nothing")
    let arrays = state.named(network.layout)
    #expect(arrays.map(\.name) == names && arrays.map(\.shape) == [[3, 2], [], [2], [3, 2], [3]])
    #expect(arrays[0].numbers == .floats([5, 6, 7, 8, 9, 10]) && arrays[1].numbers == .integers([2]))
    #expect(arrays[3].numbers == .floats([5, 6, 7, 8, 9, 10]) && arrays[4].numbers == .integers([22, 23, 24]))
  }

  @Test func `before the first frame nothing is counted and nothing waits`() throws {
    let arrays = try network().initialState.named(try network().layout)
    #expect(arrays[1].numbers == .integers([0]) && arrays[4].numbers == .integers([-1, -1, -1]))
  }

  @Test func `features of the frame that are shown as they are wait like any others`() throws {
    let out = SmallModel.linear("out", 1, 3)
    let model = SmallModel(
      layers: [
        #"{"kind": "select", "name": "one", "input": 2, "first": 1, "output": 1}"#,
        #"{"kind": "maxpool", "name": "pool", "input": 1, "kernel": 3, "stride": 1}"#,
        #"{"kind": "add", "name": "sum", "from": ["one", "pool"], "input": 1}"#, out.0,
      ], shapes: out.1, golden: [("golden.input", [3, 2]), ("golden.output", [1, 3])])
    let network = try model.file.makeNetwork(logits: true)
    var bank = StateBank(for: network)
    let slot = bank.open()
    let stepped = network.run([9, 1, 9, 4, 9, 2, 9, 3], slot: slot, bank: &bank)
    var state = network.initialState
    #expect(network.whole([9, 1, 9, 4, 9, 2, 9, 3], state: &state) == stepped && state == bank.snapshot(slot))
    // Sums 1 + max(1, 4, 2) and 4 + max(4, 2, 3), by way of the last layer.
    let plain = try SmallModel(
      inputs: 1, layers: [out.0], shapes: out.1, golden: [("golden.input", [1, 1]), ("golden.output", [1, 3])]
    ).file.makeNetwork(logits: true)
    var none = plain.initialState
    #expect(plain.whole([5, 8], state: &none) == stepped)
  }

  private func refused(_ text: String, _ edit: (inout [StateArray]) -> Void) throws {
    let network = try network()
    var arrays = network.initialState.named(network.layout)
    edit(&arrays)
    do throws(StateError) {
      _ = try NetworkState(named: arrays, layout: network.layout)
      Issue.record("accepted: expected '\(text)'")
    } catch { #expect(error.description.contains(text), "\(error)") }
  }

  @Test func `arrays that are no state of this network are refused by name`() throws {
    try refused("no array 'cell.h_l0'") { $0.remove(at: 2) }
    try refused("an array 'lstm.c_l0'") { $0.append(StateArray(name: "lstm.c_l0", shape: [1], floats: [0])) }
    try refused("'conv.ring' of the state has shape [2, 3], expected [3, 2]") { $0[0].shape = [2, 3] }
    try refused("'conv.ring' of the state has to be of floats") { $0[0].numbers = .floats([1, 2]) }
    try refused("'conv.count' of the state has to be of integers") { $0[1].numbers = .floats([1]) }
    try refused("'conv.count' of the state has 3, expected 0 to 2") { $0[1].numbers = .integers([3]) }
    try refused("not finite at value 6") { $0[2].numbers = .floats([.nan, 0]) }
    try refused("'sum.waiting_0_index' of the state has 4, expected indexes that ascend") {
      $0[4].numbers = .integers([1, 4, 5])
    }
    try refused("'sum.waiting_0_index' of the state has 1") { $0[4].numbers = .integers([2, 1, 3]) }
  }

  @Test func `a state of counts that do not fit is refused by a bank too`() throws {
    let network = try network()
    var bank = StateBank(for: network)
    let slot = bank.open()
    var state = bank.snapshot(slot)
    state.counts[0] = -1
    #expect(throws: StateError.number(name: "conv.count", found: -1, expected: "0 to 2")) {
      try bank.restore(state, into: slot)
    }
    state.counts = []
    #expect(throws: StateError.count(expected: 4, found: 0)) { try bank.restore(state, into: slot) }
    #expect(bank.snapshot(slot) == network.initialState)
  }
}
