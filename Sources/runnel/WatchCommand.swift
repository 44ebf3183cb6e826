import ArgumentParser
import RunnelCore
import RunnelService
import RunnelWire

/// Labels as they come.
struct WatchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "watch",
    abstract: "Print labels as they come.",
    discussion: """
      Examples:
        runnel watch tcp://127.0.0.1:9872
        runnel watch tcp://127.0.0.1:9872 --stream bed7 --label V,S
        runnel watch tcp://127.0.0.1:9872 --json --count 100 > labels.jsonl
        runnel watch tcp://127.0.0.1:9872 --canonical > live.jsonl

      One line a label: time, stream/channel, sample index, label, score, quality, latency. What was lost between here \
      and the daemon is said on standard error, by the labels' sequence numbers and heartbeats. Ctrl-C ends it with a \
      summary. Exit code 69: nobody answered.

      --canonical prints what `runnel label RECORD.hea -c FILE --canonical` prints for the same data, so that `cmp` \
      can tell.
      """)

  @Argument(help: "Where the daemon publishes labels, such as tcp://127.0.0.1:9872.")
  var endpoint: String

  @Option(help: "Only labels of this stream.")
  var stream: String?

  @Option(help: "Only labels of this pipeline.")
  var pipeline: String?

  @Option(help: "Only labels of this channel.")
  var channel: String?

  @Option(help: "Only these classes, with commas between: V,S.")
  var label: String?

  @Flag(help: "Each message as it was received, a line of JSON.")
  var json = false

  @Flag(help: "JSON without what differs between two runs over the same data (times, epochs, latency).")
  var canonical = false

  @Option(help: "End after so many lines.")
  var count: Int?

  @Option(help: "End after so many seconds.", transform: Quantities.seconds("--seconds"))
  var seconds: Double?

  @Flag(help: "Show gaps, resets, ends and other statuses too.")
  var status = false

  func validate() throws {
    if canonical, status { throw ValidationError("--canonical leaves statuses out; leave --status away") }
    if let count, count < 1 { throw ValidationError("--count is at least 1") }
    if let seconds, !(0.001...1e9).contains(seconds) { throw ValidationError("--seconds goes from 0.001 to 1e9") }
    for (name, value) in [("stream", stream), ("pipeline", pipeline), ("channel", channel)] where value == "" {
      throw ValidationError("--\(name) is empty; leave it away to see all")
    }
  }

  func run() throws {
    let stop = try StopSignal()
    let labels = (label ?? "").split(separator: ",").map { $0.filter { $0 != " " } }
    let watcher = try LabelWatcher(
      endpoint,
      filter: LabelFilter(
        stream: stream, pipeline: pipeline, channel: channel, labels: Set(labels.map { String($0) }),
        statuses: status || canonical))
    var encoder = LabelEncoder(canonical: true, inlinesSamples: true)
    var printed = 0
    try watcher.run(stop: stop.fileDescriptor, seconds: seconds) { event in
      switch event {
      case .label(let message, let body):
        if canonical {
          guard message.isCanonical else { return true }
          Terminal.print(encoder.text(message))
        } else {
          Terminal.print(
            json ? String(decoding: body, as: UTF8.self) : LabelLine.text(message, coloured: Self.isColoured))
        }
        printed += 1
        return printed != count
      default:
        if let sentence = Self.sentence(event, at: watcher.endpoint) { Terminal.say(sentence) }
        return true
      }
    }
    Terminal.say(summary(watcher))
    if !watcher.peer.wasConnected {
      throw ServiceError(.unavailable, "no labels: \(watcher.peer.sentence(of: watcher.endpoint, kind: .sub))")
    }
  }

  private func summary(_ watcher: LabelWatcher) -> String {
    let ledger = watcher.ledger
    let rejected = watcher.rejected > 0 ? ", \(watcher.rejected) messages that are no labels" : ""
    let statuses = ledger.statuses == 0 ? "" : " and \(ledger.statuses) status\(ledger.statuses == 1 ? "" : "es")"
    return "\(Phrase.count(ledger.labels, "label"))\(statuses) of \(Phrase.count(ledger.topics, "lane")), "
      + "\(ledger.lost) lost, "
      + "\(Phrase.count(ledger.repeats, "repeat")) left out"
      + rejected
  }

  /// What is worth a line on standard error.
  private static func sentence(_ event: LabelWatcher.Event, at endpoint: String) -> String? {
    switch event {
    case .label: return nil
    case .notice(.lost(let count, let topic)):
      return "lost \(Phrase.count(count, "label")) of \(LabelLine.printable(topic.description))"
    case .notice(.newEpoch(_, let topic)):
      return "\(LabelLine.printable(topic.description)) begins anew: its publisher restarted, or another uses the name"
    case .rejected(let error): return "a message is no label: \(LabelLine.printable("\(error)"))"
    case .connection(let peer):
      switch peer.state {
      case .connected, .gone, .failed: return peer.sentence(of: endpoint, kind: .sub)
      case .nobody, .silent: return nil
      }
    case .silence(let sentence): return sentence
    }
  }

  /// Labels go to standard output, so that is the terminal that counts.
  private static let isColoured = Terminal.isRead && Terminal.mayColour
}
