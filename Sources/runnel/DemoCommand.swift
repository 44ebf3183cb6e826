import ArgumentParser
import Logging
import RunnelService

/// Shows the main job.
struct DemoCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "demo",
    abstract: "Synthetic ECG over ZeroMQ through the bundled model, labels on the terminal.",
    discussion: """
      Examples:
        runnel demo                  30 seconds
        runnel demo --seconds 0      until Ctrl-C
        runnel watch ENDPOINT        in another terminal, with the endpoint that demo names

      The signal is made up (its labels carry "synthetic": true); everything else is what `runnel run` does.
      """)

  @Option(help: "Seconds of signal; 0 goes on until Ctrl-C (default: 30).", transform: Quantities.seconds("--seconds"))
  var seconds = 30.0

  @Option(help: "The model file; without it the bundled one.")
  var model: String?

  @Option(help: "Another seed is another heart.")
  var seed: UInt64 = 1

  func validate() throws {
    guard seconds >= 0, seconds.isFinite else { throw ValidationError("--seconds is 0 or more") }
  }

  func run() throws {
    let stop = try StopSignal()
    let model = try model ?? BundledModel.path()
    var settings = Demo.Settings(seconds: seconds > 0 ? seconds : nil, model: model)
    settings.seed = seed
    let demo = try Demo(settings, logger: StandardErrorLog.logger(level: .warning))
    let length = seconds > 0 ? "for \(Int(seconds)) s" : "until Ctrl-C"
    Terminal.say("synthetic ECG at \(demo.endpoints.samples), labels at \(demo.endpoints.labels), \(length)")
    let report = try demo.run(stop: stop) { label in
      guard label.label != nil else { return }
      Terminal.print(LabelLine.text(label, coloured: Terminal.isColoured))
    }
    for line in report.lines { Terminal.print(line) }
    Terminal.say("next: runnel synth ecg -o demo --seconds 120 && runnel label demo.hea -m \(model)")
  }
}
