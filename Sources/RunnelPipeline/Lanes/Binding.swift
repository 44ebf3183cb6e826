import RunnelCore
import RunnelInference
import RunnelSignal

/// A lane to be: its name, and which channel feeds which input of the model.
struct LaneBinding {
  var channel: String
  var feeds: [Lane.Feed]
}

extension PipelinePlan {
  /// The lanes this pipeline has on a session, channels found by name and units converted.
  func bindings(_ session: Session) throws(Refusal) -> [LaneBinding] {
    switch binding {
    case .each(let wanted):
      let places = Dictionary(session.channels.indices.map { (session.channels[$0].name, $0) }) { first, _ in first }
      var lanes: [LaneBinding] = []
      for channel in wanted ?? session.channels.map(\.name) {
        lanes.append(
          LaneBinding(
            channel: channel,
            feeds: [try feed(channel, at: places[channel], wanting: model.description.inputs[0], session)]))
      }
      return lanes
    case .group(let name, let channels):
      var feeds: [Lane.Feed] = []
      for input in model.description.inputs {
        let channel = channels[input.name] ?? input.name
        let place = session.channels.firstIndex { $0.name == channel }
        feeds.append(try feed(channel, at: place, wanting: input, session))
      }
      return [LaneBinding(channel: name, feeds: feeds)]
    }
  }

  private func feed(
    _ channel: String, at place: Int?, wanting input: ModelDescription.Input, _ session: Session
  ) throws(Refusal) -> Lane.Feed {
    guard let index = place else {
      throw Refusal(
        .channelMissing,
        "stream '\(session.stream.stream)' has no channel '\(channel)' (it has: "
          + "\(session.channels.map(\.name).joined(separator: ", ")))",
        remedy: "name one of those in pipeline '\(name)'")
    }
    let source = session.channels[index]
    return Lane.Feed(
      channel: index,
      reader: SampleReader(
        scaling: source.scaling, unitFactor: try factor(source, wanting: input, session),
        missing: missing + (source.missing.map { [$0] } ?? []), range: range))
  }

  private func factor(
    _ source: Channel, wanting input: ModelDescription.Input, _ session: Session
  ) throws(Refusal) -> Double {
    guard let wanted = input.unit else { return 1 }
    let said = units[source.name]
    guard let declared = source.unit ?? said else {
      throw Refusal(
        .unit,
        "channel '\(source.name)' of stream '\(session.stream.stream)' declares no unit and the model wants \(wanted)",
        remedy: "say it in the stream's description, or as streams.\(session.stream.input).channels: "
          + "[{name: \(source.name), unit: …}]")
    }
    if let said, Units.factor(from: said, to: declared) != 1 {
      throw Refusal(
        .unit,
        "channel '\(source.name)' of stream '\(session.stream.stream)' declares \(declared) where \(said) was said: "
          + "correct the one that is wrong")
    }
    guard let factor = Units.factor(from: declared, to: wanted) else {
      throw Refusal(
        .unit,
        "channel '\(source.name)' of stream '\(session.stream.stream)' is in \(declared), which cannot be converted to "
          + "the model's \(wanted)")
    }
    return factor
  }
}
