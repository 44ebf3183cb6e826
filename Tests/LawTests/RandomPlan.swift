import RunnelCore
import RunnelInference
import RunnelPipeline

/// A pipeline and a stream drawn from a seed: any regime, layers with strides and padding, any rates, delays and
/// warm-ups, any rule and gap rule. What it knows of the network's time it counts itself, layer by layer.
struct RandomPlan {
  enum Regime: CaseIterable {
    case carried, renewed, sideBySide, whole, sequence, decoder, events
  }

  let regime: Regime
  private(set) var made: MadeModel
  private(set) var plan: PipelinePlan
  private(set) var stream: RandomStream
  /// Of the last layer: output m rests on frames up to first + m · stride, of which `ahead` are padding.
  private(set) var first = 0
  private(set) var stride = 1
  private(set) var ahead = 0
  /// Outputs of a window, before the target is chosen.
  private(set) var steps = 0
  /// The output of a window that is its label.
  private(set) var target = 0
  /// The steps of a window are one.
  private(set) var isCollapsed = false
  /// Seconds for which the conditioning settles.
  private(set) var settling = 0.0

  private var width = 1
  private var count = 0
  private var last = "input"

  /// - Parameter isPlain: every output has its label, with all scores, so that each can be computed anew.
  init(seed: UInt64, isPlain: Bool) throws {
    var random = SeededGenerator(seed: seed)
    regime = Regime.allCases[random.below(isPlain ? 6 : 7)]
    let waits = random.below(2) == 0
    made = regime == .events ? EventStageLawTests.made(waits: waits) : MadeModel(seed: seed)
    plan = try .everyStep(Regimes.model("strided"))
    stream = RandomStream()
    drawConditioning(&random)
    if regime != .events { drawLayers(&random) }
    let model = try made.model()
    stream.draw(&random, modelRate: made.rate, inputs: made.inputs.count, windowLength: made.window?.length ?? 0)
    let rule = isPlain || regime == .events ? nil : drawRule(&random)
    let hop = regime == .events || random.below(3) > 0 ? nil : 1 + random.below(regime == .carried ? 5 : 50)
    if let hop { made.hop = hop }
    let names = ["C", "A"]
    let bound = Dictionary(uniqueKeysWithValues: zip(made.inputs, names))
    plan = try PipelinePlan(
      name: "p", model: model,
      binding: made.inputs.count == 1 && random.below(2) == 0 ? .each(["C"]) : .group(name: "all", channels: bound),
      rule: rule, gap: stream.gap, missing: [-32768], flat: isPlain || random.below(3) > 0 ? nil : 0.05, hop: hop)
  }

  /// What labels call its lane.
  var lane: String {
    if case .group(let name, _) = plan.binding { name } else { "C" }
  }

  // MARK: what comes before the network

