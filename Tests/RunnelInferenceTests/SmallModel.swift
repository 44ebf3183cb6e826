import RunnelCore
import RunnelInference

/// A model file written out by hand: keys of the description, tensors by shape, their numbers of a seed.
struct SmallModel {
  var inputs = 2
  var labels = ["a", "b", "c"]
  var keys = #""regime": "carried", "pattern": "many-to-many""#
  var layers: [String]
  var shapes: [(name: String, shape: [Int])]
  /// Shapes of the golden tensors.
  var golden: [(name: String, shape: [Int])] = []
  var seed: UInt64 = 1
  var decide = #"{"emit": "every"}"#

  var description: String {
    let names = (0..<inputs).map { #"{"name": "x\#($0)"}"# }.joined(separator: ", ")
    let words = labels.map { "\"\($0)\"" }.joined(separator: ", ")
    return """
      {"format": 1, "name": "small", \(keys), "rate": 100, "inputs": [\(names)],
       "layers": [\(layers.joined(separator: ",\n"))],
       "heads": [{"name": "label", "activation": "softmax", "labels": [\(words)]}],
       "decide": \(decide), "golden": {"tolerance": {"float32": 1e-5}},
       "digest": "sha256:\(String(repeating: "0", count: 64))"}
      """
  }

  /// The same name has the same numbers in every model of a seed.
  var bytes: [UInt8] {
    var pieces = Models.Pieces(description: description, tensors: [])
    for (name, shape) in shapes {
      var random = SeededGenerator(seed: name.utf8.reduce(seed) { $0 &* 31 &+ UInt64($1) })
      let values = (0..<shape.reduce(1, *)).map { _ in Float(random.uniform() * 2 - 1) }
      pieces.tensors.append((name, shape, values))
    }
    for (name, shape) in golden {
      pieces.tensors.append((name, shape, [Float](repeating: 0, count: shape.reduce(1, *))))
    }
    // A file has tensors, also where only its description is looked at.
    if pieces.tensors.isEmpty { pieces.tensors.append(("none", [1], [0])) }
    return pieces.bytes
  }

  var file: ModelFile { get throws { try ModelFile(bytes: bytes) } }

  static func gru(_ name: String, _ input: Int, _ hidden: Int) -> (String, [(name: String, shape: [Int])]) {
    (
      #"{"kind": "gru", "name": "\#(name)", "input": \#(input), "hidden": \#(hidden)}"#,
      [
        ("\(name).weight_ih_l0", [3 * hidden, input]), ("\(name).weight_hh_l0", [3 * hidden, hidden]),
        ("\(name).bias_ih_l0", [3 * hidden]), ("\(name).bias_hh_l0", [3 * hidden]),
      ]
    )
  }

  static func linear(_ name: String, _ input: Int, _ output: Int) -> (String, [(name: String, shape: [Int])]) {
    (
      #"{"kind": "linear", "name": "\#(name)", "input": \#(input), "output": \#(output)}"#,
      [("\(name).weight", [output, input]), ("\(name).bias", [output])]
    )
  }
}
