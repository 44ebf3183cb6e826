import RunnelCore
import RunnelPipeline
import RunnelWire

/// A client's question about a lane, while the lane's thread has not answered it.
struct LaneQuestion {
  let question: WindowQuestion
  let lane: String
  let plan: PipelinePlan
  let session: Session
  let connection: ControlConnection
}

/// What the network has seen lately on a lane, for who asks over the control socket.
extension Daemon {
  func answer(windowOf name: String, last: Double?, to connection: ControlConnection) {
    guard let (plan, stream, channel) = lane(name), let session = stream.session else {
      return connection.answer(unknown(lane: name))
    }
    let most = last.map { Int(min(($0 * plan.model.description.rate).rounded(.up), 0x1p40)) } ?? .max
    let question = WindowQuestion(pipeline: plan.name, channel: channel, stream: stream.index, most: most)
    host.ask(question, of: stream.identity)
    questions.append(
      LaneQuestion(question: question, lane: name, plan: plan, session: session, connection: connection))
    answerQuestions()
  }

  /// Hands on what has been answered meanwhile; who has gone wants it no more.
  func answerQuestions() {
    questions.removeAll { asked in
      guard asked.connection.isOpen else { return true }
      guard let window = asked.question.answer else { return false }
      if let window, let channels = asked.plan.channels(ofLane: asked.question.channel, on: asked.session),
        let timing = try? asked.plan.timing(on: asked.session)
      {
        window.frames.withUnsafeBytes { values in
          asked.connection.answer(
            asked.head(window, channels: channels, timing: timing, size: values.count), bytes: values)
        }
      } else {
        asked.connection.answer(unknown(lane: asked.lane))
      }
      return true
    }
  }

  /// The plan, stream and channel that a lane's name means; nil where there is none.
  private func lane(_ name: String) -> (PipelinePlan, StreamAdmission, channel: String)? {
    let topic = Array("l/\(name)/".utf8).withUnsafeBytes { try? Topic($0) }
    guard let names = topic?.names, let (input, plan) = plans.first(where: { $0.plan.name == names[1] }),
      let place = configuration.inputs.firstIndex(where: { $0.name == input }),
      let stream = intakes[place].streams.first(where: { $0.identity.stream == names[0] })
    else { return nil }
    return (plan, stream, names[2])
  }

  /// Names of lanes that a sentence lists.
  private static let mostNames = 8

  private func unknown(lane name: String) -> ControlRefusal {
    let names = publisher.lanes.map(\.name)
    let remedy =
      Suggestion.nearest(to: name, among: names).map { "did you mean '\($0)'?" }
      ?? (names.isEmpty
        ? "no lane is open yet: is a publisher running?"
        : "there \(names.count == 1 ? "is" : "are") \(names.prefix(Self.mostNames).joined(separator: ", "))"
          + (names.count > Self.mostNames
            ? " and \(names.count - Self.mostNames) more; `runnel status` lists them" : ""))
    return ControlRefusal("no lane is called \(Quoted.name(name)); \(remedy)", .no)
  }
}

extension LaneQuestion {
  /// What the values that follow are: which frames, at which rate, of which channels, conditioned how.
  func head(_ window: LaneWindow, channels: [String], timing: LaneTiming, size: Int) -> [UInt8] {
    let model = plan.model.description
    var json = JSONWriter()
    json.beginObject()
    json.pair("lane", lane)
    json.pair("input", session.stream.input)
    json.key("rate")
    json.write(model.rate)
    json.key("input_rate")
    json.write(session.rate)
    json.key("ratio")
    json.beginArray()
    json.write(timing.ratio.p)
    json.write(timing.ratio.q)
    json.endArray()
    json.key("delay")
    json.write(model.delay)
    json.key("inputs")
    json.beginArray()
    for (input, channel) in zip(model.inputs, channels) {
      json.beginObject()
      json.pair("input", input.name)
      json.pair("channel", channel)
      if let unit = input.unit ?? session.channels.first(where: { $0.name == channel })?.unit {
        json.pair("unit", unit)
      }
      json.endObject()
    }
    json.endArray()
    json.key("conditioning")
    json.write(model.conditioning.json)
    write(window, into: &json)
    json.pair("bytes", size)
    json.endObject()
    return json.bytes
  }

  private func write(_ window: LaneWindow, into json: inout JSONWriter) {
    json.key("runs")
    json.beginArray()
    for run in window.runs {
      json.beginObject()
      json.pair("step", Int(run.lowerBound))
      json.pair("count", run.count)
      json.endObject()
    }
    json.endArray()
    json.key("flaws")
    json.beginArray()
    for flaw in window.missing {
      json.beginObject()
      json.pair("first", Int(flaw.rows.lowerBound))
      json.pair("count", flaw.rows.count)
      json.pair("quality", flaw.quality.name)
      json.endObject()
    }
    json.endArray()
    guard let time = window.time else { return }
    json.key("time")
    json.beginObject()
    json.pair("index", Int(time.index))
    json.key("t_ns")
    json.writeQuoted(time.nanoseconds)
    json.pair("source", time.source.rawValue)
    json.endObject()
  }
}
