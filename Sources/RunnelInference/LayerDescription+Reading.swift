import RunnelCore
import RunnelKernels

extension LayerDescription {
  private static let sizes = 1...sizeLimit
  static let kinds = [
    "linear", "conv1d", "rnn", "gru", "lstm", "batchnorm", "layernorm", "maxpool", "avgpool", "embedding",
    "activation", "prelu", "softmax", "add", "multiply", "concat", "select", "globalpool", "final",
  ]

  /// Reads one element of `layers`.
  ///
  /// - Parameter before: the name of the layer before it; it is read where `from` is absent.
  init(_ value: JSONValue, path: String, before: String) throws(ModelDescriptionError) {
    guard let kind = value["kind"]?.string, Self.kinds.contains(kind) else { throw Self.unknown(value, path: path) }
    func object(_ keys: String...) throws(ModelDescriptionError) -> StrictObject {
      try StrictObject(value, path: path, keys: ["kind", "name", "from", "input"] + keys)
    }
    let each: StrictObject
    var out: Int?
    switch kind {
    case "linear":
      each = try object("output", "activation", "bias")
      self.kind = .linear(
        activation: try each.activation("activation", otherwise: .none), bias: try each.flag("bias", otherwise: true))
      out = try each.integer("output", in: Self.sizes)
    case "conv1d":
      each = try object("output", "kernel", "stride", "dilation", "groups", "padding", "activation", "bias")
      let span = try TimeSpan(convolution: each)
      out = try each.integer("output", in: Self.sizes)
      self.kind = .conv1d(
        span, groups: try Self.groups(each), activation: try each.activation("activation", otherwise: .none),
        bias: try each.flag("bias", otherwise: true))
    case "rnn", "gru", "lstm":
      let keys = RecurrentDescription.keys + (RecurrentDescription.cellKeys[kind] ?? [])
      each = try StrictObject(value, path: path, keys: ["kind", "name", "from", "input"] + keys)
      let recurrent = try RecurrentDescription(each, kind: kind)
      self.kind = .recurrent(recurrent)
      out = recurrent.width * recurrent.suffixes.count
    case "batchnorm":
      each = try object("epsilon", "affine")
      self.kind = .batchNorm(
        epsilon: try each.number("epsilon", .positive, otherwise: 1e-5),
        affine: try each.flag("affine", otherwise: true))
    case "layernorm":
      each = try object("epsilon", "affine")
      self.kind = .layerNorm(
        epsilon: try each.number("epsilon", .positive, otherwise: 1e-5),
        affine: try each.flag("affine", otherwise: true))
    case "maxpool":
      each = try object("kernel", "stride", "dilation", "padding")
      self.kind = .pool(try TimeSpan(pool: each), .max)
    case "avgpool":
      each = try object("kernel", "stride", "padding")
      self.kind = .pool(try TimeSpan(pool: each), .mean)
    case "embedding":
      each = try object("classes", "output")
      self.kind = .embedding(classes: try each.integer("classes", in: Self.sizes))
      out = try each.integer("output", in: Self.sizes)
    case "activation":
      each = try object("activation")
      self.kind = .activation(try each.activation("activation"))
    case "prelu":
      each = try object()
      self.kind = .prelu
    case "softmax":
      each = try object()
      self.kind = .softmax
    case "add":
      each = try object()
      self.kind = .add
    case "multiply":
      each = try object()
      self.kind = .multiply
    case "concat":
      each = try StrictObject(value, path: path, keys: ["kind", "name", "from", "output"])
      self.kind = .concat
      out = try each.integer("output", in: Self.sizes)
    case "select":
      each = try object("first", "output")
      self.kind = .select(first: try each.integer("first", in: 0...Self.sizeLimit))
      out = try each.integer("output", in: Self.sizes)
    case "globalpool":
      each = try object("of")
      self.kind = .globalPool(try each.choice("of", PoolOperation.self))
    default:
      each = try object()
      self.kind = .final
    }
    name = try each.name("name")
    from = try each.names("from", otherwise: [before])
    // Of a concatenation the widths differ; the graph checks their sum.
    input = self.kind == .concat ? 0 : try each.integer("input", in: self.kind.isEmbedding ? 1...1 : Self.sizes)
    output = out ?? input
  }

