import RunnelCore
import RunnelService
import RunnelSignal

/// From raw samples to the frames of a network, for one lane of one channel and of several.
struct ConditionBenchmark {
  var pace: Pace

  private static let rows = 36
  private static let channels = 4

  var section: Section {
    get throws {
      var section = Section(
        "condition", "Conditioning, chunks of \(Self.rows) rows at 360 Hz, one lane: ns per row and channel",
        [
          ("what", "what"), ("channels", "channels"), ("ns", "ns"), ("median", "median"), ("spread", "spread"),
          ("values_per_second", "values/s"),
        ])
      add("read i16 as physical values", channels: 1, reading(), to: &section)
      for (name, conditioning, rate) in [
        ("high-pass of order 2", Conditioning(filters: [.highPass(order: 2, corner: 0.5)]), 360.0),
        ("band-pass of order 2", Conditioning(filters: [.bandPass(order: 2, low: 0.5, high: 40)]), 360),
        ("notch at 50 Hz", Conditioning(filters: [.notch(frequency: 50, quality: 30)]), 360),
        ("resampling to 120 Hz", Conditioning(), 120), ("resampling to 250 Hz", Conditioning(), 250),
        (
          "running normalisation",
          Conditioning(normalisation: .running(timeConstant: 10, mean: 0, variance: 1, epsilon: 1e-4)), 360
        ),
        (
          "band-pass, resampling to 120 Hz, running normalisation",
          Conditioning(
            filters: [.bandPass(order: 2, low: 0.5, high: 40)],
            normalisation: .running(timeConstant: 10, mean: 0, variance: 1, epsilon: 1e-4)), 120
        ),
      ] {
        for channels in [1, Self.channels] {
          add(name, channels: channels, try conditioned(conditioning, to: rate, channels: channels), to: &section)
        }
      }
      return section
    }
  }

  private func add(_ name: String, channels: Int, _ timing: Timing, to section: inout Section) {
    let each = Double(Self.rows * channels)
    section.rows.append([
      .text(name), .count(channels), .figure(timing.best * 1e9 / each), .figure(timing.median * 1e9 / each),
      .part(timing.spread), .figure(each / timing.best),
    ])
  }

  private func reading() -> Timing {
    let reader = SampleReader(scaling: .linear(scale: 0.005, offset: 0), missing: [-32768])
    let samples = (0..<Self.rows).map { Int16($0) }
    let physical = AlignedFloats(count: Self.rows)
    var faults = [UInt8](repeating: 0, count: Self.rows)
    return samples.withUnsafeBytes { payload in
      let chunk = Chunk(payload: payload, element: .int16, rows: Self.rows, channels: 1)
      return pace.watch.time { calls in
        for _ in 0..<calls {
          _ = reader.read(chunk, channel: 0, rows: 0..<Self.rows, into: physical.base, faults: &faults)
        }
      }
    }
  }

  private func conditioned(_ conditioning: Conditioning, to rate: Double, channels: Int) throws -> Timing {
    let conditioner = try Conditioner(conditioning, inputRate: 360, modelRate: rate)
    var state = conditioner.makeState(channels: channels)
    let samples = AlignedFloats(count: channels * Self.rows)
    for place in 0..<channels * Self.rows { samples.base[place] = Float(place % 7) / 7 }
    let frames = AlignedFloats(count: channels * (conditioner.frameCapacity(rows: Self.rows) + 1))
    var next: Int64 = 0
    return pace.watch.time { calls in
      for _ in 0..<calls {
        _ = conditioner.push(
          samples.base, count: Self.rows, column: Self.rows, at: next, state: &state, into: frames.base)
        next += Int64(Self.rows)
      }
    }
  }
}
