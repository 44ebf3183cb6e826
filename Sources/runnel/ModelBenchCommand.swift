import ArgumentParser
import RunnelCore
import RunnelService

/// How fast this machine steps a network.
struct ModelBenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Measure a step of a model, or of a cell by its sizes, on one core of this machine.",
    discussion: """
      Examples:
        runnel model bench ecg-beats.safetensors
        runnel model bench ecg-beats.safetensors --rows 1,8,64 --json
        runnel model bench --cell lstm --hidden 64 --inputs 1 --rows 64 --json
        taskset -c 1 runnel model bench --cell gru --hidden 128 --inputs 16      # on one core for good

      Rows are lanes that are stepped together. Of a model the whole network is stepped through its bank of states, as the \
      daemon does it, and `channels per core` says how many channels at the model's rate that makes if a core did nothing \
      else; conditioning, decisions and messages come on top. Without a model the cells alone are stepped, on random \
      weights and carried states.

      Each figure is the best of many short repeats; the median and the spread (from the first quartile to the third, of \
      the median) stand beside it and tell how much else the machine was doing. The limits are measured in the same run: \
      multiply-adds of independent chains, and reads from each level of memory. `of limit` compares with the longer of: all \
      multiply-adds at that peak; all weights read once, from the level that they stay in. An option that does not fit is \
      exit code 64; 65 no model file, 66 no such file.
      """)

  @Argument(help: "The model file; without one, --cell, --hidden and --inputs.") var file: String?
  @Option(help: "rnn, gru or lstm.") var cell: String?
  @Option(help: ArgumentHelp("Units of a cell.", valueName: "count")) var hidden: Int?
  @Option(help: ArgumentHelp("Features that go into the lowest cell.", valueName: "count")) var inputs: Int?
  @Option(help: ArgumentHelp("Cells on top of each other; 1 where not given.", valueName: "count")) var layers: Int?
  @Option(help: ArgumentHelp("Row counts, with commas between.", valueName: "counts"))
  var rows = BenchEffort.usualRows.map(String.init).joined(separator: ",")
  @Option(help: "How weights are stored: \(ModelRun.precisionNames.joined(separator: ", ")); float32 where not given.")
  var precision: String?
  @Option(help: "Which kernel set computes: \(ModelRun.kernelNames.joined(separator: ", ")); the best where not given.")
  var kernels: String?
  @Flag(help: "A tenth of the time, for a first look.") var quick = false
  @Flag(help: "JSON in place of a table.") var json = false

  func run() throws {
    let rows = try BenchEffort.rows(rows)
    let bench = try BenchOrder(
      model: file, cell: cell, hidden: hidden, inputs: inputs, layers: layers, precision: precision, kernels: kernels,
      effort: quick ? .quick : .usual)
    let report = bench.run(rows: rows) { Terminal.progress($0) }
    Terminal.endProgress()
    if json {
      var writer = JSONWriter()
      report.json(into: &writer)
      Terminal.print(writer.text)
    } else {
      Terminal.print(report.table)
    }
  }
}