  private static func groups(_ object: StrictObject) throws(ModelDescriptionError) -> Int {
    let groups = object.has("groups") ? try object.integer("groups", in: sizes) : 1
    let (input, output) = (try object.integer("input", in: sizes), try object.integer("output", in: sizes))
    guard input % groups == 0, output % groups == 0 else {
      throw ModelDescriptionError(
        object.at("groups"), "\(groups) groups do not divide \(input) inputs and \(output) outputs")
    }
    return groups
  }

  private static func unknown(_ value: JSONValue, path: String) -> ModelDescriptionError {
    guard value.members != nil else { return ModelDescriptionError(path, "expected an object, found \(value.kind)") }
    let layer = value["name"]?.string.map { "layer '\($0)': " } ?? ""
    let kind = value["kind"]?.string
    let found = kind.map { "'\($0)' is not supported" } ?? "a layer needs a kind"
    return ModelDescriptionError(
      "\(path).kind", "\(layer)\(found); supported: \(kinds.joined(separator: ", "))",
      suggestion: kind.flatMap { StrictObject.nearest($0, kinds) })
  }
}

extension LayerDescription.Kind {
  var isEmbedding: Bool { if case .embedding = self { true } else { false } }
}

extension TimeSpan {
  /// Of a convolution: causal where no padding is said.
  init(convolution object: StrictObject) throws(ModelDescriptionError) {
    try self.init(object, stride: 1) { $0.past }
  }

  /// Of a pool: beside each other and without padding where nothing is said.
  init(pool object: StrictObject) throws(ModelDescriptionError) {
    try self.init(object, stride: nil) { _ in 0 }
    guard left <= kernel * dilation / 2, right <= kernel * dilation / 2 else {
      throw ModelDescriptionError(object.at("padding"), "is more than half the kernel")
    }
  }

  private init(
    _ object: StrictObject, stride otherwise: Int?, left: (TimeSpan) -> Int
  ) throws(ModelDescriptionError) {
    let sizes = 1...LayerDescription.sizeLimit
    kernel = try object.integer("kernel", in: sizes)
    stride = object.has("stride") ? try object.integer("stride", in: sizes) : otherwise ?? kernel
    dilation = object.has("dilation") ? try object.integer("dilation", in: sizes) : 1
    (self.left, right) = (0, 0)
    guard past <= LayerDescription.pastLimit else {
      throw ModelDescriptionError(object.at("kernel"), "looks back more than \(LayerDescription.pastLimit) frames")
    }
    guard object.has("padding") else {
      self.left = left(self)
      return
    }
    let items = try object.items("padding")
    guard items.count == 2, let first = items[0].value.integer, let last = items[1].value.integer,
      (0...Int64(past)).contains(first), (0...Int64(past)).contains(last)
    else {
      throw ModelDescriptionError(
        object.at("padding"), "expected [left, right], each from 0 to (kernel − 1) · dilation, \(past)")
    }
    (self.left, right) = (Int(first), Int(last))
  }
}

extension RecurrentDescription {
  static let keys = ["hidden", "layers", "bias", "direction", "initial_state"]
  static let cellKeys = [
    "rnn": ["activation", "leak"],
    "gru": ["reset", "gate_activation", "activation", "gate_clip"],
    "lstm": [
      "projection", "peepholes", "coupled", "gate_activation", "cell_activation", "output_activation", "cell_clip",
      "gate_clip",
    ],
  ]

  private enum InitialState: String, CaseIterable {
    case zero
    case learned
  }

