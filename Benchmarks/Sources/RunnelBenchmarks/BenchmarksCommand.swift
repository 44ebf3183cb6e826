import ArgumentParser
import RunnelCore
import RunnelKernels
import RunnelRecordings
import RunnelService

/// What this machine does, as tables: `make bench`. And one engine among others for `make bench-peers`.
@main
struct BenchmarksCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "RunnelBenchmarks", abstract: "Measure runnel on one core of this machine.",
    subcommands: [TablesCommand.self, PeerCommand.self], defaultSubcommand: TablesCommand.self)
}

/// All tables, or some.
struct TablesCommand: ParsableCommand {
  enum Part: String, CaseIterable, ExpressibleByArgument {
    case step, precisions, windows, backlog, decode, messages, condition, encode, latency
  }

  static let configuration = CommandConfiguration(
    commandName: "tables", abstract: "Print the tables and write them as JSON.")

  @Option(parsing: .upToNextOption, help: "Which tables: \(Part.allCases.map(\.rawValue).joined(separator: ", ")).")
  var parts: [Part] = Part.allCases
  @Option(help: "Which kernel set computes.") var kernels: String?
  @Option(help: "Where the JSON goes.") var output: String?
  @Flag(help: "A few points, a tenth of the time each.") var quick = false
  @Flag(help: "Markdown, as docs/performance.md has it.") var markdown = false

  func run() throws {
    let set = try kernels.map { try KernelSet(named: $0) } ?? .best
    let pace = Pace(kernels: set, isQuick: quick)
    let limits = MachineLimits(kernels: set, seconds: pace.effort.secondsForLimits)
    print("kernels \(set.rawValue), \(limits.line)\n")
    var report = BenchmarkReport(kernels: set, limits: limits)
    for part in Part.allCases where parts.contains(part) {
      for section in try sections(part, pace, limits) {
        print(markdown ? section.markdown : section.text, terminator: "\n\n")
        report.sections.append(section)
      }
    }
    guard let output else { return }
    try ByteFile.write(Array((report.json + "\n").utf8), to: output)
    print("written to \(output)")
  }

  private func sections(_ part: Part, _ pace: Pace, _ limits: MachineLimits) throws -> [Section] {
    switch part {
    case .step: StepBenchmark(pace: pace, limits: limits).sections
    case .precisions: [PrecisionBenchmark(pace: pace).section]
    case .windows: [try WindowBenchmark(pace: pace).section]
    case .backlog: [try BacklogBenchmark(pace: pace).section]
    case .decode: [try DecodeBenchmark(pace: pace).section]
    case .messages: [try MessageBenchmark(pace: pace).section]
    case .encode: [EncodeBenchmark(pace: pace).section]
    case .condition: [try ConditionBenchmark(pace: pace).section]
    case .latency: [try LatencyBenchmark(pace: pace).section]
    }
  }
}

/// How much is measured.
struct Pace {
  var kernels: KernelSet
  var isQuick: Bool
  var effort: BenchEffort {
    isQuick
      ? BenchEffort(secondsPerPoint: 0.05, secondsForLimits: 0.5)
      : BenchEffort(secondsPerPoint: 0.4, secondsForLimits: 2)
  }
  var watch: Stopwatch { Stopwatch(.system, seconds: effort.secondsPerPoint) }
}

extension Timing {
  /// Of one of so many things that were timed together.
  init(_ timing: Timing, dividedBy count: Int) {
    self = timing
    best /= Double(count)
    median /= Double(count)
  }
}
