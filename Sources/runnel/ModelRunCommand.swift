import ArgumentParser
import RunnelService

/// A model over arrays.
struct ModelRunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Run a model over a NumPy array, to compare it with any framework: scores before softmax.",
    discussion: """
      Examples:
        runnel model run model.safetensors --input x.npy --output y.npy
        runnel model run model.safetensors --input x.npy --output y.npy --chunk 1      # the same bytes
        runnel model run model.safetensors --input a.npy --output y.npy --state-out s.npz
        runnel model run model.safetensors --input b.npy --output z.npy --state-in s.npz

      x is (T, D), or (B, T, D) for B sequences, as PyTorch has them with batch_first=True and Keras always; f32, or f64 \
      which is rounded to f32. It goes to the network as it is: no filters, no resampling, no normalisation but that of a \
      window. y is (T, K) or (B, T, K), with fewer steps where a layer has a stride. \
      A windowed model takes (B, T, D), T the length of its window, or a stream (T, D) that it cuts at its hop, and gives \
      (B, K), or (B, S, K) where a window has a sequence.

      The state is what PyTorch calls h and c: `lstm.h_l0` (H) and `lstm.c_l0` (H) of layer `lstm`, with a first axis B \
      where x has one; `next` is the index of the frame to come. The golden tensors are not looked at here (`runnel model \
      check` does that): so a model that does not match can be compared.

      Exit codes: 64 options that do not fit, 65 arrays that do not fit, 66 no such file, 73 and 74 output.
      """)

  @Argument(help: "The model file.") var file: String
  @Option(help: ArgumentHelp("The frames.", valueName: "npy")) var input: String
  @Option(help: ArgumentHelp("Where the scores go.", valueName: "npy")) var output: String
  @Option(
    help: ArgumentHelp("Step so many frames at a time (of a windowed model: windows); same bits.", valueName: "count"))
  var chunk: Int?
  @Option(help: ArgumentHelp("The state to begin with.", valueName: "npz")) var stateIn: String?
  @Option(help: ArgumentHelp("Where the state at the end goes.", valueName: "npz")) var stateOut: String?
  @Flag(help: "Scores after softmax, sigmoid or what the heads have, as labels carry them.") var scores = false
  @Option(help: "Which kernel set computes: \(ModelRun.kernelNames.joined(separator: ", ")); same bits.")
  var kernels: String?
  @Option(help: "How weights are stored: \(ModelRun.precisionNames.joined(separator: ", ")); other scores.")
  var precision: String?

  func run() throws {
    var options = ModelRun.Options()
    options.chunk = chunk
    options.givesScores = scores
    options.stateIn = stateIn
    options.stateOut = stateOut
    options.kernels = kernels
    options.precision = precision
    let began = ContinuousClock.now
    let written = try ModelRun(file, options).run(input: input, output: output) { done in
      guard ContinuousClock.now - began > .seconds(1) else { return }
      Terminal.progress("\(output)  \(Int(100 * done)) %")
    }
    Terminal.endProgress()
    Terminal.say("\(output): \(scores ? "scores" : "logits") \(written.output) of frames \(written.input)")
    if Terminal.isInteractive { Terminal.say("next: python3 -c 'import numpy; print(numpy.load(\"\(output)\"))'") }
  }
}
