import RunnelCore
import RunnelService
import RunnelWire

/// From a label to its bytes, in each shape.
struct EncodeBenchmark {
  var pace: Pace

  var section: Section {
    var section = Section(
      "encode", "Encoding a label of five classes",
      [("shape", "shape"), ("ns", "ns per label"), ("median", "median"), ("spread", "spread"), ("bytes", "bytes")])
    var (json, canonical, binary) = (LabelEncoder(), LabelEncoder(canonical: true), ScoreEncoder())
    let label = Self.label
    add("JSON", to: &section) { json.encode(label) { $0.count } }
    let origin = json.origin(of: label)
    add("JSON, its origin kept", to: &section) { json.encode(label, origin: origin) { $0.count } }
    add("JSON, canonical", to: &section) { canonical.encode(label) { $0.count } }
    add("binary", to: &section) { binary.encode(label) { $0.count + $1.count } ?? 0 }
    return section
  }

  private func add(_ shape: String, to section: inout Section, _ encode: () -> Int) {
    var bytes = 0
    let timing = pace.watch.time { calls in
      for _ in 0..<calls { bytes = encode() }
    }
    section.rows.append([
      .text(shape), .figure(timing.best * 1e9), .figure(timing.median * 1e9), .part(timing.spread), .count(bytes),
    ])
  }

  /// As the daemon sends one of the ECG model.
  private static var label: LabelMessage {
    LabelMessage(
      kind: .label, input: "beds", stream: "bed7", channel: "MLII", pipeline: "beats",
      model: "sha256:" + String(repeating: "0123456789abcdef", count: 4), epoch: 1_763_923_532_123_456_789,
      inputEpoch: 1_763_923_532_123_456_780, sequence: 42, at: 98_765_530, first: 98_765_512, last: 98_765_618,
      decided: 98_765_700, timestamp: 1_763_923_532_123_456_789, timeSource: .sender, label: "V", id: 2, p: 0.973,
      scores: [0.01, 0.012, 0.973, 0.003, 0.002], level: .sequenced, quality: .ok, missing: 0, latencyMicroseconds: 184)
  }
}