  private mutating func drawConditioning(_ random: inout SeededGenerator) {
    if regime != .events {
      made.rate = [120, 100, 50][random.below(3)]
      made.inputs = random.below(3) == 0 ? ["x", "y"] : ["x"]
      width = made.inputs.count
    }
    if random.below(2) == 0 { made.trainedRate = [made.rate, 360, 90, 125][random.below(4)] }
    if random.below(2) == 0 { made.delay = [0.05, 0.333, 1.7][random.below(3)] }
    if random.below(2) == 0 { made.warmUp = [0.1, 0.5, 2][random.below(3)] }
    if random.below(3) == 0 {
      made.filters = [#"{"design":"high-pass","order":2,"corner":5}"#]
      settling = 1
    }
    guard regime != .events else { return }
    switch random.below(4) {
    case 0: made.normalisation = #"{"kind":"fixed","mean":0.1,"deviation":2}"#
    case 1:
      made.normalisation = #"{"kind":"running","time_constant":0.8,"mean":0,"variance":1,"epsilon":1e-3}"#
      settling = max(settling, 1.6)
    default: break
    }
  }

  // MARK: layers

  private mutating func drawLayers(_ random: inout SeededGenerator) {
    let isWindowed = regime != .carried && regime != .renewed
    let length = regime == .decoder && random.below(3) == 0 ? 1 : 8 + random.below(70)
    steps = length
    if isWindowed {
      (made.regime, made.pattern) = ("windowed", "many-to-one")
      made.hop = 1 + random.below(random.below(3) == 0 ? 2 * length : max(1, length / 2))
    }
    for _ in 0..<random.below(4) where length > 1 { drawSpan(&random) }
    let isBidirectional = (regime == .whole || regime == .sequence) && random.below(2) == 0
    let to = 2 + random.below(7)
    let cell = ["rnn", "gru", "lstm"][random.below(3)]
    made.recurrent(cell, name: "cell", from: width, to: to, direction: isBidirectional ? "bidirectional" : "forward")
    width = isBidirectional ? 2 * to : to
    last = "cell"
    if regime == .carried || regime == .renewed || regime == .sideBySide, random.below(3) == 0 { drawSpan(&random) }
    switch regime {
    case .carried: break
    case .renewed:
      made.warmUp = 0.3
      made.maxStateAge = max([0.35, 0.8, 2][random.below(3)], Double(first + 3) / made.rate)
    case .decoder: return drawDecoder(&random, length: length, cell: cell, hidden: to)
    case .whole:
      if random.below(3) == 0 { collapse() }
      if !isBidirectional || random.below(2) == 0 {
        made.normalisation = #"{"kind":"window","epsilon":1e-5}"#
        settling = made.filters.isEmpty ? 0 : 1
      }
      target = steps - 1
    case .sideBySide: target = random.below(2) == 0 ? steps - 1 : random.below(steps)
    case .sequence:
      made.pattern = "many-to-many"
      target = steps - 1
    case .events: break
    }
    if isWindowed { made.window = (length, target == steps - 1 ? nil : target) }
    made.linear("head", from: width, to: 3)
  }

  /// A convolution or a pool, now and then with a way around it.
  private mutating func drawSpan(_ random: inout SeededGenerator) {
    let (kernel, dilation) = (1 + random.below(5), 1 + random.below(2))
    let past = (kernel - 1) * dilation
    guard steps > 2 * past + 4 else { return }
    count += 1
    defer { last = "span\(count)" }
    if random.below(4) == 0 {
      made.conv("around\(count)", from: width, to: width, kernel: kernel, dilation: dilation)
      made.plain(#"{"kind":"add","name":"span\#(count)","input":\#(width),"from":["\#(last)","around\#(count)"]}"#)
      return
    }
    if random.below(3) == 0 {
      made.pool("span\(count)", random.below(2) == 0 ? "maxpool" : "avgpool", width: width, kernel: kernel)
      return pass(past: kernel - 1, left: 0, right: 0, by: kernel)
    }
    let left = random.below(past + 1)
    let right = [.whole, .sequence].contains(regime) ? random.below(past - left + 1) : 0
    let (pace, to) = (1 + random.below(3), 1 + random.below(6))
    made.conv(
      "span\(count)", from: width, to: to, kernel: kernel, stride: pace, dilation: dilation, padding: [left, right])
    width = to
    pass(past: past, left: left, right: right, by: pace)
  }

  private mutating func pass(past: Int, left: Int, right: Int, by pace: Int) {
    first += stride * (past - left)
    ahead += stride * right
    stride *= pace
    steps = (steps + left + right - past - 1) / pace + 1
  }

  private mutating func collapse() {
    made.plain(#"{"kind":"globalpool","name":"all","input":\#(width),"of":"mean"}"#)
    isCollapsed = true
    (first, stride, ahead, steps) = (0, 1, 0, 1)
  }

  private mutating func drawDecoder(
    _ random: inout SeededGenerator, length: Int, cell: String, hidden: Int
  ) {
    made.pattern = length == 1 ? "one-to-many" : "encoder-decoder"
    made.window = (length, nil)
    let state = random.below(2) == 0 ? "encoder" : "zero"
    let layers = [
      MadeModel.recurrent(cell, name: "dec", from: width + 3, to: hidden),
      MadeModel.linear("out", from: hidden, to: 3),
    ].joined(separator: ",")
    let stop = random.below(2) == 0 ? #""stop":"none","# : ""
    made.decoder = #"{"steps":5,\#(stop)"input":"context+feedback","state":"\#(state)","layers":[\#(layers)]}"#
    made.weights(cell, name: "dec", from: width + 3, to: hidden)
    made.weights(linear: "out", from: hidden, to: 3)
    isCollapsed = true
  }

  // MARK: what comes after it

  private func drawRule(_ random: inout SeededGenerator) -> DecisionRule? {
    guard regime != .sequence, regime != .decoder else { return nil }
    let smooth: DecisionRule.Smoothing = random.below(2) == 0 ? .none : .mean(seconds: 0.2)
    switch random.below(4) {
    case 0: return DecisionRule(emit: .every, smooth: random.below(2) == 0 ? smooth : .majority(needed: 2, of: 3))
    case 1: return DecisionRule(emit: .change, smooth: smooth, unknownBelow: 0.36)
    case 2:
      return DecisionRule(
        emit: .events, enter: 0.36, leave: 0.34, minOn: 0.03, minOff: 0.05, smooth: smooth)
    default:
      return DecisionRule(emit: .peaks, enter: 0.66, leave: 0.65, refractory: 0.1, maxWidth: 0.4, smooth: smooth)
    }
  }
}
