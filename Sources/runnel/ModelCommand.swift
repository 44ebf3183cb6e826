import ArgumentParser

/// Model files: what is in them, whether they are sound, and what they compute.
struct ModelCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "model",
    abstract: "Draw a model file, prove it on this machine, run it over arrays, measure it.",
    discussion: """
      Examples:
        runnel model show ecg-beats.safetensors
        runnel model check ecg-beats.safetensors
        runnel model run ecg-beats.safetensors --input x.npy --output y.npy
        runnel model bench ecg-beats.safetensors
      """,
    subcommands: [
      ModelShowCommand.self, ModelCheckCommand.self, ModelRunCommand.self, ModelBenchCommand.self,
      ModelImportCommand.self, ModelTemplateCommand.self,
    ])
}
