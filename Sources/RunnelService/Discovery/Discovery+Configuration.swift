import RunnelCore
import RunnelWire

extension Discovery {
  /// The bundled model: beside this binary, else where `make install` puts it.
  public static let bundledModel: String = {
    guard let path = try? BundledModel.path(), path.hasPrefix("/") else {
      return "/usr/local/share/runnel/models/ecg-beats.safetensors"
    }
    return path
  }()

  /// A complete configuration for what was found, which `runnel check` accepts; guesses are marked in comments. Nil
  /// where nothing readable came.
  public var configuration: String? {
    var proposals = runnelProposals
    for topic in topics where topic.format == .array || topic.format == .array1 {
      guard let signal = topic.signal, !signal.elements.isEmpty, proposals.count < 16 else { continue }
      proposals.append(proposal(topic, signal))
    }
    for topic in topics where proposals.count < 16 { proposals += formatProposal(topic).map { [$0] } ?? [] }
    guard !proposals.isEmpty else { return nil }
    return Self.text(proposals, attachment: bound ? "bind" : "connect", endpoint: endpoint, isPull: kind == .pull)
  }

  /// What one entry of `streams` and its pipeline say.
  struct Proposal {
    /// Keys with values and comments, as lines without indent.
    var lines: [String]
    /// The first channel, as YAML.
    var channel: String
    var otherChannels: [String]
  }

  /// One entry serves all streams of the runnel format where all describe themselves; else each gets its own, for a
  /// stream without description needs rate and channels here. So does what the networks of a daemon see, lane by lane.
  private var runnelProposals: [Proposal] {
    var streams = runnelStreams
    var proposals: [Proposal] = []
    let sent = streams.filter { $0.signal.format == .samples }
    if let first = sent.first, sent.allSatisfy(\.description.isDescribed) {
      let names = sent.prefix(8).map { Printable.text($0.description.stream.unicodeScalars) }
      let topic = Self.line("topic", "s/*/", "every stream; found: \(names.joined(separator: ", "))")
      proposals.append(Self.described(topic, first.description.channels))
      streams.removeAll { $0.signal.format == .samples }
    }
    return proposals
      + streams.prefix(16 - proposals.count).compactMap { stream in
        guard let text = stream.signal.configurableTopic, let signal = stream.signal.signal else { return nil }
        let topic = Self.line("topic", text, nil)
        let channels = stream.description.channels
        guard !stream.description.isDescribed else { return Self.described(topic, channels) }
        let lines = [topic, "format: runnel"] + Self.rateLines(signal, false) + Self.channelLines(channels, signal)
        return Proposal(lines, channels.map(\.name))
      }
  }

  private static func described(_ topic: String, _ channels: [Channel]) -> Proposal {
    var lines = [topic, "format: runnel"]
    if channels.contains(where: { $0.unit == nil }) {
      lines.append("# unit: mV    # some channels declare no unit: say here which they have")
    }
    return Proposal(lines, channels.map(\.name))
  }

  private func proposal(_ topic: TopicFinding, _ signal: SignalFinding) -> Proposal {
    let turned = signal.isChannelMajor
    var lines: [String] = []
    if let text = topic.configurableTopic {
      lines.append(Self.line("topic", text, nil))
    } else if topic.topic != nil {
      lines.append("# topic: its bytes are no text, so everything of this endpoint is taken")
    }
    lines.append("format: array")
    let slow = signal.slow ?? 0...0
    let fast = signal.fast ?? 0...0
    if slow.upperBound > 1, fast.upperBound > 1 {
      lines.append(
        Self.line(
          "layout", turned ? "channel_major" : "time_major",
          "shape [\(slow.upperBound), \(fast.upperBound)] is \(turned ? "[channels, rows]" : "[rows, channels]"), as it seems"
        ))
    }
    lines += Self.rateLines(signal, turned)
    let count = min(max(signal.channels(channelMajor: turned) ?? 1, 1), 4096)
    let channels = (0..<count).map { Channel(name: "ch\($0)") }
    lines += Self.channelLines(channels, signal)
    return Proposal(lines, channels.map(\.name))
  }

  private static func rateLines(_ signal: SignalFinding, _ turned: Bool) -> [String] {
    let measured = signal.measuredRate(channelMajor: turned)
    // A configuration takes 1 mHz to 100 MHz.
    let rate = signal.nominalRate(channelMajor: turned).map { min(max($0, 1e-3), 1e8) }
    let seen = measured.map { "\(Phrase.figures($0)) rows/s measured" }
    if signal.declaredRate.map({ $0 > 0 }) == true, let rate {
      return [line("rate", Dimension.frequency.text(rate), "as its messages say", quotes: false)]
    }
    guard let rate, let seen else { return [line("rate", "360 Hz", "a guess: too few messages came", quotes: false)] }
    return [line("rate", Dimension.frequency.text(rate), "\(seen); write the true one", quotes: false)]
  }

  private static func channelLines(_ channels: [Channel], _ signal: SignalFinding) -> [String] {
    let isRaw = signal.elements.contains { !$0.isFloat }
    return [
      "unit: mV    # a guess: say what the values are in",
      "channels: [\(channels.map { YAMLText.scalar($0.name) }.joined(separator: ", "))]    # give them their names"
        + (isRaw ? "; raw integers need their gain: {name: ch0, gain: 200, baseline: 0}" : ""),
    ]
  }

  static func line(_ key: String, _ value: String, _ comment: String?, quotes: Bool = true) -> String {
    "\(key): \(quotes ? YAMLText.scalar(value) : value)" + (comment.map { "    # \($0)" } ?? "")
  }

  private static func text(_ proposals: [Proposal], attachment: String, endpoint: String, isPull: Bool) -> String {
    var lines = [
      "# What runnel discover found. Check it: runnel check -c FILE; run it: runnel run -c FILE", "streams:",
    ]
    let names = proposals.enumerated().map { proposals.count == 1 ? "input" : "input\($0.offset + 1)" }
    for (name, proposal) in zip(names, proposals) {
      lines.append("  \(name):")
      lines.append("    \(attachment): \(YAMLText.scalar(endpoint))")
      if isPull { lines.append("    type: pull") }
      lines += proposal.lines.map { "    \($0)" }
    }
    lines += ["models:", "  beats: {file: \(YAMLText.scalar(bundledModel))}    # or your own", "pipelines:"]
    for (index, (name, proposal)) in zip(names, proposals).enumerated() {
      let others = proposal.otherChannels.prefix(8).map { Printable.text($0.unicodeScalars) }
      let comment = others.isEmpty ? "" : "    # also there: \(others.joined(separator: ", "))"
      lines += [
        "  beats\(proposals.count == 1 ? "" : "\(index + 1)"):", "    from: \(name)",
        "    channels: [\(proposal.channel)]\(comment)", "    model: beats",
      ]
    }
    lines += ["outputs:", "  labels: {bind: 'tcp://127.0.0.1:9872'}    # runnel watch tcp://127.0.0.1:9872", ""]
    return lines.joined(separator: "\n")
  }
}

extension Discovery.Proposal {
  init(_ lines: [String], _ channels: [String]) {
    self.init(
      lines: lines, channel: YAMLText.scalar(channels.first ?? "ch0"),
      otherChannels: Array(channels.dropFirst()))
  }
}
