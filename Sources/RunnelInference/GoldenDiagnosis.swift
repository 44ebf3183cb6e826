import RunnelCore

/// Why a model does not give its golden scores: the known mistakes of carrying weights between frameworks are undone one
/// at a time, then in pairs, and the first that makes golden and computed agree is named.
///
///     with gate order i o f g (ONNX) in layer 'lstm' it would match: export the weights in PyTorch's order, i f g o
///
/// Bounded: at most `trialLimit` trials, fewer for large networks, the usual mistakes first. It proves what would match, not
/// what somebody did; but a chance agreement in all golden numbers to 1e-5 does not happen.
public struct GoldenDiagnosis: Sendable, Equatable {
  public struct Finding: Sendable, Equatable {
    /// `gate order i o f g (ONNX)`
    public var mistake: String
    public var layers: [String]
    /// `export the weights in PyTorch's order, i f g o`
    public var remedy: String
  }

  /// What explains the difference: one mistake, or two; empty where nothing that is known does.
  public private(set) var findings: [Finding] = []
  public private(set) var trials = 0

  public static let trialLimit = 4000
  private static let workLimit = 1_000_000_000

  /// - Parameters:
  ///   - file: whose golden check fails.
  ///   - bytes: of that file.
  public init(_ file: ModelFile, bytes: [UInt8]) {
    let trial = GoldenTrial(file, bytes: bytes)
    let limit = max(300, min(Self.trialLimit, Self.workLimit / (12 * max(1, file.parameters))))
    let mistakes = Self.candidates(file.description)
    for mistake in mistakes where trials < limit {
      trials += 1
      if trial.matches([mistake]) {
        findings = [Finding(mistake, in: file.description)]
        return
      }
    }
    for (first, second) in Self.pairs(mistakes) where trials < limit {
      trials += 1
      if trial.matches([first, second]) {
        findings = [first, second].map { Finding($0, in: file.description) }
        return
      }
    }
  }

  /// One sentence with the remedy.
  public var sentence: String {
    guard !findings.isEmpty else {
      return
        "none of the known mistakes explains it (\(trials) were tried): compare layer by layer with the framework, runnel model run"
    }
    let made = findings.map { finding in
      guard !finding.layers.isEmpty else { return finding.mistake }
      let names = finding.layers.map { "'\($0)'" }
      return "\(finding.mistake) in layer\(names.count == 1 ? "" : "s") \(Phrase.list(names, "and"))"
    }
    var remedies: [String] = []
    for finding in findings where !remedies.contains(finding.remedy) { remedies.append(finding.remedy) }
    return "with \(made.joined(separator: ", and ")) it would match: \(remedies.joined(separator: "; "))"
  }

  // MARK: what can have been done wrong

  /// Each mistake in each layer, and in all layers in which it can be made; the usual ones first.
  private static func candidates(_ description: ModelDescription) -> [GoldenMistake] {
    var found: [GoldenMistake] = []
    let parts: [(GoldenMistake.Place.Part, [LayerDescription])] = [
      (.network, description.layers), (.decoder, description.decoder?.layers ?? []),
      (.events, description.eventStage?.layers ?? []),
    ]
    for (part, layers) in parts {
      for (index, layer) in layers.enumerated() {
        for var mistake in GoldenMistake.all(in: layer) {
          mistake.places = [GoldenMistake.Place(part: part, index: index)]
          found.append(mistake)
        }
      }
    }
    var everywhere: [GoldenMistake] = []
    for mistake in found where !everywhere.contains(where: { $0.words == mistake.words }) {
      let same = found.filter { $0.words == mistake.words }
      guard same.count > 1 else { continue }
      var all = mistake
      all.places = same.flatMap(\.places)
      // Each layer undoes its own: shapes differ, and so do the gates that are coupled.
      let repairs = Dictionary(same.map { ($0.places[0], $0) }) { first, _ in first }
      let layers = Dictionary(
        parts.flatMap { part, layers in
          layers.enumerated().map { (layers[$0.offset].name, GoldenMistake.Place(part: part, index: $0.offset)) }
        }
      ) { first, _ in first }
      all.repair = { layer, weights in
        guard let place = layers[layer.name] else { return }
        repairs[place]?.repair?(layer, &weights)
      }
      everywhere.append(all)
    }
    var logits = GoldenMistake(
      .head, "golden.output before the heads' activation",
      remedy: "the golden scores are those after softmax or sigmoid, as labels carry them")
    logits.givesLogits = true
    var backwards = GoldenMistake(
      .time, "the frames in the other order of time",
      remedy:
        "the first frame of golden.input is the oldest; a layer that runs backwards (Keras go_backwards) says \"direction\": \"backward\""
    )
    backwards.reversesTime = true
    let all = [logits, backwards] + everywhere + found
    return all.filter { !$0.isRare } + all.filter(\.isRare)
  }

  /// Pairs that can have been made together, the usual ones first.
  private static func pairs(_ mistakes: [GoldenMistake]) -> some Sequence<(GoldenMistake, GoldenMistake)> {
    mistakes.indices.lazy.flatMap { second in
      (0..<second).lazy.filter { mistakes[$0].goes(with: mistakes[second]) }.map { (mistakes[$0], mistakes[second]) }
    }
  }
}

extension GoldenDiagnosis.Finding {
  fileprivate init(_ mistake: GoldenMistake, in description: ModelDescription) {
    self.mistake = mistake.words
    remedy = mistake.remedy
    layers = mistake.places.map { place in
      switch place.part {
      case .network: description.layers[place.index].name
      case .decoder: description.decoder?.layers[place.index].name ?? ""
      case .events: description.eventStage?.layers[place.index].name ?? ""
      }
    }
  }
}
