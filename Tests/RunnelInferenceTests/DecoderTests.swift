import RunnelCore
import RunnelInference
import RunnelKernels
import Testing

/// A decoder gives what its layers give when they are stepped by hand.
@Suite struct DecoderTests {
  private static let encoder = SmallModel.gru("encode", 2, 4)
  private static let steps = 6

  private func decoded(
    _ input: String, _ feedback: String, _ state: String, stop: String? = nil
  ) throws -> (ModelFile, twin: Network) {
    let fed = input == "context" ? 0 : feedback == "class" ? 1 : 3
    let width = (input == "feedback" ? 0 : 4) + fed
    let (cell, head) = (SmallModel.gru("decode", width, 4), SmallModel.linear("out", 4, 3))
    let start = fed == 0 ? "" : #", "start": [\#((0..<fed).map { "0.\($0 + 1)" }.joined(separator: ", "))]"#
    let end = stop.map { #", "stop": "\#($0)""# } ?? ""
    let model = SmallModel(
      keys: """
        "regime": "windowed", "pattern": "encoder-decoder", "window": {"length": 5},
        "decoder": {"steps": \(Self.steps), "input": "\(input)", "feedback": "\(feedback)", "state": "\(state)"\(start)\(end),
        "layers": [\(cell.0), \(head.0)]}
        """,
      layers: [Self.encoder.0], shapes: Self.encoder.1 + cell.1 + head.1,
      golden: [("golden.input", [1, 5, 2]), ("golden.output", [1, Self.steps, 3])])
    let twin = SmallModel(
      inputs: width, layers: [cell.0, head.0], shapes: cell.1 + head.1,
      golden: [("golden.input", [1, width]), ("golden.output", [1, 3]), ("golden.decode.h_l0", [4])])
    return (try model.file, try twin.file.makeNetwork(logits: true))
  }

  private func softmax(_ x: [Float]) -> [Float] {
    var y = x
    KernelSet.best.softmax(x.count, x, &y)
    return y
  }

  @Test(arguments: ["context", "feedback", "context+feedback"], ["scores", "logits", "onehot", "class"])
  func `each step is fed what the description says`(input: String, feedback: String) throws {
    for state in ["zero", "encoder"] {
      let (model, twin) = try decoded(input, feedback, state)
      let network = model.makeNetwork()
      var random = SeededGenerator(seed: 3)
      let windows = (0..<4).map { _ in (0..<10).map { _ in Float(random.uniform() * 4 - 2) } }
      let found = model.makeEvaluator(windows: 3).evaluate(Array(windows.joined()))
      let logits = model.makeEvaluator(windows: 4, logits: true).evaluate(Array(windows.joined()))
      for (w, window) in windows.enumerated() {
        var encoded = network.initialState
        let context = try #require(network.whole(window, state: &encoded)).suffix(4)
        var bank = StateBank(for: twin)
        let slot = bank.open()
        if state == "encoder" { try bank.restore(encoded, into: slot) }
        var fed: [Float] = input == "context" ? [] : (0..<(feedback == "class" ? 1 : 3)).map { Float("0.\($0 + 1)")! }
        for step in 0..<Self.steps {
          let frame = (input == "feedback" ? [] : Array(context)) + fed
          let y = twin.run(frame, from: Int64(step), slot: slot, bank: &bank)
          let place = (w * Self.steps + step) * 3
          #expect(Array(logits[place..<place + 3]) == y)
          #expect(Array(found[place..<place + 3]) == softmax(y))
          let largest = y.firstIndex(of: y.max()!)!
          switch feedback {
          case _ where input == "context": break
          case "scores": fed = softmax(y)
          case "logits": fed = y
          case "onehot": fed = (0..<3).map { $0 == largest ? 1 : 0 }
          default: fed = [Float(largest)]
          }
        }
      }
    }
  }

  @Test func `a sequence ends before the class that stops it, or after its last step`() throws {
    let (free, _) = try decoded("context+feedback", "onehot", "zero")
    var random = SeededGenerator(seed: 8)
    let frames = (0..<60 * 10).map { _ in Float(random.uniform() * 8 - 4) }
    let scores = free.makeEvaluator(windows: 60).evaluate(frames)
    var lengths: Set<Int> = []
    for label in 0..<3 {
      let (model, _) = try decoded("context+feedback", "onehot", "zero", stop: ["a", "b", "c"][label])
      let evaluator = model.makeEvaluator(windows: 60)
      #expect(evaluator.evaluate(frames) == scores, "the scores go on")
      for w in 0..<60 {
        let classes = (0..<Self.steps).map { step in
          let row = scores[(w * Self.steps + step) * 3..<(w * Self.steps + step + 1) * 3]
          return row.firstIndex(of: row.max()!)! - row.startIndex
        }
        #expect(evaluator.length(of: w) == classes.firstIndex(of: label) ?? Self.steps)
        lengths.insert(evaluator.length(of: w))
      }
    }
    #expect(lengths.count > 1 && lengths.contains(Self.steps), "\(lengths)")
  }

  @Test func `a window that is not finite fails alone, and the next call knows nothing of it`() throws {
    let (model, _) = try decoded("context+feedback", "scores", "encoder")
    let evaluator = model.makeEvaluator(windows: 3)
    var frames = [Float](repeating: 0.5, count: 30)
    let good = evaluator.evaluate(frames)
    frames[13] = .infinity
    let bad = evaluator.evaluate(frames)
    #expect((0..<3).map { evaluator.failed(window: $0) } == [false, true, false])
    #expect(bad[18..<36].allSatisfy { $0.isNaN } && bad[..<18] == good[..<18] && bad[36...] == good[36...])
    frames[13] = 0.5
    #expect(evaluator.evaluate(frames) == good)
  }

  @Test func `layers of encoder and decoder do not share a name`() throws {
    let head = SmallModel.linear("encode", 4, 3)
    let model = SmallModel(
      keys: """
        "regime": "windowed", "pattern": "encoder-decoder", "window": {"length": 5},
        "decoder": {"steps": 2, "input": "context", "layers": [\(head.0)]}
        """, layers: [Self.encoder.0], shapes: Self.encoder.1)
    do {
      _ = try model.file
      Issue.record("accepted")
    } catch {
      #expect("\(error)".contains("decoder.layers[0].name: 'encode' names two layers"))
    }
  }
}
