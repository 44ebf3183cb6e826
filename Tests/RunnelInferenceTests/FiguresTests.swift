import RunnelInference
import Testing

@Suite struct FiguresTests {
  private func figures(_ layers: String..., inputs: Int = 3) throws -> NetworkFigures {
    let width = inputs
    let text = SmallModel(inputs: width, layers: layers, shapes: []).description
    return NetworkFigures(try ModelDescription(parsing: text).graph)
  }

  @Test func `RNN, LSTM and GRU are as 1 to 4 to 3`() throws {
    let all = try ["rnn", "lstm", "gru"].map { kind in
      try figures(
        #"{"kind": "\#(kind)", "name": "cell", "input": 3, "hidden": 8}"#, SmallModel.linear("out", 8, 3).0
      ).layers[0]
    }
    #expect(all.map(\.parameters) == [104, 416, 312] && all.map(\.multiplyAdds) == [88, 352, 264])
    #expect(all.map(\.stateBytes) == [32, 64, 32])
  }

  @Test func `a layer behind a stride works at every second frame`() throws {
    let found = try figures(
      #"{"kind": "conv1d", "name": "conv", "input": 3, "output": 4, "kernel": 5, "stride": 2}"#,
      #"{"kind": "maxpool", "name": "pool", "input": 4, "kernel": 2}"#, SmallModel.linear("out", 4, 3).0)
    #expect(found.layers.map(\.multiplyAdds) == [30, 0, 3] && found.multiplyAdds == 33)
    #expect(found.layers.map(\.stateBytes) == [4 * 4 * 3, 4 * 4 + 8, 0] && found.parameters == 64 + 15)
  }

  @Test(arguments: Models.all)
  func `parameters are those of the tensors, and the state has the bytes that a lane carries`(name: String) throws {
    let model = try Models.file(name)
    let parts = [model.figures, model.decoderFigures, model.eventFigures].compactMap { $0 }
    let golden = try Models.Pieces(Models.bytes(name)).tensors.filter { $0.name.hasPrefix("golden.") }
    let all = try Models.Pieces(Models.bytes(name)).tensors.reduce(0) { $0 + $1.values.count }
    #expect(parts.reduce(0) { $0 + $1.parameters } == all - golden.reduce(0) { $0 + $1.values.count })
    if !model.description.layers.contains(where: { $0.kind == .prelu }) {
      #expect(NetworkFigures(model.description.graph).parameters >= model.figures.parameters)
    }
    guard model.description.regime == .carried else { return }
    let state = model.makeNetwork().initialState
    #expect(model.figures.stateBytes == 4 * state.values.count + 8 * state.counts.count)
  }
}
