import Glibc
import RunnelCore
import RunnelInference
import RunnelPipeline
import RunnelWire
import Testing

/// Laws 1 and 2 for every model file that other programs wrote: whatever layers it has, its labels depend on the stream
/// alone, and its windows have the bits that they have alone.
@Suite struct FixtureLawTests {
  static let names: [String] = {
    var names: [String] = []
    guard let folder = opendir(TestModel.golden + "models") else { return [] }
    defer { closedir(folder) }
    while let entry = readdir(folder) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name.hasSuffix(".safetensors") { names.append(String(name.dropLast(".safetensors".count))) }
    }
    return names.sorted()
  }()

  @Test func `there are models of both regimes`() throws {
    #expect(Self.names.count > 40 && Self.names.contains { $0.hasPrefix("window") })
  }

  @Test(arguments: names)
  func `labels depend on the stream alone`(name: String) throws {
    let model = try TestModel.load(name)
    let inputs = model.description.inputs
    // Loud enough for events.
    let scaling = Channel.Scaling.linear(scale: model.description.eventStage == nil ? 0.005 : 0.02, offset: 0)
    let channels = inputs.map { Channel(name: $0.name, unit: $0.unit, scaling: scaling) }
    var signal = Signal(rate: model.description.rate, channels: inputs.map(\.name), rows: 700, seed: 1)
    signal.channels = channels
    // Features that are class numbers have to be such.
    if model.description.layers.contains(where: { if case .embedding = $0.kind { true } else { false } }) {
      signal.samples = signal.samples.map { abs($0) % 3 * 200 }
    }
    let binding = Dictionary(uniqueKeysWithValues: inputs.map { ($0.name, $0.name) })
    let isSequence = model.description.pattern != .manyToOne && model.description.regime == .windowed
    let rule = isSequence || model.description.eventStage == nil ? DecisionRule(emit: .every) : nil
    let plan = try PipelinePlan(
      name: "p", model: model, binding: .group(name: "all", channels: binding), rule: rule)
    let heard = WindowLawTests.Heard()
    let whole = Rig([plan], frames: { heard.append($1, $2) })
    try signal.send(losing: []) { whole.receive($0) }
    let expected = whole.labels
    let decisions = (expected["bed7/all"] ?? []).compactMap { try? LabelDecoder().decode($0) }.filter(\.isDecision)
    #expect(decisions.count > 2, "\(name)")
    for seed in UInt64(0)..<2 {
      let cut = Rig([plan, plan])
      try signal.send(cut: signal.cuts(seed: seed)) {
        cut.receive($0)
        if seed == 1 { cut.step() }
      }
      #expect(cut.labels["bed7/all"]?.count == 2 * (expected["bed7/all"]?.count ?? 0))
      #expect(Set(cut.labels["bed7/all"] ?? []) == Set(expected["bed7/all"] ?? []), "\(name), seed \(seed)")
    }
    if let window = model.description.window { try compare(decisions, heard.frames, model, window.length) }
  }

  private func compare(_ decisions: [LabelMessage], _ frames: [Float], _ model: Model, _ length: Int) throws {
    let alone = model.file.makeEvaluator(windows: 1)
    let (size, hop) = (length * alone.inputs, model.description.hop * alone.inputs)
    for (number, label) in decisions.enumerated() where number * hop + size <= frames.count {
      let whole = alone.evaluate(Array(frames[number * hop..<number * hop + size]))
      #expect((label.steps?.scores ?? label.scores) == Array(whole.prefix(alone.length(of: 0) * alone.outputs)))
    }
  }
}