  init(_ object: StrictObject, kind: String) throws(ModelDescriptionError) {
    hidden = try object.integer("hidden", in: 1...LayerDescription.sizeLimit)
    depth = object.has("layers") ? try object.integer("layers", in: 1...LayerDescription.depthLimit) : 1
    bias = try object.flag("bias", otherwise: true)
    statesBias = object.has("bias")
    direction = object.has("direction") ? try object.choice("direction", Direction.self) : .forward
    learnsInitialState =
      object.has("initial_state") ? try object.choice("initial_state", InitialState.self) == .learned : false
    switch kind {
    case "rnn":
      let leak = try object.number("leak", .fraction, otherwise: 1)
      guard leak > 0 else { throw ModelDescriptionError(object.at("leak"), "0 would never take a sample in") }
      cell = .rnn(activation: try object.activation("activation", otherwise: .tanh), leak: Float(leak))
    case "gru":
      var gru = GRUDescription()
      if object.has("reset") { gru.reset = try object.choice("reset", GRUDescription.Reset.self) }
      gru.gateActivation = try object.activation("gate_activation", otherwise: .sigmoid)
      gru.activation = try object.activation("activation", otherwise: .tanh)
      gru.gateClip = try object.bound("gate_clip")
      cell = .gru(gru)
    default:
      var lstm = LSTMDescription()
      if object.has("projection") {
        // PyTorch's own rule: a projection is smaller than what it projects.
        lstm.projection = try object.integer("projection", in: 1...LayerDescription.sizeLimit)
      }
      lstm.peepholes = try object.flag("peepholes", otherwise: false)
      if object.has("coupled") { lstm.coupling = try object.choice("coupled", LSTMDescription.Coupling.self) }
      lstm.gateActivation = try object.activation("gate_activation", otherwise: .sigmoid)
      lstm.cellActivation = try object.activation("cell_activation", otherwise: .tanh)
      lstm.outputActivation = try object.activation("output_activation", otherwise: .tanh)
      lstm.cellClip = try object.bound("cell_clip")
      lstm.gateClip = try object.bound("gate_clip")
      cell = .lstm(lstm)
    }
  }
}

extension StrictObject {
  /// A word, or an object with the function's own numbers.
  func activation(_ key: String) throws(ModelDescriptionError) -> Activation {
    let value = try value(key)
    if value.string != nil { return Activation(try choice(key, Activation.Kind.self)) }
    let object = try StrictObject(value, path: at(key), keys: ["kind", "alpha", "beta"])
    let kind = try object.choice("kind", Activation.Kind.self)
    for (name, number) in [("alpha", kind.defaults.alpha), ("beta", kind.defaults.beta)]
    where object.has(name) && number == nil {
      throw ModelDescriptionError(object.at(name), "'\(kind.rawValue)' has no \(name)")
    }
    func finite(_ key: String) throws(ModelDescriptionError) -> Float? {
      guard object.has(key) else { return nil }
      let number = try object.number(key, .any)
      guard Float(number).isFinite else {
        throw ModelDescriptionError(object.at(key), "\(number) is no finite f32")
      }
      return Float(number)
    }
    let activation = Activation(kind, alpha: try finite("alpha"), beta: try finite("beta"))
    guard kind != .clip || activation.alpha <= activation.beta else {
      throw ModelDescriptionError(
        object.at("alpha"), "clip goes from alpha to beta, and \(activation.alpha) is above \(activation.beta)")
    }
    return activation
  }

  func activation(_ key: String, otherwise: Activation) throws(ModelDescriptionError) -> Activation {
    has(key) ? try activation(key) : otherwise
  }

  /// A bound above 0, nil where it is absent.
  func bound(_ key: String) throws(ModelDescriptionError) -> Float? {
    has(key) ? Float(try number(key, .positive)) : nil
  }

  func flag(_ key: String, otherwise: Bool) throws(ModelDescriptionError) -> Bool {
    guard has(key) else { return otherwise }
    guard case .bool(let flag) = try value(key) else {
      throw ModelDescriptionError(at(key), "expected true or false, found \(Self.shown(try value(key)))")
    }
    return flag
  }

  /// A name, or a list of them.
  func names(_ key: String, otherwise: [String]) throws(ModelDescriptionError) -> [String] {
    guard has(key) else { return otherwise }
    if try value(key).string != nil { return [try name(key)] }
    var names: [String] = []
    for (value, path) in try items(key) {
      guard let name = value.string, !name.isEmpty else { throw ModelDescriptionError(path, "expected a layer's name") }
      names.append(name)
    }
    return names
  }
}
