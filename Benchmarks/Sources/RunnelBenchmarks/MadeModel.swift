import RunnelCore
import RunnelInference
import RunnelService

/// A model file of one cell, whose outputs are h itself: carried, or in windows.
struct MadeModel {
  var shape: CellShape
  var weights: CellWeights
  /// Frames, and from the start of one to the next.
  var window: (length: Int, hop: Int)?
  var rate = 360.0

  init(_ shape: CellShape, weights: CellWeights? = nil, window: (length: Int, hop: Int)? = nil) {
    self.shape = shape
    self.weights = weights ?? CellWeights(shape, seed: 1)
    self.window = window
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
      let draft = try ModelDraft(description: try JSONValue(parsing: description), tensors: tensors)
      return try draft.finished(frames: draft.noise(), scores: nil, by: "runnel")
    }
  }

  var file: ModelFile { get throws { try ModelFile(bytes: bytes) } }

  private var description: String {
    let inputs = (0..<shape.inputs).map { #"{"name": "x\#($0)"}"# }.joined(separator: ", ")
    let labels = (0..<shape.hidden).map { "\"h\($0)\"" }.joined(separator: ", ")
    let regime =
      window.map {
        #""regime": "windowed", "pattern": "many-to-one", "window": {"length": \#($0.length)}, "hop": \#($0.hop)"#
      } ?? #""regime": "carried", "pattern": "many-to-many""#
    return """
      {"format": 1, "name": "\(shape.cell.rawValue)-\(shape.hidden)", \(regime), "rate": \(rate), "inputs": [\(inputs)],
       "layers": [{"kind": "\(shape.cell.rawValue)", "name": "cell", "input": \(shape.inputs), "hidden": \(shape.hidden),
                   "layers": \(shape.layers)}],
       "heads": [{"name": "h", "activation": "linear", "labels": [\(labels)]}], "decide": {"emit": "every"}}
      """
  }
}
