import RunnelCore
import RunnelInference

/// The drawing for programs.
extension ModelDrawing {
  /// `{"name": …, "digest": …, "rate": 120.0, …, "inputs": […], "layers": […], "heads": […], "provenance": {…}}`
  public func json(into json: inout JSONWriter) {
    json.beginObject()
    for (key, text) in [
      ("name", model.name), ("digest", model.digest), ("regime", model.regime.rawValue),
      ("regime_words", model.regimeWords), ("pattern", model.pattern.rawValue), ("pattern_words", model.patternWords),
    ] {
      json.pair(key, text)
    }
    for (key, number) in [
      ("rate", model.rate), ("trained_rate", model.trainedRate), ("delay", model.delay), ("warmup", model.warmUp),
      ("max_state_age", model.maxStateAge), ("multiply_adds", file.multiplyAdds),
    ] {
      json.key(key)
      json.write(number)
    }
    for (key, count) in [
      ("hop", model.hop), ("parameters", file.parameters), ("state_bytes", stateBytes),
      ("size", file.size),
    ] {
      json.pair(key, count)
    }
    if let window = model.window {
      json.key("window")
      json.beginObject()
      json.pair("length", window.length)
      json.pair("target", window.target)
      json.key("side_by_side")
      json.write(model.windowsSideBySide != nil)
      json.endObject()
    }
    list("inputs", model.inputs, into: &json) { input, json in
      json.pair("name", input.name)
      if let unit = input.unit { json.pair("unit", unit) }
    }
    json.key("conditioning")
    json.beginArray()
    for line in conditioning { json.write(line) }
    json.endArray()
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
    if let by = model.goldenBy { json.pair("by", by) }
    json.endObject()
    json.key("provenance")
    json.write(model.provenance)
    json.endObject()
  }

  private func layers(_ graph: NetworkGraph, _ figures: NetworkFigures?, states: Int = 1, into json: inout JSONWriter) {
    guard let figures else { return }
    list("layers", Array(zip(graph.nodes, figures.layers)), into: &json) { each, json in
      let (node, figure) = each
      json.pair("name", node.layer.name)
      json.pair("kind", figure.kind)
      json.key("from")
      json.beginArray()
      for name in node.layer.from { json.write(name) }
      json.endArray()
      json.pair("input", node.layer.input)
      json.pair("output", node.layer.output)
      let words = node.layer.particulars(rate: 0)
      if !words.isEmpty { json.pair("words", words) }
      json.pair("parameters", figure.parameters)
      json.key("multiply_adds")
      json.write(figure.multiplyAdds)
      json.pair("state_bytes", states * figure.stateBytes)
    }
  }

  private static func write(_ head: ModelDescription.Head, into json: inout JSONWriter) {
    json.pair("name", head.name)
    json.pair("activation", head.activation.rawValue)
    json.key("labels")
    json.beginArray()
    for label in head.labels { json.write(label) }
    json.endArray()
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
