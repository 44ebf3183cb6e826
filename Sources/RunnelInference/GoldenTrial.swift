import RunnelKernels

/// A model as it would be if some mistakes had not been made, held against its golden tensors.
struct GoldenTrial {
  private let file: ModelFile
  private let bytes: [UInt8]
  /// Frames of the golden run that are looked at first: most trials fail there.
  private static let firstOutputs = 8

  init(_ file: ModelFile, bytes: [UInt8]) {
    self.file = file
    self.bytes = bytes
  }

  /// Whether the golden tensors are met with these mistakes undone.
  func matches(_ mistakes: [GoldenMistake]) -> Bool {
    guard let variant = variant(mistakes), beginsWell(variant) else { return false }
    do throws(GoldenError) {
      _ = try variant.check()
      return true
    } catch { return false }
  }

  /// The model with the mistakes undone; nil where it is none.
  private func variant(_ mistakes: [GoldenMistake]) -> ModelFile? {
    var description = file.description
    var parts = [file.weights.layers, file.decoderWeights.layers, file.eventWeights.layers]
    var layers = [description.layers, description.decoder?.layers ?? [], description.eventStage?.layers ?? []]
    for mistake in mistakes {
      for place in mistake.places {
        let (part, index) = (place.part.rawValue, place.index)
        if let change = mistake.change {
          change(&layers[part][index])
          guard let weights = reread(layers[part][index]) else { return nil }
          parts[part][index] = weights
        }
      }
    }
    for mistake in mistakes {
      for place in mistake.places {
        mistake.repair?(layers[place.part.rawValue][place.index], &parts[place.part.rawValue][place.index])
      }
      if mistake.givesLogits { for head in description.heads.indices { description.heads[head].activation = .linear } }
    }
    let golden = mistakes.contains(where: \.reversesTime) ? file.golden.backwards(file.description) : file.golden
    do throws(ModelDescriptionError) {
      description.layers = layers[0]
      description.graph = try NetworkGraph(layers[0], inputs: description.graph.inputs)
      if let decoder = description.decoder {
        description.decoder?.layers = layers[1]
        description.decoder?.graph = try NetworkGraph(layers[1], inputs: decoder.graph.inputs)
      }
      if let stage = description.eventStage {
        description.eventStage?.layers = layers[2]
        description.eventStage?.graph = try NetworkGraph(layers[2], inputs: stage.graph.inputs)
      }
    } catch { return nil }
    return ModelFile(file, description: description, golden: golden, weights: parts)
  }

  /// The weights of a layer that is described in another way.
  private func reread(_ layer: LayerDescription) -> LayerWeights? {
    bytes.withUnsafeBytes { raw in
      do throws(ModelFileError) {
        var tensors = try TensorReader(raw)
        return try LayerWeights(layer, &tensors)
      } catch { return nil }
    }
  }

  private func beginsWell(_ variant: ModelFile) -> Bool {
    let golden = variant.golden
    guard variant.description.regime == .carried else {
      let count = golden.frames.count / golden.steps
      let found = variant.makeEvaluator(windows: 1).evaluate(Array(golden.frames[..<count]))
      return golden.accepts(found)
    }
    let network = variant.makeNetwork()
    let first = Int(network.time.first) + Self.firstOutputs * Int(network.time.stride)
    let frames = Array(golden.frames[..<(min(golden.steps, first) * network.inputs)])
    var state = network.initialState
    guard let found = network.whole(frames, state: &state) else { return false }
    return golden.accepts(found)
  }
}

extension Golden {
  /// The run, or each of its windows, from its newest frame to its oldest.
  fileprivate func backwards(_ description: ModelDescription) -> Golden {
    let (width, length) = (description.inputs.count, description.window?.length ?? steps)
    var golden = self
    for run in stride(from: 0, to: frames.count, by: width * length) {
      for frame in 0..<length {
        let (old, new) = (run + frame * width, run + (length - 1 - frame) * width)
        golden.frames.replaceSubrange(new..<new + width, with: frames[old..<old + width])
      }
    }
    return golden
  }

  /// Whether these are the first of the scores.
  fileprivate func accepts(_ found: [Float]) -> Bool {
    let allowed = tolerance * scores.reduce(1e-3) { max($0, abs(Double($1))) }
    return zip(found, scores).allSatisfy { abs(Double($0) - Double($1)) <= allowed }
  }
}

extension ModelFile {
  /// The same file with other numbers in its layers: network, decoder, event stage.
  fileprivate init(
    _ file: ModelFile, description: ModelDescription, golden: Golden, weights parts: [[LayerWeights]]
  ) {
    self.description = description
    self.golden = golden
    size = file.size
    parameters = file.parameters
    var lists = [file.weights, file.decoderWeights, file.eventWeights]
    for (place, layers) in parts.enumerated() { lists[place].layers = layers }
    (weights, decoderWeights, eventWeights) = (lists[0], lists[1], lists[2])
  }
}
