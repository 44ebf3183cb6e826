import RunnelCore
import RunnelInference
import RunnelPipeline
import RunnelRecordings
import RunnelWire
import Testing

@testable import RunnelService

/// What an event stage learns from is what it is told live.
@Suite(.enabled(if: DatasetRig.hasEventModels, "golden models with an event stage"))
struct EventDatasetTests {
  private func model(_ name: String) throws -> Model {
    try ModelLoader.load(OfflineRig.root + "/Tests/Golden/models/\(name).safetensors")
  }

  /// The record's own beats as events, found by a first network that sees R waves only.
  private func write(_ rig: DatasetRig, _ name: String) throws -> DatasetManifest {
    let model = try model(name)
    let classes = try #require(TargetRule.classes(ofEventsOf: model.description))
    return try rig.write(
      .events, labeller: Labeller(model: model, channels: ["MLII"]),
      rule: TargetRule(classes: classes.classes, none: classes.none))
  }

  @Test func `each event has a row, its features in their columns`() throws {
    let rig = try DatasetRig(seconds: 60)
    let manifest = try write(rig, "event-stage-no-wait")
    let rows = try rig.array("at.npy").shape[0]
    #expect(manifest.columns == ["scores.none", "scores.N", "scores.V", "interval", "ratio:8"])
    #expect(try rows > 10 && rig.array("x.npy").shape == [rows, 5] && rig.array("y.npy").shape == [rows])
    let (x, at) = (try rig.floats("x.npy"), try rig.integers("at.npy"))
    #expect(x[3] == 0 && x[4] == 1, "the first event has no interval")
    for row in 1..<rows {
      let sum = x[row * 5..<row * 5 + 3].reduce(0, +)
      #expect(abs(sum - 1) < 1e-5, "mean scores of a softmax")
      // Steps of 100 Hz among rows of 360: `at` is rounded to a row.
      let between = Float(at[row] - at[row - 1]) / 360
      #expect(abs(x[row * 5 + 3] - between) <= 1.0 / 360 + 1e-5)
    }
  }

  @Test func `y is the class of the annotation within reach, of an event without one the class that drops it`() throws {
    let rig = try DatasetRig(seconds: 60)
    _ = try write(rig, "event-stage-no-wait")
    let at = try rig.integers("at.npy").map(Int64.init)
    try AnnotationFile([mark("V", at: at[4] + 10), mark("N", at: at[6]), mark("A", at: at[8])]).write(
      to: rig.offline.folder + "/syn.atr")
    rig.removeSet()
    let manifest = try write(rig, "event-stage-no-wait")
    let (y, mask) = (try rig.integers("y.npy"), try rig.integers("mask.npy"))
    // N V noise; S is none of the stage's classes.
    #expect(y[4] == 1 && y[6] == 0 && y[8] == -1 && y[10] == 2)
    #expect(mask[4] == 1 && mask[8] == 0 && manifest.totals.unknown == 1 + at.count { $0 < 0 })
  }

  @Test func `an event that waits for the next is not there at the end`() throws {
    let rig = try DatasetRig(seconds: 60)
    _ = try write(rig, "event-stage")
    let x = try rig.array("x.npy").shape
    var beats = BeatCount()
    let source = try RecordingSource(rig.offline.path)
    let counts = try Labeller(model: model("event-stage"), channels: ["MLII"]).label(source, into: &beats)
    let withheld = try rig.integers("at.npy").count { $0 < 0 }
    #expect(x == [beats.count + withheld, 14], "the stage of this model drops none")
    #expect(try rig.integers("mask.npy").count { $0 == 0 } >= withheld)
    #expect(counts.candidatesDiscarded >= 1)
  }

  @Test func `a model without an event stage is 64`() throws {
    let rig = try DatasetRig(seconds: 5)
    let error = serviceError { try rig.write(.events) }
    #expect(error?.kind == .usage && error?.description.contains("export it with an event stage") == true)
    #expect(rig.names(rig.folder) == [])
  }

  private struct BeatCount: LabelSink {
    var count = 0
    mutating func publish(_ label: LabelMessage, arrived: Int64) { if case .event = label.kind { count += 1 } }
  }
}
