import RunnelCore
import RunnelInference

/// A spec to fill in, written from what a file of weights shows: the layers and sizes that follow from shapes, and as
/// commented lines, each with its question, what nothing in the file can say (docs/cells.md §2).
public struct SpecTemplate {
  private var lines: [String] = []

  /// Of bare weights.
  ///
  /// - Parameter file: the name by which the person knows the file.
  public static func text(safetensors bytes: [UInt8], file: String) throws(ImportError) -> String {
    let tensors = try BareTensors(bytes)
    let isKeras = tensors.names.contains { $0.contains("/") || $0.hasSuffix("kernel") }
    var guesses = try LayerGuess.guesses(tensors, isKeras: isKeras)
    guard !guesses.isEmpty else {
      throw ImportError(nil, "none of its tensors has the name and shape of a layer's weight")
    }
    guesses = LayerGuess.ordered(guesses)
    var template = SpecTemplate()
    template.addHead(file)
    template.addQuestions(outputs: guesses[guesses.count - 1].output)
    if isKeras { template.lines.append("layout: keras") }
    template.addLayers(guesses)
    return template.lines.joined(separator: "\n") + "\n"
  }

  /// Of a file that says its layers itself.
  public static func text(network: ImportedNetwork, file: String) -> String {
    var template = SpecTemplate()
    template.addHead(file)
    template.addQuestions(outputs: network.outputs)
    return template.lines.joined(separator: "\n") + "\n"
  }

  private mutating func addHead(_ file: String) {
    lines.append("# What \(file) does not say. Fill in, take the # away, then:")
    lines.append("#   runnel model import \(file) --spec THIS.yaml -o MODEL.safetensors")
  }

  private mutating func addQuestions(outputs: Int) {
    let names =
      outputs > 6
      ? "[a, b, …]" : "[\((0..<outputs).map { ["a", "b", "c", "d", "e", "f"][$0] }.joined(separator: ", "))]"
    lines += [
      "", "# How many frames a second does the network take, in Hz?", "# rate: 360", "",
      "# Was it trained with its state living on (carried), or on windows that each began anew (windowed)?",
      "# A network that was trained one way and is run the other gives other answers.", "# regime: carried",
      "# regime: windowed", "# window: {length: 250}            # frames",
      "# hop: 25                          # frames from window to window",
      "# pattern: many-to-one             # the label of a window is that of its last step; many-to-many: one per step",
      "",
      "# What do its \(Phrase.count(outputs, "output")) mean, in their order?", "# labels: \(names)",
      "# activation: softmax              # or sigmoid, or linear: what is done to the outputs", "",
      "# What are its inputs, and in which unit?", "# inputs: [{name: lead, unit: mV}]", "",
    ]
  }

  private mutating func addLayers(_ guesses: [LayerGuess]) {
    lines.append("# Is this the order in which they run? It was guessed from the widths; a file does not hold it.")
    lines.append("layers:")
    for guess in guesses {
      lines.append("  - " + guess.yaml)
      lines += guess.questions.map { "    # \($0)" }
    }
    lines.append(
      "# Layers without weights stand between: {kind: maxpool, name: pool, input: 8, kernel: 2}, softmax, activation, add."
    )
  }
}

/// What a template needs to know of a network that its file describes.
public struct ImportedNetwork: Sendable {
  public var outputs: Int

  public init(rtneural bytes: [UInt8]) throws(ImportError) { outputs = try RTNeuralImport.outputs(bytes) }

  public init(onnx bytes: [UInt8], external: any ExternalData) throws(ImportError) {
    outputs = try ONNXImport.find(bytes, steps: nil, external).heads.reduce(0) { $0 + $1.width }
  }
}
