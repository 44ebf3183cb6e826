import RunnelPipeline

/// One small model of each way to meet a stream, by name.
enum Regimes {
  /// All that can be asked by every law.
  static let names = [
    "strided", "pooled", "renewed", "side-by-side", "target", "convolved-windows", "padded", "bidirectional",
    "normalised",
    "sequence", "one-to-many", "encoder-decoder",
  ]

  static func model(_ name: String) throws -> Model { try made(name).model() }

  static func made(_ name: String) throws -> MadeModel {
    var made: MadeModel
    switch name {
    case "strided":
      made = MadeModel(seed: 1)
      made.delay = 0.05
      made.conv("conv", from: 1, to: 6, kernel: 5, stride: 3, padding: [1, 0])
      made.recurrent("gru", name: "gru", from: 6, to: 8)
      made.linear("head", from: 8, to: 3)
    case "pooled":
      made = MadeModel(seed: 2)
      made.conv("conv", from: 1, to: 4, kernel: 3)
      made.pool("pool", width: 4, kernel: 2)
      made.recurrent("lstm", name: "lstm", from: 4, to: 6)
      made.pool("mean", "avgpool", width: 6, kernel: 2)
      made.linear("head", from: 6, to: 3)
    case "renewed":
      made = MadeModel(seed: 3)
      made.warmUp = 0.1
      made.maxStateAge = 1
      made.recurrent("lstm", name: "lstm", from: 1, to: 8)
      made.linear("head", from: 8, to: 3)
    case "side-by-side":
      made = windowed(seed: 4, "many-to-one", length: 50, hop: 12)
      made.recurrent("lstm", name: "lstm", from: 1, to: 8)
      made.linear("head", from: 8, to: 3)
    case "target":
      made = windowed(seed: 5, "many-to-one", length: 50, hop: 20, target: 30)
      made.recurrent("gru", name: "gru", from: 1, to: 8)
      made.linear("head", from: 8, to: 3)
    case "convolved-windows":
      made = windowed(seed: 6, "many-to-one", length: 61, hop: 25)
      made.conv("conv", from: 1, to: 6, kernel: 4, stride: 2)
      made.pool("pool", width: 6, kernel: 2)
      made.recurrent("rnn", name: "rnn", from: 6, to: 8)
      made.linear("head", from: 8, to: 3)
    case "padded":
      made = windowed(seed: 12, "many-to-one", length: 64, hop: 16)
      made.conv("conv", from: 1, to: 6, kernel: 5, stride: 2, padding: [2, 2])
      made.conv("fine", from: 6, to: 6, kernel: 3, padding: [1, 1])
      made.recurrent("gru", name: "gru", from: 6, to: 8)
      made.linear("head", from: 8, to: 3)
    case "bidirectional":
      made = windowed(seed: 7, "many-to-one", length: 48, hop: 16, target: 24)
      made.recurrent("gru", name: "gru", from: 1, to: 6, direction: "bidirectional")
      made.linear("head", from: 12, to: 3)
    case "normalised":
      made = windowed(seed: 8, "many-to-one", length: 40, hop: 10)
      made.normalisation = #"{"kind":"window","epsilon":1e-5}"#
      made.recurrent("lstm", name: "lstm", from: 1, to: 8)
      made.linear("head", from: 8, to: 3)
    case "sequence":
      made = windowed(seed: 9, "many-to-many", length: 45, hop: 45)
      made.conv("conv", from: 1, to: 6, kernel: 3, stride: 3, padding: [1, 1])
      made.recurrent("gru", name: "gru", from: 6, to: 8, direction: "bidirectional")
      made.linear("head", from: 16, to: 3)
    case "one-to-many":
      made = windowed(seed: 10, "one-to-many", length: 1, hop: 30)
      made.linear("front", from: 1, to: 5, activation: "tanh")
      made.decoder = decoder(context: 5, state: "zero")
      made.weights("gru", name: "dec", from: 8, to: 8)
      made.weights(linear: "out", from: 8, to: 3)
    case "encoder-decoder":
      made = windowed(seed: 11, "encoder-decoder", length: 60, hop: 40)
      made.recurrent("gru", name: "enc", from: 1, to: 8)
      made.decoder = decoder(context: 8, state: "encoder")
      made.weights("gru", name: "dec", from: 11, to: 8)
      made.weights(linear: "out", from: 8, to: 3)
    default: preconditionFailure("a regime of the list")
    }
    return made
  }

  private static func windowed(
    seed: UInt64, _ pattern: String, length: Int, hop: Int, target: Int? = nil
  ) -> MadeModel {
    var made = MadeModel(seed: seed, regime: "windowed", pattern: pattern)
    made.window = (length, target)
    made.hop = hop
    return made
  }

  /// Five steps that see the context and their own scores, and end before class `none`.
  private static func decoder(context: Int, state: String) -> String {
    let layers = [
      MadeModel.recurrent("gru", name: "dec", from: context + 3, to: 8), MadeModel.linear("out", from: 8, to: 3),
    ].joined(separator: ",")
    return #"{"steps":5,"stop":"none","input":"context+feedback","state":"\#(state)","layers":[\#(layers)]}"#
  }
}
