import RunnelCore
import RunnelPipeline
import RunnelService
import RunnelWire

/// A message from its publisher's encoder to the network's step: decoded, admitted, conditioned and stepped, as the daemon
/// does it between two looks at its sockets, which are left out. Labels are of changes, and nothing changes.
struct MessageBenchmark {
  var pace: Pace

  /// Messages that arrive before the lanes step.
  private static let turn = 64

  var section: Section {
    get throws {
      var section = Section(
        "messages",
        "A message encoded, decoded, admitted, conditioned and stepped, RNN of 16, 1 input, 4 classes, \(Self.turn) messages in a turn",
        [
          ("rows", "rows"), ("streams", "streams"), ("ns", "ns per message"), ("median", "median"),
          ("spread", "spread"), ("messages_per_second", "messages/s"),
        ])
      for (rows, streams) in [(1, 1), (1, 64), (36, 1), (36, 64)] {
        let traffic = try Traffic(streams: streams, rows: rows, pace)
        traffic.turns(Self.turn)
        let timing = Timing(pace.watch.time(traffic.turns), dividedBy: Self.turn)
        traffic.check()
        section.rows.append([
          .count(rows), .count(streams), .figure(timing.best * 1e9), .figure(timing.median * 1e9),
          .part(timing.spread), .figure(1 / timing.best),
        ])
      }
      return section
    }
  }

  /// Publishers that take turns, and what receives them.
  private final class Traffic {
    private let shard: Shard<Nowhere>
    private let intake: Intake
    private let decoder = MessageDecoder.runnel(RunnelDecoder())
    private let rows: Int
    private var encoders: [RunnelEncoder] = []
    private let payload: [Int16]
    private var next = 0
    private var sent: Int64 = 0

    init(streams: Int, rows: Int, _ pace: Pace) throws {
      var made = MadeModel(try CellShape(.rnn, hidden: 16, inputs: 1), hasHead: true)
      made.emit = "change"
      let plan = try PipelinePlan(name: "m", model: Model(made.file, kernels: pace.kernels))
      let shard = Shard(claims: [.init(input: "in", pipeline: Pipeline(plan: plan, epoch: 1))], sink: Nowhere())
      self.shard = shard
      self.rows = rows
      intake = Intake(policy: StreamPolicy(input: "in"), numbering: { shard.addStream() })
      payload = [Int16](repeating: 7, count: rows)
      for number in 0..<streams {
        let description = StreamDescription(
          stream: "bed\(number)", epoch: 1, rate: made.rate, channels: [Channel(name: "x0", unit: "mV")])
        let encoder = try RunnelEncoder(description, epoch: 1, element: .int16)
        encoder.withDescription { receive($0) }
        encoders.append(encoder)
      }
    }

    func turns(_ calls: Int) {
      for _ in 0..<calls {
        for _ in 0..<MessageBenchmark.turn {
          payload.withUnsafeBytes { encoders[next].withSamples($0, rows: rows) { receive($0) } }
          sent += 1
          next += 1
          if next == encoders.count { next = 0 }
        }
        shard.step()
      }
    }

    func check() {
      precondition(intake.total.rowsUsed == sent * Int64(rows), "every row that was sent is used")
    }

    private func receive(_ parts: MessageParts) {
      shard.arrive(monotonic: 1, unix: nil)
      guard let message = try? decoder.decode(parts) else { return }
      intake.admit(
        message, key: UnsafeRawBufferPointer(rebasing: parts[0].dropFirst()), endpoint: "bench", now: 1, to: shard
      ) { "a stream" }
    }
  }

  private struct Nowhere: LabelSink {
    mutating func publish(_ label: LabelMessage, arrived: Int64) {}
  }
}
