import RunnelCore
import RunnelInference

/// The drawing for programs.
extension ModelDrawing {
  /// `{"name": …, "digest": …, "rate": 120.0, …, "inputs": […], "layers": […], "heads": […], "provenance": {…}}`
  public func json(into json: inout JSONWriter) {
    json.beginObject()
    json.pair("name", model.name)
    json.pair("digest", model.digest)
    json.pair("regime", model.regime.rawValue)
    json.pair("regime_words", model.regimeWords)
    json.pair("pattern", model.pattern.rawValue)
    json.pair("pattern_words", model.patternWords)
    json.pair("rate", model.rate)
    json.pair("trained_rate", model.trainedRate)
    json.pair("delay", model.delay)
    json.pair("warmup", model.warmUp)
    json.pair("max_state_age", model.maxStateAge)
    json.pair("multiply_adds", file.multiplyAdds)
    json.pair("hop", model.hop)
    json.pair("parameters", file.parameters)
    json.pair("state_bytes", stateBytes)
    json.pair("size", file.size)
    if let window = model.window {
      json.key("window")
      json.beginObject()
      json.pair("length", window.length)
      json.pair("target", window.target)
      json.pair("side_by_side", model.windowsSideBySide != nil)
      json.endObject()
    }
    list("inputs", model.inputs, into: &json) { input, json in
      json.pair("name", input.name)
      json.pair("unit", input.unit)
    }
    json.list("conditioning", conditioning) { $1.write($0) }
    layers(model.graph, file.figures, states: model.statesOfLane, into: &json)
    list("heads", model.heads, into: &json) { Self.write($0, into: &$1) }
    if let decoder = model.decoder {
      json.key("decoder")
      json.beginObject()
      json.pair("steps", decoder.steps)
      json.pair("words", decoder.words(labels: model.heads[0].labels))
      layers(decoder.graph, file.decoderFigures, into: &json)
      json.endObject()
    }
    if let stage = model.eventStage {
      json.key("event_stage")
      json.beginObject()
      json.pair("words", stage.words)
      layers(stage.graph, file.eventFigures, into: &json)
      json.key("head")
      json.beginObject()
      Self.write(stage.head, into: &json)
      json.endObject()
      json.endObject()
    }
    json.pair("decide", decide)
    json.key("golden")
    json.beginObject()
    json.pair("steps", file.golden.steps)
    json.pair("by", model.goldenBy)
    json.endObject()
    json.pair("provenance", model.provenance)
    json.endObject()
  }

  private func layers(_ graph: NetworkGraph, _ figures: NetworkFigures?, states: Int = 1, into json: inout JSONWriter) {
    guard let figures else { return }
    list("layers", Array(zip(graph.nodes, figures.layers)), into: &json) { each, json in
      let (node, figure) = each
      json.pair("name", node.layer.name)
      json.pair("kind", figure.kind)
      json.list("from", node.layer.from) { $1.write($0) }
      json.pair("input", node.layer.input)
      json.pair("output", node.layer.output)
      let words = node.layer.particulars(rate: 0)
      if !words.isEmpty { json.pair("words", words) }
      json.pair("parameters", figure.parameters)
      json.pair("multiply_adds", figure.multiplyAdds)
      json.pair("state_bytes", states * figure.stateBytes)
    }
  }

  private static func write(_ head: ModelDescription.Head, into json: inout JSONWriter) {
    json.pair("name", head.name)
    json.pair("activation", head.activation.rawValue)
    json.list("labels", head.labels) { $1.write($0) }
  }

  private func list<Item>(
    _ key: String, _ items: [Item], into json: inout JSONWriter, _ body: (Item, inout JSONWriter) -> Void
  ) {
    json.key(key)
    json.beginArray()
    for item in items {
      json.beginObject()
      body(item, &json)
      json.endObject()
    }
    json.endArray()
  }
}
