import ArgumentParser
import RunnelService

/// The spec of a file of weights, to be filled in.
struct ModelTemplateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "template",
    abstract: "Write the spec that model import needs, from the names and shapes of a file's tensors.",
    discussion: """
      Example:
        runnel model template weights.safetensors > weights.yaml

      Cells, sizes and stacks follow from the shapes. What nothing in the file says (order, activations, rate, labels, regime) \
      stands there as commented lines with the question.
      """)

  @Argument(help: "The file: .safetensors, .onnx, .json.") var file: String

  func run() throws {
    Terminal.print(String(try ModelTemplate.text(file).dropLast()))
    if Terminal.isInteractive, Terminal.isRead == false {
      Terminal.say("next: fill in the spec, then runnel model import \(file) --spec SPEC.yaml -o MODEL.safetensors")
    }
  }
}
