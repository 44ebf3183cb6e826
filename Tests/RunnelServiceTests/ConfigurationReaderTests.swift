import RunnelCore
import RunnelWire
import Testing

@testable import RunnelService

@Suite struct ConfigurationReaderTests {
  func read(_ text: String, _ environment: [String: String] = [:]) throws -> ReadConfiguration {
    try ConfigurationReader.read(text: text, file: "/etc/runnel/runnel.yaml", environment: environment)
  }

  @Test func `nine lines are a configuration, and the rest is defaults`() throws {
    let read = try read(ConfigurationExample.nineLines)
    #expect(read.warnings.isEmpty)
    let input = read.configuration.inputs[0]
    #expect(input.name == "beds" && input.kind == .sub && input.format == .runnel && input.topic == .everyStream)
    #expect(input.socket.attachment == .connect && input.socket.endpoints.map(\.text) == ["tcp://127.0.0.1:5556"])
    #expect(input.socket.queueBytes == 64 << 20 && input.socket.reconnect == 0.1...5 && input.socket.keepalive)
    #expect(input.maxStreams == 256 && input.takeover == 2 && input.reorder == 2 && input.staleAfter == nil)
    #expect(
      input.rate == nil && input.channels == nil && input.missing == [] && input.range == nil && input.flat == nil)
    #expect(input.time == .sender && input.layout == .interleaved)
    #expect(
      read.configuration.models == [
        ModelReference(name: "beats", path: "/etc/runnel/ecg-beats.safetensors", sha256: nil)
      ])
    let pipeline = read.configuration.pipelines[0]
    #expect(pipeline.input == "beds" && pipeline.model == "beats" && pipeline.lanes == .channels(["MLII"]))
    #expect(pipeline.gap == GapConfiguration(fill: .hold(seconds: 0.05), carry: 1))
    #expect(pipeline.decide == DecisionOverride())
    let output = read.configuration.outputs[0]
    #expect(output.kind == .xpub && output.heartbeat == 1 && output.scores && output.socket.queueBytes == 16 << 20)
  }

  @Test func `every key arrives in one unit`() throws {
    let configuration = try read(ConfigurationExample.full).configuration
    let beds = configuration.inputs[0]
    #expect(beds.socket.endpoints.count == 2 && beds.takeover == 1.5 && beds.reorder == 0.5 && beds.staleAfter == 10)
    #expect(beds.missing == [-32768, 32767] && beds.range == -5...5.5 && beds.flat == 5 && beds.time == .index)
    #expect(beds.socket.reconnect == 0.2...10 && beds.socket.queueBytes == 32 << 20 && beds.maxStreams == 12)
    let lab = configuration.inputs[1]
    #expect(lab.kind == .pull && lab.format == .array && lab.rate == 1500 && lab.layout == .planar && lab.topic == nil)
    #expect(
      lab.channels == [
        Channel(name: "MLII", unit: "mV", scaling: .gain(200, baseline: 1024)),
        Channel(name: "V5", unit: "uV", scaling: .linear(scale: 0.005, offset: -5.12)),
        Channel(name: "RESP", unit: "mV", scaling: .identity),
      ])
    let radio = configuration.inputs[2]
    #expect(radio.format == .gnuradio && radio.passTags && radio.element == .float32 && radio.rate == 48_000)
    let adc = configuration.inputs[3]
    #expect(adc.element == .int24 && adc.byteOrder == .big && adc.layout == .planar && adc.topicParts == 2)
    let eye = configuration.inputs[4]
    #expect(
      try eye.fields
        == FieldMap(
          channels: [FieldPath("diameter_3d"), FieldPath("norm_pos.0")], time: FieldPath("timestamp"),
          timeUnit: .milliseconds, sequence: FieldPath("head.n"), first: FieldPath("rows.first")))
    #expect(configuration.inputs[5].timeOrigin == .epics && configuration.inputs[6].format == .auto)
    #expect(configuration.models[1].path == "/var/lib/runnel/pair.safetensors")
    #expect(configuration.models[1].sha256?.hasPrefix("9f86d081") == true)
    #expect(
      configuration.pipelines[1].lanes
        == .group([.init(input: "lead_a", channel: "MLII"), .init(input: "lead_b", channel: "V5")]))
    #expect(configuration.pipelines[1].gap == GapConfiguration(fill: .none, carry: 0))
    #expect(configuration.outputs[1].socket.attachment == .connect && configuration.outputs[0].scores == false)
  }

  @Test func `decide replaces only what it names`() throws {
    let decide = try read(ConfigurationExample.full).configuration.pipelines[0].decide
    let model = DecisionRule(emit: .every, minOn: 0.5, smooth: .mean(seconds: 1))
    let rule = decide.applied(to: model)
    #expect(
      rule
        == DecisionRule(
          emit: .peaks, head: "beat", none: "none", enter: 0.7, leave: 0.3, minOn: 0.5, refractory: 0.2, maxWidth: 0.3,
          smooth: .majority(needed: 3, of: 5), unknownBelow: 0.5))
    #expect(DecisionOverride().applied(to: model) == model)
  }

  @Test func `a variable is text, whatever is in it`() throws {
    let text = ConfigurationExample.nineLines
    func endpoint(_ value: String, _ environment: [String: String]) throws -> String {
      var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
      lines[1] = "  beds: {connect: '\(value)', unit: '$${x}'}"
      let input = try read(lines.joined(separator: "\n"), environment).configuration.inputs[0]
      #expect(input.unit == "${x}")
      return input.socket.endpoints[0].text
    }
    #expect(try endpoint("tcp://${HOST}:5556", ["HOST": "bed7"]) == "tcp://bed7:5556")
    #expect(try endpoint("tcp://${HOST:-::}:${PORT:-1234}", ["HOST": "a"]) == "tcp://a:1234")
    #expect(throws: ConfigurationErrors.self) { try endpoint("${ALL}", ["ALL": "tcp://a:1, max_streams: 3"]) }
    #expect(throws: ConfigurationErrors.self) { try endpoint("tcp://${HOST}:1", [:]) }
  }

  @Test(arguments: [
    ("50ms", 0.05), ("35 ms", 0.035), ("1.5s", 1.5), ("10min", 600), ("2 h", 7200), ("7us", 7e-6), (".5s", 0.5),
    ("1e-3s", 0.001), ("2e1 ms", 0.02),
  ])
  func `a duration becomes the nearest double`(text: String, seconds: Double) throws {
    #expect(try ValueKind.quantity(.duration, 0...1e9).value(text, key: "k", example: "2s") == .number(seconds))
  }

  @Test func `a quantity reads back what it wrote`() throws {
    var generator = SeededGenerator(seed: 5)
    for dimension in Dimension.allCases {
      for _ in 0..<2000 {
        var value = generator.uniform() * [1e-3, 1, 1e3, 1e6].randomElement(using: &generator)!
        if dimension == .size || generator.below(2) == 0 { value = value.rounded(.up) }
        let text = dimension.text(value)
        #expect(
          try ValueKind.quantity(dimension, 0...1e18).value(text, key: "k", example: "") == .number(value), "\(text)")
      }
    }
  }

  @Test func `what is effective reads back to the same configuration`() throws {
    for text in [ConfigurationExample.nineLines, ConfigurationExample.full] {
      let first = try read(text)
      let second = try read(first.effective)
      #expect(first.configuration == second.configuration)
      #expect(first.effective.contains("max_streams: "))
    }
  }

  @Test func `what is effective names its origin`() throws {
    let text = ConfigurationExample.nineLines.replacing("tcp://127.0.0.1:5556", with: "tcp://${HOST:-127.0.0.1}:5556")
    let lines = try read(text).effective.split(separator: "\n").map(String.init)
    #expect(lines.contains("    connect: tcp://127.0.0.1:5556               # /etc/runnel/runnel.yaml:2, ${HOST}"))
    #expect(lines.contains("    max_streams: 256                            # default"))
  }

  @Test func `an opener's mistake is reported where the value stands`() throws {
    let read = try read(ConfigurationExample.nineLines)
    let file = read.diagnostic(.value, at: "models", "beats", "file", message: "no such file")
    #expect(file.rendered.hasPrefix("/etc/runnel/runnel.yaml:4:17: error: no such file\n"))
    #expect(read.place(of: ["outputs", "labels", "heartbeat"]).line == 8)
    #expect(read.place(of: ["pipelines", "beats", "gap", "carry"]).line == 6)
  }

  @Test func `a diagnostic has a JSON form`() throws {
    do {
      _ = try read("streams: {}\nhttp: {}\n")
      Issue.record("accepted")
    } catch let error as ConfigurationErrors {
      var writer = JSONWriter()
      let diagnostic = try #require(error.diagnostics.first { $0.kind == .notInThisVersion })
      diagnostic.write(to: &writer)
      let tree = try JSONValue(parsing: writer.text)
      #expect(tree["line"]?.integer == 2 && tree["column"]?.integer == 1 && tree["length"]?.integer == 4)
      #expect(tree["kind"]?.string == "not-in-this-version" && tree["source"]?.string == "http: {}")
    }
  }

  @Test func `a topic with a star takes one name`() throws {
    func takes(_ pattern: TopicPattern, _ topic: String) -> Bool {
      Array(topic.utf8).withUnsafeBytes { pattern.matches($0) }
    }
    let all = TopicPattern.everyStream
    #expect(takes(all, "s/bed7/") && takes(all, "s/a%2Fb/"))
    #expect(!takes(all, "s//") && !takes(all, "s/a/b/") && !takes(all, "m/bed7/") && !takes(all, "s/"))
    #expect(try takes(TopicPattern("ecg", key: "topic"), "ecg") && !takes(TopicPattern("ecg", key: "topic"), "ecg2"))
    #expect(throws: ValueMistake.self) { try TopicPattern("ecg*", key: "topic") }
  }
}
