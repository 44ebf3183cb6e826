import RunnelCore
import RunnelPipeline
import RunnelRecordings
import Testing

@testable import RunnelService

/// What a network is trained on is what it will meet.
@Suite struct DatasetTests {
  @Test func `frames are those that label writes, bit for bit, and zeros where there are none`() throws {
    let rig = try DatasetRig(missing: [1000..<1010, 3000..<3200, 6000..<7000])
    try rig.write(.whole)
    let seen = try rig.conditioned()
    let x = try rig.floats("syn.x.npy")
    #expect(seen.contains { $0.isNaN } && x.count == seen.count)
    #expect(zip(x, seen).allSatisfy { $0.bitPattern == ($1.isNaN ? 0 : $1.bitPattern) })
    #expect(try rig.array("syn.x.npy").shape == [3600, 1])
  }

  @Test func `windows are pieces of the same frames, and overlap costs nothing`() throws {
    let rig = try DatasetRig()
    try rig.write(.windows(WindowCut(length: 360, hop: 120, target: .frame(359))))
    #expect(try rig.floats("x.npy") == rig.conditioned())
    #expect(try rig.integers("index.npy") == (0...27).map { $0 * 120 })
    #expect(try rig.array("y.npy").shape == [28] && rig.array("mask.npy").shape == [28])
  }

  @Test(arguments: [("x.mcap", "atr"), ("x.edf", "atr"), ("x.csv", "labels.csv")])
  func `a record of another format makes the same set, with its own truth or that beside it`(
    name: String, truth: String
  ) throws {
    let rig = try DatasetRig()
    try rig.write(.whole)
    let (x, y) = (try rig.floats("syn.x.npy"), try rig.integers("syn.y.npy"))
    rig.removeSet()
    let record = rig.offline.folder + "/" + name
    _ = try Converter().convert(rig.offline.path, to: record)
    let manifest = try rig.write(.whole, of: record, truth: truth)
    let made = manifest.records[0].name
    #expect(try rig.integers("\(made).y.npy") == y && Set(y).count > 1)
    let frames = try rig.floats("\(made).x.npy")
    // EDF says a scaling by its limits, which differ in the last bits.
    #expect(frames.count == x.count && zip(frames, x).allSatisfy { abs($0 - $1) <= (name == "x.edf" ? 1e-3 : 0) })
  }

  @Test func `the filling of short gaps and the gap rule of a configuration hold here too`() throws {
    let rig = try DatasetRig(missing: [2000..<2100])
    let text = rig.offline.configuration(
      pipeline: "model: beats, channels: [MLII], gap: {fill: linear 300ms, carry: 1s}")
    let configuration = try ConfigurationReader.read(text: text, file: "c.yaml").configuration
    let labeller = try Labeller(configuration, models: ModelLoader.load(configuration.models))
    let manifest = try rig.write(.whole, labeller: labeller)
    #expect(try rig.floats("syn.x.npy") == rig.conditioned(labeller))
    #expect(manifest.totals.missing == 0 && manifest.records[0].gaps.isEmpty)
  }

  @Test func `a window across a gap that was not filled is left out, and counted`() throws {
    // Rows 3000 ..< 3200 are frames 1000 ..< 1067 at a third of the rate.
    let rig = try DatasetRig(missing: [3000..<3200])
    let cut = try WindowCut(length: 100, hop: 50, target: .frame(99))
    let manifest = try rig.write(.windows(cut))
    let whole = (0...70).map { $0 * 50 }
    let crossing = whole.filter { $0 < 1067 && $0 + 100 > 1000 }
    #expect(try rig.integers("index.npy") == whole.filter { !crossing.contains($0) })
    #expect(manifest.totals.windowsLeftOut == crossing.count && crossing.count == 3)
  }

  @Test func `a record that is little but a gap is refused, for each frame of it has a place`() throws {
    let rig = try DatasetRig()
    let table = try rig.offline.write("gap.csv", "sample,MLII [mV]\n0,1\n1,2\n\(Int64(1) << 52),3\n")
    let record = rig.offline.folder + "/gap.mcap"
    _ = try Converter(selection: .init(rate: 360)).convert(table, to: record)
    try AnnotationFile([mark("N", at: 1)]).write(to: rig.offline.folder + "/gap.atr")
    let error = serviceError { try rig.write(.whole, of: record) }
    #expect(error?.kind == .data && error?.description.contains("split the recording at the gap") == true)
  }

  @Test func `a window ends exactly where a gap begins and begins where it ends`() throws {
    let marks: [ConditionedRecord.Mark] = [.good, .warming, .missing, .good, .good, .good]
    let cut = try WindowCut(length: 2, hop: 1, target: .frame(0))
    #expect(cut.starts(first: 0, marks: marks).starts == [0, 3, 4])
    #expect(cut.starts(first: 0, marks: marks).leftOut == 2)
    let rare = try WindowCut(length: 2, hop: 3, target: .frame(0))
    #expect(rare.starts(first: 5, marks: marks).starts == [4], "anchored to the session's frame 0")
  }

  @Test func `targets lie where a label would: delay, width and both edges to the sample`() throws {
    // The model's delay is 42 steps at a third of the rate: step n speaks of row 3 (n − 42).
    let rig = try DatasetRig(annotations: [mark("V", at: 3000), mark("N", at: 3301)])
    try rig.write(.whole, rule: TargetRule(width: 0.08))
    let y = try rig.integers("syn.y.npy")
    // Within 14.4 rows of 3000: rows 2988 ... 3012, steps 1038 ... 1046. Of 3301: 3288 ... 3315.
    #expect(y.indices.filter { y[$0] == 3 } == Array(1038...1046))
    #expect(y.indices.filter { y[$0] == 1 } == Array(1138...1147))
  }

