import ArgumentParser
import RunnelCore
import RunnelService

/// What `replay` and `synth` share: where rows go, how fast, and what is said meanwhile.
struct PublishOptions: ParsableArguments {
  @Flag(help: "Listen at the endpoint, or connect to it.")
  var attachment: AttachmentFlag = .bind

  @Option(help: "1 is the original timing, any number that many times as fast, max as fast as subscribers take it.")
  var speed: String = "1"

  @Option(help: "Begin when so many subscribers have subscribed, such as a daemon and a recorder.")
  var subscribers = 1

  @Flag(name: .customLong("loop"), help: "Begin again at the end, as a new session.")
  var loops = false

  @Option(help: "Rows of each message (about 50 ms of signal; at max 4096, within 64 KiB).")
  var chunk: Int?

  @Flag(help: "Print the result as JSON.")
  var json = false

  enum AttachmentFlag: String, EnumerableFlag {
    case bind, connect
  }

  func settings(endpoint: String, isLive: Bool) throws -> SamplePublisher.Settings {
    if let chunk, !(1...(1 << 24)).contains(chunk) {
      throw ServiceError(.usage, "--chunk is \(chunk): give 1 to \(1 << 24) rows")
    }
    let speed = try PublishSpeed(speed)
    return SamplePublisher.Settings(
      endpoint: endpoint, attachment: attachment == .bind ? .bind : .connect, speed: speed,
      subscribers: try awaitedSubscribers, loops: loops, chunk: chunk, isLive: isLive && speed == .times(1))
  }

  func messageSettings(endpoint: String) throws -> MessageReplayer.Settings {
    MessageReplayer.Settings(
      endpoint: endpoint, attachment: attachment == .bind ? .bind : .connect, speed: try PublishSpeed(speed),
      subscribers: try awaitedSubscribers)
  }

  private var awaitedSubscribers: Int {
    get throws {
      guard subscribers > 0 else { throw ServiceError(.usage, "--subscribers is \(subscribers): give 1 or more") }
      return subscribers
    }
  }

  /// Publishes until the end, Ctrl-C or SIGTERM.
  func publish(_ source: any SampleSource, _ settings: SamplePublisher.Settings) throws {
    let stop = try StopSignal()
    let publisher = try SamplePublisher(source, settings)
    Terminal.say(publisher.banner)
    publisher.tell = { event in
      if case .began = event { return }
      Terminal.endProgress()
      Terminal.say(event.sentence + hint(event, publisher.endpoint, settings))
    }
    let report = try publisher.run(stop: stop) { Terminal.progress($0.progress) }
    Terminal.endProgress()
    if json {
      var writer = JSONWriter()
      report.write(to: &writer, stream: source.description.stream, endpoint: publisher.endpoint)
      Terminal.print(writer.withBytes { String(decoding: $0, as: UTF8.self) })
    } else {
      Terminal.print(report.sentence)
    }
  }

  /// The next useful command for who waits for a subscriber.
  private func hint(_ event: PublishEvent, _ endpoint: String, _ settings: SamplePublisher.Settings) -> String {
    guard case .waiting = event, settings.attachment == .bind else { return "" }
    return "; in another terminal: runnel discover \(endpoint)"
  }
}
