import RunnelCore
import RunnelPipeline
import RunnelWire

/// How recorded messages become what lanes hear.
protocol MessageReplay: AnyObject {
  /// What an operator should know of it.
  var remarks: [String] { get }
  /// Sessions that were labelled.
  var sessions: Int { get }
  func take(_ parts: MessageParts, _ message: RecordedMessages.Message) throws(DecodeError)
  /// No more will come.
  ///
  /// - Returns: why nothing could be labelled, where that is so.
  func finish() -> Refusal?
}

extension Labeller {
  /// Labels what `runnel record` wrote: every stream in it, as the daemon labelled it.
  ///
  /// Of a recording of a daemon (`--from-daemon`) the labels are in canonical form those that it gave. Of one of what
  /// arrived they are those that a daemon would have given that heard the same and whose clock was the recording's.
  ///
  /// - Parameter progress: hears of the bytes read.
  /// - Returns: what the lanes counted, and what an operator should know.
  /// - Throws: `ServiceError` 65 for messages that are damaged, and where nothing can be labelled.
  public func label<Sink: LabelSink>(
    _ messages: inout RecordedMessages, into sink: inout Sink,
    progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
  ) throws(ServiceError) -> (counts: LaneCounts, remarks: [String]) {
    let inputs = try inputs(of: messages)
    let shard = shard(of: inputs, into: sink)
    let result = try label(&messages, of: inputs, by: shard, progress: progress)
    sink = shard.sink
    return result
  }

  /// The same, each session apart; of those that have lanes, in the order in which they began.
  func sessions(
    of messages: inout RecordedMessages, progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
  ) throws(ServiceError) -> (sessions: [SessionLanes.Part], remarks: [String]) {
    let inputs = try inputs(of: messages)
    let lanes = SessionLanes { shard(of: inputs, into: SessionLanes.LabelList()) }
    let remarks = try label(&messages, of: inputs, by: lanes, progress: progress).remarks
    return (lanes.sessions, remarks)
  }

  private func shard<Sink: LabelSink>(of inputs: [InputConfiguration], into sink: Sink) -> Shard<Sink> {
    let shard = Shard(
      claims: plans.flatMap { plan in
        inputs.map { Shard<Sink>.Claim(input: $0.name, pipeline: Pipeline(plan: plan, epoch: 1)) }
      }, sink: sink)
    for input in inputs { shard.timeSources[input.name] = input.time.wire }
    return shard
  }

  private func label(
    _ messages: inout RecordedMessages, of inputs: [InputConfiguration], by lanes: any RecordedLanes,
    progress: (_ done: Int, _ total: Int) -> Void
  ) throws(ServiceError) -> (counts: LaneCounts, remarks: [String]) {
    let replay: any MessageReplay =
      messages.isAdmitted
      ? AdmittedReplay(lanes, input: inputs[0].name, isAny: configured == nil) : ArrivedReplay(lanes, inputs: inputs)
    var counts = LaneCounts()
    while let message = try messages.next() {
      let outcome: Result<Void, DecodeError> = try message.withParts { parts in
        do throws(DecodeError) { return .success(try replay.take(parts, message)) } catch { return .failure(error) }
      }
      do throws(DecodeError) { try outcome.get() } catch {
        throw ServiceError(
          .data,
          "\(message.file): byte \(message.place): part \(error.part): expected \(error.expected), found \(error.found)"
        )
      }
      lanes.step()
      counts += lanes.takeCounts()
      progress(messages.position, messages.size)
    }
    let refusal = replay.finish()
    lanes.step()
    counts += lanes.takeCounts()
    if replay.sessions == 0 {
      let part = messages.about?[RecordingSeries.partKey].flatMap { Int($0) } ?? 1
      let reason =
        refusal.map(sentence) ?? replay.remarks.first
        ?? (part == 1
          ? "no samples are in it" : "it is part \(part) of a recording that was split: give those before it too")
      throw ServiceError(.data, "nothing of \(messages.files[0]) can be labelled: \(reason)")
    }
    return (counts, messages.remarks + replay.remarks)
  }

  /// Whose messages are labelled: the input of the configuration that was given; else those that were recorded.
  private func inputs(of messages: RecordedMessages) throws(ServiceError) -> [InputConfiguration] {
    if let configured { return [configured] }
    // A network alone labels whatever streams a daemon admitted.
    if messages.isAdmitted { return [try .bare([], name: Self.anyInput)] }
    if let attached = messages.attachments.first(where: { $0.name == RecordingSeries.configurationName }) {
      do throws(ConfigurationErrors) {
        return try ConfigurationReader.read(
          text: String(decoding: attached.data, as: UTF8.self), file: messages.files[0],
          environment: ConfigurationFile.environment
        ).configuration.inputs
      } catch { throw ServiceError(error) }
    }
    return [try .bare([])]
  }
}
