import RunnelInference

/// What a configuration says of a model and the model's own file denies.
extension PipelineConfiguration {
  /// The key that is to blame, and a sentence that explains the harm; nil where they agree.
  func contradiction(of model: ModelDescription) -> (key: String, sentence: String)? {
    let remedy = "take the key out, or export the model as it is meant to run"
    if let regime, regime != model.regime {
      let training =
        model.regime == .carried
        ? "it was trained with a state that lives on from frame to frame, and started anew at every window"
        : "it was trained on windows that each begin with the initial state, and run with a state that lives on"
      return (
        "regime",
        "pipeline '\(name)': regime is \(regime.rawValue), and model '\(model.name)' is \(model.regime.rawValue): \(training) "
          + "it gives other answers (a published keyword spotter fell from 97 % to 54 %); \(remedy)"
      )
    }
    guard let window else { return nil }
    guard let own = model.window else {
      return (
        "window",
        "pipeline '\(name)': window is \(window), and model '\(model.name)' is carried: it has no windows, and cut into such "
          + "it gives other answers (a published keyword spotter fell from 97 % to 54 %); \(remedy)"
      )
    }
    guard window != own.length else { return nil }
    return (
      "window",
      "pipeline '\(name)': window is \(window), and model '\(model.name)' was trained on windows of \(own.length) frames: on "
        + "others its state is younger or older than it ever was, and it gives other answers; write \(own.length), or leave it out"
    )
  }
}
