import RunnelCore
import RunnelInference
import RunnelPipeline
import RunnelService
import RunnelWire

/// Windows of an LSTM of 64: one that starts at every sample, 128 of them side by side; and one after the other.
struct WindowBenchmark {
  var pace: Pace

  private static let length = 128

  var section: Section {
    get throws {
      var section = Section(
        "windows", "Windows of \(Self.length) frames, LSTM of 64, 1 input, 4 classes",
        [
          ("what", "what"), ("rows", "rows"), ("us", "µs"), ("median", "median"), ("spread", "spread"),
          ("ratio", "of a batch of 128"),
        ])
      let shape = try CellShape(.lstm, hidden: 64, inputs: 1)
      let carried = try MadeModel(shape, hasHead: true).file.makeNetwork(kernels: pace.kernels)
      let batch = step(carried, rows: Self.length)
      let sideBySide = try lane(MadeModel(shape, window: (Self.length, 1), hasHead: true).file)
      let ratio = sideBySide.best / batch.best
      for (what, rows, timing, ratio) in [
        ("a batch of 128 states, one step of each", 128, batch, 1),
        ("hop 1: a sample through the lane, 128 windows side by side", 1, sideBySide, ratio),
      ] {
        section.rows.append([
          .text(what), .count(rows), .figure(timing.best * 1e6), .figure(timing.median * 1e6), .part(timing.spread),
          .figure(ratio),
        ])
      }
      for rows in [1, 64] {
        let timing = try whole(MadeModel(shape, window: (Self.length, Self.length), hasHead: true).file, windows: rows)
        section.rows.append([
          .text("hop 128: a window, \(rows) lanes together"), .count(rows), .figure(timing.best * 1e6 / Double(rows)),
          .figure(timing.median * 1e6 / Double(rows)), .part(timing.spread), .text("-"),
        ])
      }
      return section
    }
  }

  /// One step of so many states through the bank.
  private func step(_ network: Network, rows: Int) -> Timing {
    var bank = StateBank(for: network, capacity: rows)
    let slots = (0..<rows).map { _ in bank.open() }
    let (frames, scores) = (AlignedFloats(count: rows), AlignedFloats(count: rows * network.outputs))
    for row in 0..<rows { frames.base[row] = Float(row) / Float(rows) }
    var indexes = [Int64](repeating: 0, count: rows)
    return slots.withUnsafeBufferPointer { slots in
      pace.watch.time { calls in
        for _ in 0..<calls {
          network.step(slots: slots, steps: indexes, frames: frames.base, scores: scores.base, bank: &bank)
          for row in 0..<rows { indexes[row] += 1 }
        }
      }
    }
  }

  /// One sample of one lane, from an admitted chunk of 4 rows to the label of the window that ends there.
  private func lane(_ file: ModelFile) throws -> Timing {
    let rows = 4
    let plan = try PipelinePlan(name: "w", model: Model(file, kernels: pace.kernels))
    let shard = Shard(claims: [.init(input: "in", pipeline: Pipeline(plan: plan, epoch: 1))], sink: Counter())
    let stream = shard.addStream()
    let session = Session(
      stream: StreamIdentity(input: "in", endpoint: "bench", stream: "s"), rate: 360, channels: [Channel(name: "x0")],
      level: .sequenced)
    if let refusal = shard.start(session, stream: stream) { throw refusal }
    let samples = (0..<rows).map { Float($0 % 9) / 9 }
    var next: Int64 = 0
    let timing = samples.withUnsafeBytes { payload in
      func push(_ calls: Int) {
        for _ in 0..<calls {
          let chunk = Chunk(payload: payload, element: .float32, rows: rows, channels: 1)
          shard.chunk(chunk, rows: 0..<rows, first: next, timestamp: nil, stream: stream)
          shard.step()
          next += Int64(rows)
        }
      }
      // Until as many windows are open as ever will be.
      push(Self.length / rows + 1)
      return pace.watch.time(push)
    }
    precondition(shard.sink.labels >= next - Int64(Self.length), "every window that is whole has a label")
    return Timing(timing, dividedBy: rows)
  }

  private func whole(_ file: ModelFile, windows: Int) throws -> Timing {
    let evaluator = file.makeEvaluator(kernels: pace.kernels, windows: windows)
    let frames = AlignedFloats(count: windows * evaluator.floatsPerWindow)
    for place in 0..<frames.count { frames.base[place] = Float(place % 9) / 9 }
    let scores = AlignedFloats(count: windows * evaluator.scoresPerWindow)
    return pace.watch.time { calls in
      for _ in 0..<calls { _ = evaluator.evaluate(count: windows, frames: frames.base, scores: scores.base) }
    }
  }

  private struct Counter: LabelSink {
    var labels: Int64 = 0
    mutating func publish(_ label: LabelMessage, arrived: Int64) { if label.isDecision { labels += 1 } }
  }
}
