import RunnelInference

/// What a configuration says of a model and the model's own file denies.
extension PipelineConfiguration {
  /// The keys that are to blame, and for each a sentence that explains the harm.
  func contradictions(of model: ModelDescription) -> [(key: String, sentence: String)] {
    var found: [(key: String, sentence: String)] = []
    if let sentence = regime.flatMap({ contradiction($0, of: model) }) { found.append(("regime", sentence)) }
    if let sentence = window.flatMap({ contradiction($0, of: model) }) { found.append(("window", sentence)) }
    return found
  }

  private static let remedy = "take the key out, or export the model as it is meant to run"

  private func contradiction(_ regime: ModelDescription.Regime, of model: ModelDescription) -> String? {
    guard regime != model.regime else { return nil }
    let training =
      model.regime == .carried
      ? "it was trained with a state that lives on from frame to frame, and started anew at every window"
      : "it was trained on windows that each begin with the initial state, and run with a state that lives on"
    return "pipeline '\(name)': regime is \(regime.rawValue), and model '\(model.name)' is \(model.regime.rawValue): "
      + "\(training) it gives other answers (a published keyword spotter fell from 97 % to 54 %); \(Self.remedy)"
  }

  private func contradiction(_ window: Int, of model: ModelDescription) -> String? {
    guard let own = model.window else {
      return
        "pipeline '\(name)': window is \(window), and model '\(model.name)' is carried: it has no windows, and cut into "
        + "such it gives other answers (a published keyword spotter fell from 97 % to 54 %); \(Self.remedy)"
    }
    guard window != own.length else { return nil }
    return
      "pipeline '\(name)': window is \(window), and model '\(model.name)' was trained on windows of \(own.length) frames: "
      + "on others its state is younger or older than it ever was, and it gives other answers; write \(own.length), or leave "
      + "it out"
  }
}
