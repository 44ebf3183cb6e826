import ArgumentParser

/// Model files: what is in them, whether they are sound, and what they compute.
struct ModelCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "model",
    abstract: "Draw a model file, prove it on this machine, run it over arrays.",
    discussion: """
      Examples:
        runnel model show ecg-beats.safetensors
        runnel model check ecg-beats.safetensors
        runnel model run ecg-beats.safetensors --input x.npy --output y.npy
      """,
    subcommands: [
      ModelShowCommand.self, ModelCheckCommand.self, ModelRunCommand.self, ModelImportCommand.self,
      ModelTemplateCommand.self,
    ])
}
