import RunnelCore
import RunnelInference
import RunnelLabels
import RunnelSignal

/// Everything that is fixed about a lane while its session lasts; one object, shared by the lanes of one pipeline on one
/// stream.
final class LanePlan: Sendable {
  let conditioner: Conditioner
  let filler: GapFiller
  let flat: FlatDetector?
  let decision: DecisionPlan
  /// The same for each step, which would count a reference to it.
  private let lentDecision: Unmanaged<DecisionPlan>
  let clock: StepClock
  /// Scores that the deciding head has among the network's outputs.
  let head: Range<Int>
  /// Frames in which labels are warming after a reset, and after a gap that was carried.
  let framesToWarm: Int64
  let framesToSettle: Int64
  /// Frames of the rolling window.
  let window: Int
  let regime: LaneRegime
  /// When the network, stepped with every frame, has an output.
  let networkTime: NetworkGraph.StepTime
  /// What of the events is judged by a second network; nil where there is none.
  let eventStage: EventStagePlan?
  /// What goes with each label; nil for nothing.
  let attach: AttachPlan?

  /// Rows worked on at a time, and the frames that can come of them and of what waits in the filler: they bound the memory
  /// of a lane whatever the size of a message.
  let blockRows: Int
  let blockFrames: Int

  /// Enough frames that what is done once a block costs nothing beside them, and few enough for many thousand lanes.
  private static let usualFrames: Int64 = 64

  /// Lends the decision.
  @inline(__always) func withDecision(_ body: (DecisionPlan) -> Void) { lentDecision._withUnsafeGuaranteedRef(body) }

  /// What labels are called.
  var labels: [String] { eventStage?.labels ?? decision.labels }

  /// - Throws: a `Refusal` whose sentence names the contradiction between the stream and the model.
  init(_ plan: PipelinePlan, session: Session, inputs: Int) throws(Refusal) {
    let model = plan.model.description
    do {
      conditioner = try Conditioner(model.conditioning, inputRate: session.rate, modelRate: model.rate)
      let trained = try Conditioner(Conditioning(), inputRate: model.trainedRate, modelRate: model.rate)
      // Stream samples per sample of the training, by way of the model's rate: each of the two is a fraction.
      let scale = Fraction(conditioner.ratio.q, conditioner.ratio.p) * Fraction(trained.ratio)
      clock = StepClock(
        ratio: conditioner.ratio, delayFrames: Int64((model.delay * model.rate).rounded()),
        extraLag: Fraction(conditioner.lag) - Fraction(trained.lag) * scale, grid: plan.regime.grid)
    } catch {
      throw Refusal(.rate, "stream '\(session.stream.stream)' cannot feed model '\(model.name)': \(error)")
    }
    let ratio = conditioner.ratio
    blockRows = Int(max(1, min(Int64(BlockScratch.rows), Self.usualFrames * ratio.q / ratio.p)))
    filler = GapFiller(rule: GapRule(plan.gap, rate: session.rate), inputs: inputs)
    blockFrames = conditioner.frameCapacity(rows: blockRows + filler.rule.fill + 1)
    flat = plan.flat.map { FlatDetector(longest: max(1, Int(($0 * session.rate).rounded()))) }
    (head, decision) = try plan.decision()
    lentDecision = .passUnretained(decision)
    regime = plan.regime
    networkTime = model.graph.time
    eventStage = EventStagePlan(model, rate: plan.regime.outputRate, scores: decision.labels.count)
    // A window has settled when its first frame has, and it is judged by its newest.
    framesToSettle = Int64((conditioner.settlingSeconds * model.rate).rounded(.up)) + plan.regime.windowReach
    framesToWarm = max(framesToSettle, Int64((model.warmUp * model.rate).rounded(.up)))
    let delay = Int64((model.delay * model.rate).rounded(.up))
    attach = plan.attach.map { AttachPlan($0, plan: plan, ratio: ratio, delay: delay) }
    window = max(1, Int(model.rate.rounded(.up)), plan.regime.windowLength, attach?.window ?? 0)
  }
}
