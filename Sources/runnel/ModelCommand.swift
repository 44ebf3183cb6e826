import ArgumentParser
import RunnelCore
import RunnelInference
import RunnelService

/// Model files: whether one is sound, and what is in it.
struct ModelCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "model",
    abstract: "Prove a model file on this machine, or draw what is in it.",
    discussion: """
      Examples:
        runnel model check ecg-beats.safetensors
        runnel model show ecg-beats.safetensors
      """,
    subcommands: [ModelCheckCommand.self, ModelShowCommand.self])
}

/// The proof.
struct ModelCheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Digest, every tensor, and the golden input through each kernel set of this machine.",
    discussion: """
      Example:
        runnel model check ecg-beats.safetensors

      The golden scores were made by the framework that trained the model. They are computed whole, step by step in the \
      company of other lanes, and in random chunks whose state goes through a snapshot. Exit code 65 where one is wrong.
      """)

  @Argument(help: "The model file.") var file: String
  @Flag(help: "JSON in place of a table.") var json = false

  func run() throws {
    let proof = try ModelProof(file)
    if json {
      var writer = JSONWriter()
      proof.json(into: &writer)
      Terminal.print(writer.text)
    } else {
      Terminal.print(proof.table)
    }
    if let failure = proof.failure { throw failure }
    if Terminal.isInteractive, !json { Terminal.say("next: runnel model show \(file)") }
  }
}

/// The drawing.
struct ModelShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "Draw the network layer by layer: inputs, rates, delay, conditioning, heads, decision, provenance.",
    discussion: """
      Example:
        runnel model show ecg-beats.safetensors
      """)

  @Argument(help: "The model file.") var file: String
  @Flag(help: "JSON in place of the drawing.") var json = false

  func run() throws {
    let drawing = ModelDrawing(try ModelLoader.load(file).file)
    if json {
      var writer = JSONWriter()
      drawing.json(into: &writer)
      Terminal.print(writer.text)
    } else {
      Terminal.print(drawing.text)
      if Terminal.isInteractive { Terminal.say("next: runnel label RECORD.hea -m \(file)") }
    }
  }
}
