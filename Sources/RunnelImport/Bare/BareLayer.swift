import RunnelCore
import RunnelInference

/// One layer of a spec, and what it needs of the file's tensors.
///
/// Beside the words of a description it may say `tensors`: the prefix of its tensors, where that is not its name.
struct BareLayer {
  /// In the spec: `layers[1]`.
  let path: String
  let kind: String
  let name: String
  /// What stands before the names of its tensors; empty where they have none.
  let prefix: String
  private(set) var members: [JSONValue.Member]

  init(_ value: JSONValue, path: String) throws(ImportError) {
    self.path = path
    guard var members = value.members else { throw .spec(path, "expected a layer, found \(value.kind)") }
    guard let kind = value["kind"]?.string else { throw .spec("\(path).kind", "a layer needs a kind") }
    guard let name = value["name"]?.string, !name.isEmpty else {
      throw .spec("\(path).name", "a layer needs a name, that of its tensors")
    }
    (self.kind, self.name) = (kind, name)
    if let given = value["tensors"] {
      guard let text = given.string else {
        throw .spec("\(path).tensors", "expected the prefix of its tensors, found \(given.kind)")
      }
      prefix = text
      members.removeAll { $0.key == "tensors" }
    } else {
      prefix = name
    }
    self.members = members
  }

  subscript(key: String) -> JSONValue? { members.first { $0.key == key }?.value }

  mutating func set(_ key: String, _ value: JSONValue) {
    members.removeAll { $0.key == key }
    members.append(.init(key, value))
  }

  func size(_ key: String, otherwise: Int? = nil) throws(ImportError) -> Int {
    guard let value = self[key] else {
      if let otherwise { return otherwise }
      throw .spec("\(path).\(key)", "is missing")
    }
    guard let number = value.integer, number > 0, number <= Int64(LayerDescription.sizeLimit) else {
      throw .spec("\(path).\(key)", "expected an integer from 1 to \(LayerDescription.sizeLimit), found \(value.kind)")
    }
    return Int(number)
  }

  func flag(_ key: String, otherwise: Bool) throws(ImportError) -> Bool {
    guard let value = self[key] else { return otherwise }
    guard let flag = value.bool else { throw .spec("\(path).\(key)", "expected true or false, found \(value.kind)") }
    return flag
  }

  var isRecurrent: Bool { ["rnn", "gru", "lstm"].contains(kind) }
  var isBidirectional: Bool { self["direction"]?.string == "bidirectional" }

  /// Suffixes of its levels and directions: l0, l0_reverse, l1, …
  func levels() throws(ImportError) -> [String] {
    let depth = try size("layers", otherwise: 1)
    guard depth <= LayerDescription.depthLimit else {
      throw .spec("\(path).layers", "at most \(LayerDescription.depthLimit)")
    }
    return (0..<depth).flatMap { isBidirectional ? ["l\($0)", "l\($0)_reverse"] : ["l\($0)"] }
  }

  /// Names of its tensors, in PyTorch's words.
  func keys() throws(ImportError) -> [String] {
    switch kind {
    case "linear", "conv1d": return try flag("bias", otherwise: true) ? ["weight", "bias"] : ["weight"]
    case "batchnorm":
      return ["running_mean", "running_var"] + (try flag("affine", otherwise: true) ? ["weight", "bias"] : [])
    case "layernorm": return try flag("affine", otherwise: true) ? ["weight", "bias"] : []
    case "embedding", "prelu": return ["weight"]
    case "rnn", "gru", "lstm":
      var words = ["weight_ih", "weight_hh"]
      if try flag("bias", otherwise: true) { words += ["bias_ih", "bias_hh"] }
      if self["projection"] != nil { words.append("weight_hr") }
      if try flag("peepholes", otherwise: false) { words.append("weight_peephole") }
      if self["initial_state"]?.string == "learned" {
        words += kind == "lstm" ? ["initial_h", "initial_c"] : ["initial_h"]
      }
      return try levels().flatMap { level in words.map { "\($0)_\(level)" } }
    default: return []
    }
  }

  /// Features that come out.
  func output() throws(ImportError) -> Int {
    switch kind {
    case "linear", "conv1d", "embedding", "concat", "select": return try size("output")
    case "rnn", "gru", "lstm":
      return try size("projection", otherwise: try size("hidden")) * (isBidirectional ? 2 : 1)
    default: return try size("input")
    }
  }

  /// Takes its tensors under PyTorch's names.
  func tensors(from file: inout BareTensors) throws(ImportError) -> [(key: String, tensor: ImportedModel.Tensor)] {
    var taken: [(key: String, tensor: ImportedModel.Tensor)] = []
    for key in try keys() {
      let names = [key] + (key.hasSuffix("_l0") ? [String(key.dropLast(3))] : [])
      let candidates = names.map { prefix.isEmpty ? $0 : "\(prefix).\($0)" }
      guard let found = candidates.first(where: { file.has($0) }), let tensor = file.take(found, as: "\(name).\(key)")
      else {
        throw missing(candidates[0], file)
      }
      taken.append((key, tensor))
    }
    return taken
  }

  func missing(_ tensor: String, _ file: BareTensors) -> ImportError {
    let isBias = tensor.contains("bias") || tensor.contains("beta")
    let near = file.names.filter { $0.hasSuffix(".\(tensor.split(separator: ".").last ?? "")") }.prefix(3)
    let others = near.isEmpty ? "" : "; the file has \(near.map { Quoted.name($0) }.joined(separator: ", "))"
    return .spec(
      path,
      "layer '\(name)': tensor \(Quoted.name(tensor)) is missing\(isBias ? " (say bias: false where it has none)" : "")\(others)"
    )
  }

  /// The layer for the description.
  func draft(after before: String, _ tensors: [(key: String, tensor: ImportedModel.Tensor)]) throws(ImportError)
    -> LayerDraft
  {
    var from = [before]
    if let one = self["from"]?.string { from = [one] }
    if let several = self["from"]?.array?.compactMap(\.string), !several.isEmpty { from = several }
    var draft = LayerDraft(name: name, kind: kind, from: from, output: try output())
    draft.members = members.filter { !["kind", "name", "from"].contains($0.key) }
    draft.tensors = tensors
    return draft
  }
}
