import RunnelCore
import RunnelInference
import RunnelKernels

/// A layer as an importer builds it: in the words of the model description, with its tensors.
struct LayerDraft {
  var name: String
  var kind: String
  var from: [String]
  /// What stands in the description beside kind, name and from, in order.
  var members: [JSONValue.Member] = []
  /// By what follows the layer's name.
  var tensors: [(key: String, tensor: ImportedModel.Tensor)] = []
  /// Features that come out.
  var output: Int

  subscript(key: String) -> JSONValue? {
    get { members.first { $0.key == key }?.value }
    set {
      members.removeAll { $0.key == key }
      if let newValue { members.append(.init(key, newValue)) }
    }
  }

  mutating func set(_ key: String, _ value: Int) { self[key] = .integer(Int64(value)) }

  mutating func add(_ key: String, _ shape: [Int], _ values: [Float]) {
    tensors.append((key, ImportedModel.Tensor(shape: shape, values: values)))
  }

  func tensor(_ key: String) -> ImportedModel.Tensor? { tensors.first { $0.key == key }?.tensor }

  /// The layer as JSON; `from` is left out where it is the layer before.
  func json(after before: String) -> JSONValue {
    var all: [JSONValue.Member] = [.init("kind", .string(kind)), .init("name", .string(name))]
    if from.count > 1 {
      all.append(.init("from", .array(from.map { .string($0) })))
    } else if from[0] != before {
      all.append(.init("from", .string(from[0])))
    }
    return .object(all + members)
  }
}

extension Activation {
  /// A word where its numbers are the usual ones, else an object.
  var json: JSONValue {
    guard self != Activation(kind) else { return .string(kind.rawValue) }
    var members: [JSONValue.Member] = [.init("kind", .string(kind.rawValue))]
    if kind.defaults.alpha != nil { members.append(.init("alpha", .number(shortest: alpha))) }
    if kind.defaults.beta != nil { members.append(.init("beta", .number(shortest: beta))) }
    return .object(members)
  }
}

/// Layers in the order in which they run, each under a name of its own.
struct NetworkDraft {
  private(set) var layers: [LayerDraft] = []
  private var places: [String: Int] = [:]

  subscript(name: String) -> LayerDraft? {
    get { places[name].map { layers[$0] } }
    set {
      guard let place = places[name], let newValue else { return }
      layers[place] = newValue
    }
  }

  /// Adds a layer under its name, or under that name and a number where it is taken.
  mutating func add(_ layer: LayerDraft) -> String {
    var layer = layer
    layer.name = free(Self.clean(layer.name, otherwise: layer.kind))
    places[layer.name] = layers.count
    layers.append(layer)
    return layer.name
  }

  /// Layers that the output does not need are left out.
  mutating func keep(from output: String) {
    var needed: Set<String> = [output]
    for layer in layers.reversed() where needed.contains(layer.name) { needed.formUnion(layer.from) }
    layers.removeAll { !needed.contains($0.name) }
    // The output is the last of the list.
    if let place = layers.firstIndex(where: { $0.name == output }) { layers.append(layers.remove(at: place)) }
    places = [:]
    for (place, layer) in layers.enumerated() { places[layer.name] = place }
  }

  /// How many layers read it.
  func readers(of name: String) -> Int { layers.reduce(0) { $0 + $1.from.count { $0 == name } } }

  var json: JSONValue {
    var before = LayerDescription.frame
    var items: [JSONValue] = []
    for layer in layers {
      items.append(layer.json(after: before))
      before = layer.name
    }
    return .array(items)
  }

  var tensors: [String: ImportedModel.Tensor] {
    var all: [String: ImportedModel.Tensor] = [:]
    for layer in layers { for each in layer.tensors { all["\(layer.name).\(each.key)"] = each.tensor } }
    return all
  }

  private func free(_ name: String) -> String {
    guard places[name] != nil || name == LayerDescription.frame || name == "golden" || name.hasPrefix("golden.") else {
      return name
    }
    var number = 2
    while places["\(name)\(number)"] != nil { number += 1 }
    return "\(name)\(number)"
  }

  /// Letters, digits, '_', '-' and '.' of a name.
  private static func clean(_ name: String, otherwise: String) -> String {
    let allowed = name.utf8.filter { byte in
      (48...57).contains(byte) || (97...122).contains(byte | 32) || byte == UInt8(ascii: "_")
        || byte == UInt8(ascii: "-")
        || byte == UInt8(ascii: ".")
    }
    let text = String(decoding: allowed.prefix(64), as: UTF8.self)
    return text.isEmpty ? otherwise : text
  }
}

extension JSONValue {
  /// The number as short as it is as an f32: 0.2 and not 0.20000000298023224.
  static func number(shortest value: Float) -> JSONValue { .number(Double(value.description) ?? Double(value)) }
}
