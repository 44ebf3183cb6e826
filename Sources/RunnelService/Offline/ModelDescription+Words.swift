import RunnelCore
import RunnelInference

/// What a model does with a stream, told to whoever is to run it.
extension ModelDescription {
  /// How the network meets the frames.
  var regimeWords: String {
    guard let window else {
      var words = hasMemory ? "every frame steps the network once, and its state lives on" : "every frame by itself"
      if maxStateAge > 0 {
        let age = Dimension.duration.text(maxStateAge)
        words +=
          "; every \(age) a fresh state, warmed up for \(Dimension.duration.text(warmUp)) beside the old one, takes over"
      }
      return words
    }
    let size = "\(Phrase.count(window.length, "frame")) (\(Self.seconds(Double(window.length) / rate)))"
    let every = "windows of \(size) every \(hop)"
    guard let reason = reasonForWholeWindows else {
      let rows = windowsSideBySide ?? 0
      return "\(every), side by side: \(Phrase.count(rows, "row")) a step"
    }
    return "\(every), each evaluated at its end, because \(reason)"
  }

  /// What comes out, and how often.
  var patternWords: String {
    let steps = Self.seconds(Double(graph.time.stride) / rate)
    switch pattern {
    case .oneToOne,
      .manyToMany where regime == .carried:
      let stride = graph.time.stride == 1 ? "a score for each frame" : "a score every \(graph.time.stride) frames"
      return "\(stride) (\(steps))\(hop == 1 ? "" : ", a label at most every \(hop) of them")"
    case .manyToOne:
      let length = window.map { graph.length(of: $0.length) } ?? 1
      let target = window?.target ?? 0
      guard length > 1 else { return "one label a window" }
      return "one label a window: step \(target) of 0 to \(length - 1)\(target == length - 1 ? ", the last" : "")"
    case .manyToMany:
      return "\(window.map { graph.length(of: $0.length) } ?? 0) labels a window, published as one sequence"
    case .oneToMany, .encoderDecoder:
      let most = decoder?.steps ?? 0
      return decoder?.stop == nil
        ? "a sequence of \(most) labels a window" : "a sequence of at most \(most) labels a window"
    }
  }

  /// Why windows cannot be stepped side by side, frame by frame; nil where they are.
  var reasonForWholeWindows: String? {
    guard regime == .windowed, windowsSideBySide == nil else { return nil }
    for node in graph.nodes {
      if case .recurrent(let each) = node.layer.kind, each.direction != .forward {
        return "\(node.layer.name) is \(each.direction == .bidirectional ? "bidirectional" : "run backward")"
      }
    }
    if case .window = conditioning.normalisation { return "each window is normalised by its own mean and deviation" }
    if let node = graph.nodes.first(where: { $0.layer.collapses }) {
      return "\(node.layer.name) looks at all its steps"
    }
    if let node = graph.nodes.first(where: { ($0.layer.span?.right ?? 0) > 0 }) {
      return "\(node.layer.name) is padded on the right"
    }
    return decoder == nil ? "the labels of all its steps come together" : "the decoder needs the whole of it"
  }

  var hasMemory: Bool { graph.hasMemory }

  /// `350ms (42 steps)`
  func withSteps(_ seconds: Double) -> String {
    let steps = seconds * rate
    return "\(Self.seconds(seconds)) (\(Phrase.number((steps * 100).rounded() / 100)) steps)"
  }

  private static func seconds(_ value: Double) -> String {
    Dimension.duration.text((value * 1e4).rounded() / 1e4)
  }
}

extension DecoderDescription {
  /// What it is fed with, and from which state.
  func words(labels: [String]) -> String {
    var words = ["\(steps) steps", "fed with \(input.rawValue)"]
    if input != .context { words[1] += " (\(feedback.rawValue))" }
    words.append(state == .encoder ? "beginning with the encoder's h and c" : "beginning with zeros")
    if let stop { words.append("until '\(labels[stop])'") }
    return words.joined(separator: ", ")
  }
}

extension EventStageDescription.Feature {
  var name: String {
    let own =
      switch measure {
      case .scores: "scores"
      case .hidden: "hidden"
      case .interval: "interval"
      case .ratio(let count): "ratio:\(count)"
      case .regularity: "regularity"
      }
    return isNext ? "next:\(own)" : own
  }
}

extension EventStageDescription {
  /// What it is told, and when.
  var words: String {
    var words = ["told of each event: \(features.map(\.name).joined(separator: " "))"]
    if let hiddenOf { words.append("hidden is what \(hiddenOf) gives") }
    if waits { words.append("when the next one has come") }
    if let none { words.append("'\(head.labels[none])' drops the event") }
    return words.joined(separator: ", ")
  }
}
