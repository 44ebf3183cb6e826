import RunnelTesting
import RunnelWire

/// A minute of synthetic ECG with ectopic beats, written by `runnel synth`, and what `runnel label` says of it: every
/// other way through the daemon must say the same.
final class Expected: Sendable {
  static let rows = 21600

  let folder = TemporaryFolder()
  var record: String { folder.path + "/bed7.hea" }
  var samples: String { folder.path + "/bed7.dat" }
  /// In canonical form.
  let lines: [String]
  let labels: [LabelMessage]

  /// Made once for all tests.
  static let shared = Result { try Expected() }

  private init() throws {
    let synth = try Program(
      Program.runnel,
      [
        "synth", "ecg", "-o", folder.path + "/bed7", "--seconds", "60", "--seed", "11", "--format", "16",
        "--ventricular", "0.1", "--supraventricular", "0.05",
      ])
    guard try synth.ended() == 0 else { throw Program.Failed(description: synth.messages) }
    let configuration = folder.write(Settings(input: "connect: tcp://127.0.0.1:5556").text, to: "label.yaml")
    let label = try Program(
      Program.runnel,
      ["label", folder.path + "/bed7.hea", "-c", configuration, "--format", "jsonl", "--canonical"])
    guard try label.ended() == 0 else { throw Program.Failed(description: label.messages) }
    lines = label.outputLines
    labels = try lines.map { try LabelDecoder().decode($0) }
  }

  /// What is left when a session's place in the label topic and the input's level are set aside: the decisions.
  static func decisions(_ labels: [LabelMessage]) -> [Decision] {
    labels.filter { $0.label != nil }.map {
      Decision(
        at: $0.at, first: $0.first, last: $0.last, decided: $0.decided, label: $0.label, p: $0.p, scores: $0.scores)
    }
  }

  struct Decision: Equatable {
    var at, first, last, decided: Int64?
    var label: String?
    var p: Float?
    var scores: [Float]
  }
}

/// The nine lines that a daemon needs.
struct Settings {
  /// `connect:` or `bind:` and an endpoint.
  var input: String
  var format = "topic: s/*/, format: runnel"
  var model = Place.model
  var digest = ""
  /// Further keys of the pipeline.
  var pipeline = ""
  var labels = "tcp://127.0.0.1:*"

  var text: String {
    """
    streams:
      beds:
        {\(input), \(format)}
    models:
      beats: {file: "\(model)"\(digest)}
    pipelines:
      beats: {from: beds, channels: [MLII], model: beats\(pipeline)}
    outputs:
      labels: {bind: "\(labels)"}

    """
  }
}
