import RunnelCore
import RunnelInference
import RunnelService

/// A model file of one cell: carried, or in windows. Its outputs are h itself, or four classes.
struct MadeModel {
  var shape: CellShape
  var weights: CellWeights
  /// Frames, and from the start of one to the next.
  var window: (length: Int, hop: Int)?
  /// Whether a linear layer and softmax over four classes come behind the cell.
  var hasHead = false
  var rate = 360.0
  /// Which of its decisions become labels.
  var emit = "every"

  init(
    _ shape: CellShape, weights: CellWeights? = nil, window: (length: Int, hop: Int)? = nil, hasHead: Bool = false
  ) {
    self.shape = shape
    self.weights = weights ?? CellWeights(shape, seed: 1)
    self.window = window
    self.hasHead = hasHead
  }

  var bytes: [UInt8] {
    get throws {
      var tensors: [ModelWriter.Tensor] = []
      let rows = shape.cell.gates * shape.hidden
      for (number, level) in weights.levels.enumerated() {
        tensors += [
          .init("cell.weight_ih_l\(number)", [rows, shape.features(of: number)], level.input),
          .init("cell.weight_hh_l\(number)", [rows, shape.hidden], level.hidden),
          .init("cell.bias_ih_l\(number)", [rows], level.inputBias),
          .init("cell.bias_hh_l\(number)", [rows], level.hiddenBias),
        ]
      }
      if hasHead {
        let values = (0..<4 * shape.hidden).map { Float($0 % 7) / 7 - 0.5 }
        tensors += [.init("head.weight", [4, shape.hidden], values), .init("head.bias", [4], [0, 0, 0, 0])]
      }
      let draft = try ModelDraft(description: try JSONValue(parsing: description), tensors: tensors)
      return try draft.finished(frames: draft.noise(), scores: nil, by: "runnel")
    }
  }

  var file: ModelFile { get throws { try ModelFile(bytes: bytes) } }

  private var description: String {
    let inputs = (0..<shape.inputs).map { #"{"name": "x\#($0)"}"# }.joined(separator: ", ")
    let labels = (0..<(hasHead ? 4 : shape.hidden)).map { "\"h\($0)\"" }.joined(separator: ", ")
    let head = #", {"kind": "linear", "name": "head", "input": \#(shape.hidden), "output": 4}"#
    let regime =
      window.map {
        #""regime": "windowed", "pattern": "many-to-one", "window": {"length": \#($0.length)}, "hop": \#($0.hop)"#
      } ?? #""regime": "carried", "pattern": "many-to-many""#
    return """
      {"format": 1, "name": "\(shape.cell.rawValue)-\(shape.hidden)", \(regime), "rate": \(rate), "inputs": [\(inputs)],
       "layers": [{"kind": "\(shape.cell.rawValue)", "name": "cell", "input": \(shape.inputs), "hidden": \(shape.hidden),
                   "layers": \(shape.layers)}\(hasHead ? head : "")],
       "heads": [{"name": "h", "activation": "\(hasHead ? "softmax" : "linear")", "labels": [\(labels)]}], "decide": {"emit": "\(emit)"}}
      """
  }
}
