import RunnelCore
import RunnelPipeline
import RunnelWire

@testable import RunnelService

extension DaemonRig {
  /// The conditioned samples of a lane as its network got them, by the observer that `label --conditioned` uses.
  static func conditioned(_ pieces: [(first: Int64, rows: [Int16])]) throws -> [Int64: Float] {
    let configuration = try ConfigurationReader.read(
      text: """
        streams: {beds: {bind: "tcp://127.0.0.1:*"}}
        models: {beats: {file: \(model)}}
        pipelines: {beats: {from: beds, channels: [MLII], model: beats, decide: {emit: every, smooth: none}}}
        outputs: {labels: {bind: "tcp://127.0.0.1:*"}}
        """, file: "test.yaml"
    ).configuration
    let plan = try configuration.plans(models: ModelLoader.load(configuration.models))[0].plan
    let pipeline = Pipeline(plan: plan, epoch: 1)
    var frames: [Int64: Float] = [:]
    pipeline.frameObserver = { _, steps, values in for (step, value) in zip(steps, values) { frames[step] = value } }
    let shard = Shard(claims: [.init(input: "beds", pipeline: pipeline)], sink: Nowhere())
    let stream = shard.addStream()
    _ = shard.start(
      Session(
        stream: StreamIdentity(input: "beds", endpoint: "", stream: "bed7"), rate: 360,
        channels: StreamDescription.bed().channels, level: .sequenced), stream: stream)
    var expected: Int64 = 0
    for (first, rows) in pieces {
      if first > expected { shard.gap(expected..<first, stream: stream) }
      rows.withUnsafeBytes { payload in
        let chunk = Chunk(
          payload: payload, element: .int16, byteOrder: .little, layout: .interleaved, rows: rows.count, channels: 1)
        shard.chunk(chunk, rows: 0..<rows.count, first: first, timestamp: nil, stream: stream)
      }
      expected = first + Int64(rows.count)
      shard.step()
    }
    return frames
  }

  private struct Nowhere: LabelSink {
    mutating func publish(_ label: LabelMessage, arrived: Int64) {}
  }
}
