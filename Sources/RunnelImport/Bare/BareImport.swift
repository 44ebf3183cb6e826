import RunnelCore
import RunnelInference

/// Bare weights and a spec that says what they are (docs/cells.md §2, §3).
public enum BareImport {
  /// - Parameters:
  ///   - bytes: of a safetensors file without a description.
  ///   - name: of the model, where the spec has none.
  public static func model(_ bytes: [UInt8], spec: ModelSpec, name: String) throws(ImportError) -> ImportedModel {
    try model(try BareTensors(bytes), spec: spec, name: name, provenance: "safetensors of weights and a spec")
  }

  static func model(
    _ given: BareTensors, spec: ModelSpec, name: String, provenance: String, carriedBecause: String? = nil
  ) throws(ImportError) -> ImportedModel {
    var file = given
    guard let layers = spec["layers"] else {
      throw ImportError(
        nil,
        "the file holds weights and no layers: 'runnel model template' writes a spec from their shapes, to be given with --spec"
      )
    }
    guard let items = layers.array, !items.isEmpty else {
      throw .spec("layers", "expected a list of layers, found \(layers.kind)")
    }
    guard items.count <= ModelDescription.layerLimit else {
      throw .spec("layers", "at most \(ModelDescription.layerLimit) layers")
    }
    let layout = try spec.layout
    var draft = NetworkDraft()
    var before = LayerDescription.frame
    var inputs: Int?
    for (place, item) in items.enumerated() {
      var layer = try BareLayer(item, path: "layers[\(place)]")
      if layout == .keras, layer["epsilon"] == nil, layer.kind == "batchnorm" || layer.kind == "layernorm" {
        layer.set("epsilon", .number(1e-3))
      }
      var tensors: [(key: String, tensor: ImportedModel.Tensor)]
      if layout == .keras {
        var keras = KerasTensors(layer: layer, file: file)
        tensors = try keras.take()
        file = keras.file
      } else {
        tensors = try layer.tensors(from: &file)
      }
      let made = try layer.draft(after: before, tensors)
      guard draft.add(made) == layer.name else {
        throw .spec(
          "\(layer.path).name",
          "'\(layer.name)' cannot name this layer: it is taken, or has more than letters, digits, '_', '-' and '.'")
      }
      if made.from.contains(LayerDescription.frame), inputs == nil, layer.kind != "concat" {
        inputs = try layer.size("input")
      }
      before = layer.name
    }
    try file.close(ignoring: try spec.ignored)
    let last = draft.layers[draft.layers.count - 1]
    guard let inputs else { throw .spec("layers", "no layer reads the frame") }
    var finding = NetworkFinding(
      layers: draft.json, tensors: draft.tensors, inputs: inputs,
      heads: [.init(name: "label", width: last.output, activation: nil)],
      hasMemory: draft.layers.contains { $0.hasMemory }, needsWindows: draft.layers.contains { $0.needsWindow })
    if draft.layers.contains(where: { $0.kind == "globalpool" || $0.kind == "final" }) { finding.steps = .whole }
    finding.asksPattern = finding.steps == .every && spec["decoder"] == nil
    finding.carriedBecause = carriedBecause
    finding.lateness = draft.lateness
    finding.ledger = file.ledger
    finding.provenance = [.init("imported_from", .string(provenance))]
    return try finding.described(spec, name: name)
  }
}
