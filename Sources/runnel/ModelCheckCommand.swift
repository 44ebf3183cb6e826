import ArgumentParser
import RunnelCore
import RunnelService

/// The proof.
struct ModelCheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Digest, every tensor, and the golden input through each kernel set of this machine.",
    discussion: """
      Examples:
        runnel model check ecg-beats.safetensors
        runnel model check ecg-beats.safetensors --json

      The golden scores were made by the framework that trained the model. They are computed whole, step by step in the \
      company of other lanes, and in random chunks whose state goes through a snapshot; of windows together, alone and \
      side by side. Largest and mean error are given of the scores and of the final h and c.

      Last the same with bf16 and int8 weights, which nothing uses unless it is told to (`precision` in a configuration, \
      --precision): what they cost in accuracy. They are held to golden.tolerance.bf16 and .int8 where the file gives those; \
      else the difference is told, and how many labels are the same. Linear and recurrent layers are stored so, all else \
      stays float32.

      Where they do not match, the known mistakes are tried (gate order, reset form, transposed weights, bias folding, \
      hard_sigmoid version and the like), and the one that would match is named. Exit codes: 65 one is wrong, or no model \
      file; 66 no such file.
      """)

  @Argument(help: "The model file.") var file: String
  @Flag(help: "JSON in place of a table.") var json = false

  func run() throws {
    let proof = try ModelProof(file) { Terminal.progress($0) }
    Terminal.endProgress()
    if json {
      var writer = JSONWriter()
      proof.json(into: &writer)
      Terminal.print(writer.text)
    } else {
      Terminal.print(proof.table)
    }
    if let failure = proof.failure { throw failure }
    if Terminal.isInteractive, !json { Terminal.say("next: runnel label RECORD.hea -m \(file)") }
  }
}
