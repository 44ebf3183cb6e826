import ArgumentParser
import RunnelCore
import RunnelService

/// Somebody's model file as one of runnel's.
struct ModelImportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import",
    abstract: "Make a model file of ONNX, RTNeural JSON, or bare safetensors and a spec.",
    discussion: """
      Examples:
        runnel model import net.onnx --rate 360 --labels N,S,V --window 250 -o net.safetensors
        runnel model import net.onnx --spec net.yaml --golden-input x.npy --golden-output y.npy -o net.safetensors
        runnel model template weights.safetensors > weights.yaml
        runnel model import weights.safetensors --spec weights.yaml -o beats.safetensors

      The file is told by its content. Every tensor is accounted for; one that belongs nowhere, or is missing, is an error. \
      What the file does not say (rate, labels, regime) is asked for, all at once. With golden arrays from the framework the \
      result is proved to be the same network; without them the golden run is this machine's own. PyTorch's .pt and Keras' \
      .keras and .h5 are not read: they are answered with the lines that convert them.
      """)

  @Argument(help: "The file: .onnx, .json, .safetensors.") var file: String
  @Option(name: [.short, .long], help: "The model file to write.") var output: String
  @Option(help: "A spec in YAML; runnel model template writes one.") var spec: String?
  @Option(help: "Name of the model.") var name: String?
  @Option(help: "Frames a second that the network takes, in Hz.", transform: Quantities.hertz("--rate")) var rate:
    Double?
  @Option(help: "Rate of the recordings that it was trained on, in Hz.", transform: Quantities.hertz("--trained-rate"))
  var trainedRate: Double?
  @Option(help: "Names of the outputs, in order: N,S,V.") var labels: String?
  @Option(help: "What is done to the outputs: softmax, sigmoid or linear.") var activation: String?
  @Option(help: "carried or windowed.") var regime: String?
  @Option(help: "many-to-one, many-to-many or one-to-one.") var pattern: String?
  @Option(help: "Frames of a window.") var window: Int?
  @Option(help: "Frames from window to window; carried: steps from label to label.") var hop: Int?
  @Option(help: "Step of the window whose label counts, from 0; the last where it is not said.") var target: Int?
  @Option(help: "Seconds by which a label comes late, conditioning included.", transform: Quantities.seconds("--delay"))
  var delay: Double?
  @Option(help: "Seconds in which labels are warming after a reset.", transform: Quantities.seconds("--warmup"))
  var warmup: Double?
  @Option(help: "Names of the inputs: lead_a,lead_b.") var inputs: String?
  @Option(help: "Unit of the inputs, with --inputs: mV.") var unit: String?
  @Option(help: "Tensors that the network does not need, with commas between.") var ignore: String?
  @Option(help: "Frames (T, D) or windows (W, T, D) as .npy.") var goldenInput: String?
  @Option(help: "What the framework made of them, before or after the activation, as .npy.") var goldenOutput: String?
  @Option(help: "Which program made them: \"PyTorch 2.9\".") var goldenBy: String?
  @Flag(help: "JSON in place of a table.") var json = false

  func validate() throws {
    guard (goldenInput == nil) == (goldenOutput == nil) else {
      throw ValidationError("--golden-input and --golden-output belong together")
    }
    guard unit == nil || inputs != nil else { throw ValidationError("--unit says the unit of --inputs; name them too") }
  }

  func run() throws {
    var given = try spec.map { (path) throws(ServiceError) in try SpecFile(path) } ?? SpecFile()
    given.apply(options)
    var golden: ModelImport.GoldenRun?
    if let goldenInput, let goldenOutput {
      golden = ModelImport.GoldenRun(input: goldenInput, output: goldenOutput, by: goldenBy)
    }
    let imported = try ModelImport.read(file, output: output, spec: given, golden: golden)
    try imported.write()
    if json {
      var writer = JSONWriter()
      imported.json(into: &writer)
      Terminal.print(writer.text)
    } else {
      Terminal.print(imported.table)
      if Terminal.isInteractive { Terminal.say("next: runnel model show \(output)") }
    }
  }

  private var options: ImportOptions {
    func list(_ text: String?) -> [String] { text?.split(separator: ",").map(String.init) ?? [] }
    var options = ImportOptions()
    (options.name, options.rate, options.trainedRate, options.labels) = (name, rate, trainedRate, list(labels))
    (options.activation, options.regime, options.pattern) = (activation, regime, pattern)
    (options.window, options.hop, options.target, options.delay, options.warmUp) = (window, hop, target, delay, warmup)
    (options.inputs, options.unit, options.ignore) = (list(inputs), unit, list(ignore))
    return options
  }
}
