import RunnelCore
import RunnelInference

/// The nested lists of one layer's `weights`.
struct RTNeuralWeights {
  /// Of the layer.
  let path: String
  private let items: [JSONValue]

  init(_ value: JSONValue?, path: String) throws(ImportError) {
    self.path = path
    guard let value else {
      items = []
      return
    }
    guard let items = value.array else { throw ImportError("\(path).weights", "expected a list, found \(value.kind)") }
    self.items = items
  }

  var count: Int { items.count }

  /// No more lists than a layer of any type has.
  func end() throws(ImportError) {
    guard items.count <= 4 else { throw ImportError("\(path).weights", "\(items.count) lists, at most 4") }
  }

  /// A flat list, as long as one of `counts`.
  func list(_ place: Int, counts: [Int]) throws(ImportError) -> [Float] {
    let values = try flat(place)
    guard counts.contains(values.count) else {
      throw ImportError(
        "\(path).weights[\(place)]",
        "\(values.count) values, expected \(counts.map { String($0) }.joined(separator: " or "))")
    }
    return values
  }

  /// Nested lists that hold rows · columns values, row-major.
  func matrix(_ place: Int, _ rows: Int, _ columns: Int, otherwise: String? = nil) throws(ImportError)
    -> ImportedModel.Tensor
  {
    let values = try flat(place)
    guard let count = Int.product([rows, columns], limit: 1 << 28), values.count == count else {
      throw ImportError(
        "\(path).weights[\(place)]",
        "\(values.count) values, expected \(rows) × \(columns)\(otherwise.map { "; \($0)" } ?? "")")
    }
    return .init(shape: [rows, columns], values: values)
  }

  /// A number, or the last of a list of them.
  func number(_ value: JSONValue?, _ key: String, otherwise: Int?) throws(ImportError) -> Int {
    guard let value else {
      guard let otherwise else { throw ImportError("\(path).\(key)", "is missing") }
      return otherwise
    }
    guard let number = value.integer ?? value.array?.last?.integer,
      (1...Int64(LayerDescription.sizeLimit)).contains(number)
    else {
      throw ImportError("\(path).\(key)", "expected a number from 1 to \(LayerDescription.sizeLimit)")
    }
    return Int(number)
  }

  private func flat(_ place: Int) throws(ImportError) -> [Float] {
    guard items.indices.contains(place) else { throw ImportError("\(path).weights[\(place)]", "is missing") }
    return try Self.flat(items[place], "\(path).weights[\(place)]").values
  }

  /// The numbers of nested lists whose lists of one level are equally long, and their shape.
  static func flat(_ value: JSONValue, _ path: String) throws(ImportError) -> ImportedModel.Tensor {
    if let number = value.number {
      let float = Float(number)
      guard float.isFinite else { throw ImportError(path, "holds \(number), which is no f32") }
      return .init(shape: [], values: [float])
    }
    guard let items = value.array else { throw ImportError(path, "expected numbers, found \(value.kind)") }
    var inner: [Int]?
    var values: [Float] = []
    for item in items {
      let tensor = try flat(item, path)
      guard inner == nil || inner == tensor.shape else { throw ImportError(path, "its lists differ in length") }
      inner = tensor.shape
      values += tensor.values
    }
    return .init(shape: [items.count] + (inner ?? []), values: values)
  }
}

/// A PyTorch state_dict as JSON lists, as projects that model guitar amplifiers save it: `model_data` says the sizes.
enum StateDictImport {
  static func model(
    _ json: JSONValue, spec: ModelSpec, name: String, carriedBecause: String
  ) throws(ImportError) -> ImportedModel {
    guard let members = json["state_dict"]?.members else { throw ImportError("state_dict", "expected an object") }
    var tensors: [(name: String, tensor: ImportedModel.Tensor)] = []
    for member in members {
      tensors.append((member.key, try RTNeuralWeights.flat(member.value, "state_dict.\(member.key)")))
    }
    var spec = spec
    if spec["layers"] == nil {
      spec["layers"] = try layers(json["model_data"], hasBias: members.contains { $0.key == "lin.bias" })
    }
    return try BareImport.model(
      try BareTensors(tensors), spec: spec, name: name, provenance: "state_dict as JSON", carriedBecause: carriedBecause
    )
  }

  private static func layers(_ data: JSONValue?, hasBias: Bool) throws(ImportError) -> JSONValue {
    func size(_ key: String, otherwise: Int? = nil) throws(ImportError) -> Int {
      guard let number = data?[key]?.integer else {
        guard let otherwise else {
          throw ImportError("model_data.\(key)", "expected a number: the file does not say its layers; give a spec")
        }
        return otherwise
      }
      guard (0...Int64(LayerDescription.sizeLimit)).contains(number) else {
        throw ImportError("model_data.\(key)", "is \(number)")
      }
      return Int(number)
    }
    let type = data?["unit_type"]?.string ?? ""
    guard ["LSTM", "GRU", "RNN"].contains(type) else {
      throw ImportError("model_data.unit_type", "\(Quoted.name(type)) is none of LSTM, GRU, RNN")
    }
    let (input, hidden, output, skip) = (
      try size("input_size"), try size("hidden_size"), try size("output_size", otherwise: 1),
      try size("skip", otherwise: 0)
    )
    func layer(_ kind: String, _ name: String, _ more: (String, JSONValue)...) -> JSONValue {
      .object([.init("kind", .string(kind)), .init("name", .string(name))] + more.map { .init($0.0, $0.1) })
    }
    func integer(_ value: Int) -> JSONValue { .integer(Int64(value)) }
    var layers = [
      layer(
        type.lowercased(), "rec", ("input", integer(input)), ("hidden", integer(hidden)),
        ("layers", integer(try size("num_layers", otherwise: 1)))),
      layer("linear", "lin", ("input", integer(hidden)), ("output", integer(output)), ("bias", .bool(hasBias))),
    ]
    guard skip > 0 else { return .array(layers) }
    guard skip == output, skip <= input else {
      throw ImportError(
        "model_data.skip", "adds \(skip) inputs to \(output) outputs; only as many as there are outputs can be added")
    }
    var added = LayerDescription.frame
    if skip < input {
      layers.append(
        layer(
          "select", "dry", ("from", .string(added)), ("input", integer(input)), ("first", integer(0)),
          ("output", integer(skip))))
      added = "dry"
    }
    layers.append(layer("add", "sum", ("from", .array([.string("lin"), .string(added)])), ("input", integer(output))))
    return .array(layers)
  }
}
