import ArgumentParser
import RunnelCore
import RunnelService

/// The drawing.
struct ModelShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "Draw the network layer by layer: shapes, parameters, work, state, windows, delay, heads, decision.",
    discussion: """
      Examples:
        runnel model show ecg-beats.safetensors
        runnel model show ecg-beats.safetensors --json

      Multiply-adds are those of one frame (of a windowed model one window), bytes those that one lane carries. Exit codes: 65 no model file, 66 no such file.
      """)

  @Argument(help: "The model file.") var file: String
  @Flag(help: "JSON in place of the drawing.") var json = false

  func run() throws {
    let drawing = ModelDrawing(try ModelLoader.read(file))
    if json {
      var writer = JSONWriter()
      drawing.json(into: &writer)
      Terminal.print(writer.text)
    } else {
      Terminal.print(drawing.text)
      if Terminal.isInteractive { Terminal.say("next: runnel model check \(file)") }
    }
  }
}
