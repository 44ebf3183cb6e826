import RunnelCore

/// When the frames of a lane come and what its steps speak of, for whoever prepares what such a lane is trained on:
/// without the lane, by its own numbers.
public struct LaneTiming: Sendable {
  private let plan: LanePlan

  init(_ plan: LanePlan) { self.plan = plan }

  /// Frames with which labels are `warming` after a start or a reset, and after a gap over which state was carried.
  public var framesToWarm: Int64 { plan.framesToWarm }
  public var framesToSettle: Int64 { plan.framesToSettle }

  /// Frames per input sample: frame k has come with input index k · q / p, rounded down.
  public var ratio: Ratio { plan.conditioner.ratio }

  /// The input index that step `step` speaks of: what its label would give as `at`.
  public func position(ofStep step: Int64) -> Int64 { plan.clock.position(ofStep: step) }

  /// The first frame that no sample before `index` brings about.
  public func firstFrame(after index: Int64) -> Int64 { plan.conditioner.frames(upTo: index) }
}

extension PipelinePlan {
  /// Frames from the first of a window to the one that its label speaks of, the delay not taken off; nil for a carried
  /// model.
  public var spokenFrame: Int64? { regime.grid.isWindowed ? regime.grid.spoken : nil }

  /// The timing of the lanes that a session would have.
  ///
  /// - Throws: why no lane can be made of it.
  public func timing(on session: Session) throws(Refusal) -> LaneTiming {
    LaneTiming(try LanePlan(self, session: session, inputs: model.description.inputs.count))
  }

  /// The channel that each input of the model takes in a lane of such a session; nil where it has no such lane.
  public func channels(ofLane lane: String, on session: Session) -> [String]? {
    switch binding {
    case .each: session.channels.contains { $0.name == lane } ? [lane] : nil
    case .group(let name, let channels):
      name == lane ? model.description.inputs.map { channels[$0.name] ?? $0.name } : nil
    }
  }

  /// Bytes that a lane of such a session has to carry: the network's state, the rolling window, filters, resampler and what
  /// waits for a gap to end.
  public func carriedBytes(on session: Session) throws(Refusal) -> Int {
    let inputs = model.description.inputs.count
    let lane = try LanePlan(self, session: session, inputs: inputs)
    let perInput = lane.conditioner.makeState().byteCount + 5 * (lane.filler.rule.fill + 1)
    return 4 * model.network.layout.valueCount + 8 * lane.window * inputs + inputs * perInput
  }
}