  @Test func `a width that is a whole number of rows reaches the last of them`() throws {
    let rig = try DatasetRig(annotations: [mark("N", at: 3000)])
    try rig.write(.whole, rule: TargetRule(width: 0.1))
    let y = try rig.integers("syn.y.npy")
    #expect(y.indices.filter { y[$0] == 1 } == Array(1036...1048), "18 rows on both sides")
  }

  @Test func `a width of nothing is the one step that speaks of the beat`() throws {
    let rig = try DatasetRig(annotations: [mark("N", at: 3000)])
    try rig.write(.whole, rule: TargetRule(width: 0))
    let y = try rig.integers("syn.y.npy")
    #expect(y.indices.filter { y[$0] == 1 } == [1042])
  }

  @Test func `another delay moves the targets and nothing else`() throws {
    let rig = try DatasetRig(annotations: [mark("N", at: 3000)])
    var input = try TrainingInput(OfflineRig.model.get().description)
    input.delay = 0
    try rig.write(.whole, input: input, rule: TargetRule(width: 0))
    let y = try rig.integers("syn.y.npy")
    #expect(y.indices.filter { y[$0] == 1 } == [1000])
    #expect(try rig.floats("syn.x.npy") == rig.conditioned())
  }

  @Test func `the first and the last sample can be beats`() throws {
    let rig = try DatasetRig(annotations: [mark("N", at: 0), mark("V", at: 10_799)])
    var input = try TrainingInput(OfflineRig.model.get().description)
    input.delay = 0
    try rig.write(.whole, input: input, rule: TargetRule(width: 0.02))
    let y = try rig.integers("syn.y.npy")
    // Within 3.6 rows: 0, 3 and 10797; 10800 is no row.
    #expect(y.indices.filter { y[$0] == 1 } == [0, 1] && y.indices.filter { y[$0] == 3 } == [3599])
  }

  @Test func `steps that would be warming are masked, and those that speak of nothing known`() throws {
    let rig = try DatasetRig(
      annotations: [mark("[", at: 6000), mark("N", at: 6300), mark("]", at: 6600), mark("f", at: 9000)])
    let manifest = try rig.write(.whole, rule: TargetRule(classes: ["none", "N", "V"], width: 0.08))
    let (y, mask) = (try rig.integers("syn.y.npy"), try rig.integers("syn.mask.npy"))
    // Five periods of the band-pass's lower corner: 10 s. The first 42 steps speak of rows before the first.
    #expect(mask.firstIndex(of: 1) == 1200 && Array(y[..<43]) == Array(repeating: -1, count: 42) + [0])
    // Flutter is rows 6000 ... 6600, steps 2042 ... 2242; a paced beat at 9000 is none of the classes.
    let unknown = y.indices.filter { y[$0] == -1 && $0 >= 1200 }
    #expect(unknown == Array(2042...2242) + Array(3038...3046))
    #expect(unknown.allSatisfy { mask[$0] == 0 })
    #expect(manifest.totals.unknown == 210 && manifest.totals.warming == 1200)
    #expect(manifest.totals.good == mask.reduce(0, +))
  }

  @Test func `steps after a gap are masked as long as their labels would be warming`() throws {
    let rig = try DatasetRig(missing: [5400..<5500, 9000..<9400])
    let manifest = try rig.write(.whole)
    let mask = try rig.integers("syn.mask.npy")
    // 100 rows are carried, 400 are more than the second after which state begins anew; both settle for 10 s here.
    #expect(manifest.records[0].gaps.map(\.wasReset) == [false, true])
    #expect(manifest.records[0].gaps.map(\.rows) == [5400..<5500, 9000..<9400])
    #expect(mask[1799] == 1 && !mask[1800..<3034].contains(1))
    #expect(manifest.totals.missing == 34 + 134)
  }

  @Test func `a model that needs whole windows conditions as any other`() throws {
    let rig = try DatasetRig(seconds: 5)
    for name in ["window-bilstm-final", "window-lstm-normalised"] {
      let model = try ModelLoader.load(OfflineRig.root + "/Tests/Golden/models/\(name).safetensors")
      let both = ["input0=MLII", "input1=MLII"]
      let labeller = try Labeller(model: model, channels: both)
      let cut = try #require(WindowCut(labeller.plans[0]))
      #expect(cut == (try WindowCut(length: 24, hop: 6, target: .frame(23))))
      let manifest = try rig.write(.windows(cut), labeller: labeller)
      #expect(try rig.array("x.npy").shape == [500, 2] && rig.array("index.npy").shape == [80])
      #expect(
        manifest.input.conditioning["normalisation"]?["kind"]?.string
          == (name.hasSuffix("normalised") ? "window" : "none"))
      rig.removeSet()
    }
  }

  @Test func `windows take y and mask of their target`() throws {
    let rig = try DatasetRig(annotations: [mark("V", at: 6000)])
    try rig.write(
      .windows(WindowCut(length: 300, hop: 1, target: .frame(10))), rule: TargetRule(width: 0))
    let (y, mask) = (try rig.integers("y.npy"), try rig.integers("mask.npy"))
    #expect(y.indices.filter { y[$0] == 3 } == [2042 - 10])
    #expect(mask.firstIndex(of: 1) == 1200, "a window has settled when its first frame has")
    rig.removeSet()
    let manifest = try rig.write(
      .windows(WindowCut(length: 300, hop: 300, target: .all)), rule: TargetRule(width: 0))
    #expect(try rig.array("y.npy").shape == [3600] && rig.array("index.npy").shape == [12])
    #expect(manifest.totals.classes[3] == 1)
  }
}
