import ArgumentParser
import RunnelRecordings
import RunnelService
import RunnelSignal

/// Signals that nobody gave, with their truth.
struct SynthCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "synth", abstract: "Make a synthetic signal: publish it, or write it as a record.",
    discussion: """
      Example:
        runnel synth ecg -o bed7 --seconds 300 --ventricular 0.1
      """,
    subcommands: [ECG.self])

  struct ECG: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "ecg",
      abstract: "A synthetic electrocardiogram with ectopic beats and noise (McSharry and Clifford 2003).",
      discussion: """
        Examples:
          runnel synth ecg -o bed7 --seconds 600 --seed 7 --ventricular 0.1
          runnel synth ecg --to tcp://127.0.0.1:5556 --stream bed7 --ventricular 0.05 --supraventricular 0.05

        A record comes with its true beats (PATH.atr). The same seed gives the same bytes on any machine. Record \
        and stream are marked as synthetic, and no record is replaced that is not (73).
        """)

    @Option(
      help: "Length in seconds (default: 60 for a record, without end when published).",
      transform: Quantities.seconds("--seconds"))
    var seconds: Double?

    @Option(help: "Another seed is another heart.")
    var seed: UInt64 = 1

    @Option(help: "Samples per second, 50 to 100000 (default: 360).", transform: Quantities.hertz("--rate"))
    var rate: Double = 360

    @Option(help: "Mean beats per minute, 25 to 180.")
    var heartRate: Double = 72

    @Option(
      help: "Standard deviation of the normal intervals, in seconds (default: 0.03).",
      transform: Quantities.seconds("--variability"))
    var variability: Double = 0.03

    @Option(help: "Fraction of ventricular ectopic beats, 0 to 0.5.")
    var ventricular: Double = 0

    @Option(help: "Fraction of supraventricular ectopic beats, 0 to 0.5.")
    var supraventricular: Double = 0

    @Option(help: "Amplitude of the baseline's wander, in mV.")
    var wander: Double = 0.1

    @Option(help: "Standard deviation of muscle noise, in mV.")
    var muscle: Double = 0.01

    @Option(help: "Amplitude of mains hum, in mV.")
    var mains: Double = 0.005

    @Option(help: "Frequency of mains hum, in Hz (default: 50).", transform: Quantities.hertz("--mains-frequency"))
    var mainsFrequency: Double = 50

    @Option(help: "1 (MLII) or 2 (MLII and V5).")
    var leads: Int = 1

    @Option(name: .customLong("to"), help: "Publish: tcp://HOST:PORT (port * is any free one), ipc://PATH.")
    var endpoint: String?

    @Option(help: "The published stream's name.")
    var stream: String = "synthetic"

    @Option(name: .shortAndLong, help: "Write PATH.hea, PATH.dat and PATH.atr.")
    var output: String?

    @Option(help: "The record's signal format: 212 (12 bits) or 16.")
    var format: Int = 212

    @OptionGroup var options: PublishOptions

    func run() throws {
      switch (endpoint, output) {
      case (let endpoint?, nil):
        let settings = try options.settings(endpoint: endpoint, isLive: true)
        try options.publish(SyntheticSource(signal(seconds), stream: stream), settings)
      case (nil, let path?): try write(to: path)
      default: throw ServiceError(.usage, "say where it goes: --to ENDPOINT publishes it, -o PATH writes a record")
      }
    }

    private func write(to path: String) throws {
      guard let format = WFDBFormat(rawValue: format), [.format212, .format16].contains(format) else {
        throw ServiceError(.usage, "--format is \(format): give 212 or 16")
      }
      let settings = signal(seconds ?? 60)
      let rows = settings.rows ?? 0
      let written = try SyntheticRecord(settings).write(to: path, format: format) {
        Terminal.progress("\($0) of \(rows) rows")
      }
      Terminal.endProgress()
      Terminal.print(options.json ? written.json : written.sentence)
      Terminal.say("next: runnel replay \(written.header) --to tcp://127.0.0.1:5556")
    }

    private func signal(_ seconds: Double?) -> SyntheticECG.Settings {
      SyntheticECG.Settings(
        rate: rate, seconds: seconds, seed: seed, meanHeartRate: heartRate, heartRateVariability: variability,
        ventricularFraction: ventricular, supraventricularFraction: supraventricular, wander: wander, muscle: muscle,
        mains: mains, mainsFrequency: mainsFrequency, leads: leads)
    }
  }
}
