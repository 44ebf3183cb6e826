import RunnelInference
import RunnelKernels
import RunnelService

/// A lane that is alone while frames wait for it: stepped one by one, and many at once, layer by layer.
struct BacklogBenchmark {
  var pace: Pace

  private static let sizes = [(16, 1, 1), (16, 1, 16), (64, 1, 1), (64, 1, 16), (64, 2, 1), (128, 2, 1)]
  private static let runs = [12, SlotRun.most]

  var section: Section {
    get throws {
      var section = Section(
        "backlog", "A lane alone with frames waiting, 4 classes: µs per frame",
        [
          ("cell", "cell"), ("hidden", "hidden"), ("layers", "layers"), ("inputs", "inputs"),
          ("one", "one by one"), ("some", "\(Self.runs[0]) at once"), ("many", "\(Self.runs[1]) at once"),
          ("spread", "spread"), ("ratio", "\(Self.runs[1]) are quicker by"),
        ])
      for cell in CellShape.Cell.allCases {
        for (hidden, layers, inputs) in pace.isQuick ? [Self.sizes[4]] : Self.sizes {
          let shape = try CellShape(cell, hidden: hidden, inputs: inputs, layers: layers)
          let network = try MadeModel(shape, hasHead: true).file.makeNetwork(kernels: pace.kernels)
          let timings = [step(network)] + Self.runs.map { run(network, frames: $0) }
          let each = zip(timings, [1] + Self.runs).map { $0.best * 1e6 / Double($1) }
          section.rows.append(
            [.text(cell.rawValue), .count(hidden), .count(layers), .count(inputs)] + each.map { .figure($0) }
              + [.part(timings.map(\.spread).reduce(0, max)), .figure(each[0] / each[2])])
        }
      }
      return section
    }
  }

  private func frames(_ count: Int, _ network: Network) -> AlignedFloats {
    let frames = AlignedFloats(count: count * network.inputs)
    for place in 0..<frames.count { frames.base[place] = Float(place % 9) / 9 }
    return frames
  }

  private func step(_ network: Network) -> Timing {
    var bank = StateBank(for: network, capacity: 1)
    let slots = [bank.open()]
    let (frames, scores) = (frames(1, network), AlignedFloats(count: network.outputs))
    var index: Int64 = 0
    return slots.withUnsafeBufferPointer { slots in
      pace.watch.time { calls in
        for _ in 0..<calls {
          network.step(slots: slots, steps: &index, frames: frames.base, scores: scores.base, bank: &bank)
          index += 1
        }
      }
    }
  }

  private func run(_ network: Network, frames count: Int) -> Timing {
    guard let run = SlotRun(network) else { preconditionFailure("a cell and a head run so") }
    var bank = StateBank(for: network, capacity: 1)
    let slot = bank.open()
    let frames = frames(count, network)
    var index: Int64 = 0
    return pace.watch.time { calls in
      for _ in 0..<calls {
        let isSound = run.run(slot, from: index, count: count, frames: frames.base, bank: &bank)
        precondition(isSound, "small numbers stay finite")
        index += Int64(count)
      }
    }
  }
}
