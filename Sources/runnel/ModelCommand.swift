import ArgumentParser

/// Model files: what is in them, whether they are sound, what they compute, and where they come from.
struct ModelCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "model",
    abstract: "Make a model file of somebody else's, draw it, prove it here, run it over arrays, measure it.",
    discussion: """
      Examples:
        runnel model show ecg-beats.safetensors
        runnel model check ecg-beats.safetensors
        runnel model run ecg-beats.safetensors --input x.npy --output y.npy
        runnel model bench ecg-beats.safetensors
        runnel model import net.onnx --rate 360 --labels N,S,V --window 250 -o net.safetensors
        runnel model template weights.safetensors > weights.yaml
      """,
    subcommands: [
      ModelShowCommand.self, ModelCheckCommand.self, ModelRunCommand.self, ModelBenchCommand.self,
      ModelImportCommand.self, ModelTemplateCommand.self,
    ])
}
