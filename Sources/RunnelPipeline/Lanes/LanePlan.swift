import RunnelCore
import RunnelInference
import RunnelLabels
import RunnelSignal

/// Everything that is fixed about a lane while its session lasts; shared by the lanes of one pipeline on one stream.
struct LanePlan: Sendable {
  let conditioner: Conditioner
  let filler: GapFiller
  let flat: FlatDetector?
  let decision: DecisionPlan
  let clock: StepClock
  /// Scores that the deciding head has among the network's outputs.
  let head: Range<Int>
  /// Steps that count as warming after a reset, and after a gap that was carried.
  let stepsToWarm: Int64
  let stepsToSettle: Int64
  /// Frames of the rolling window.
  let window: Int

  /// - Throws: a `Refusal` whose sentence names the contradiction between the stream and the model.
  init(_ plan: PipelinePlan, session: Session, inputs: Int) throws(Refusal) {
    let model = plan.model.description
    do {
      conditioner = try Conditioner(model.conditioning, inputRate: session.rate, modelRate: model.rate)
      let trained = try Conditioner(Conditioning(), inputRate: model.trainedRate, modelRate: model.rate)
      // Stream samples per sample of the training, by way of the model's rate: each of the two is a fraction.
      let scale = Fraction(conditioner.ratio.q, conditioner.ratio.p) * Fraction(trained.ratio)
      clock = StepClock(
        ratio: conditioner.ratio, delaySteps: Int64((model.delay * model.rate).rounded()),
        extraLag: Fraction(conditioner.lag) - Fraction(trained.lag) * scale)
    } catch {
      throw Refusal(.rate, "stream '\(session.stream.stream)' cannot feed model '\(model.name)': \(error)")
    }
    filler = GapFiller(rule: GapRule(plan.gap, rate: session.rate), inputs: inputs)
    flat = plan.flat.map { FlatDetector(longest: max(1, Int(($0 * session.rate).rounded()))) }
    (head, decision) = try plan.decision()
    stepsToSettle = Int64((conditioner.settlingSeconds * model.rate).rounded(.up))
    stepsToWarm = max(stepsToSettle, Int64((model.warmUp * model.rate).rounded(.up)))
    window = max(1, Int(model.rate.rounded(.up)))
  }
}
