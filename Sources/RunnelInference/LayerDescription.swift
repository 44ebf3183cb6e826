import RunnelCore
import RunnelKernels

/// One layer of a model, as its description states it: the kind and its sizes.
public struct LayerDescription: Sendable, Hashable {
  public enum Kind: Sendable, Hashable {
    /// Causal: the taps are the newest frame and (kernel − 1) frames before it, `dilation` apart; zeros before the
    /// first.
    case conv1d(kernel: Int, dilation: Int, activation: Activation)
    /// `layers` cells on top of each other, each of `output` units.
    case lstm(layers: Int)
    case linear(activation: Activation)
  }

  /// Prefix of its tensors.
  public var name: String
  public var kind: Kind
  /// Features that go in.
  public var input: Int
  /// Features that come out; of an LSTM its hidden size.
  public var output: Int

  public static let sizeLimit = 8192
  public static let depthLimit = 16
  /// Frames that a convolution may look back.
  public static let pastLimit = 65536

  static let supported = "conv1d (causal), lstm, linear"

  init(_ value: JSONValue, path: String) throws(ModelDescriptionError) {
    let sizes = 1...Self.sizeLimit
    switch value["kind"]?.string {
    case "conv1d":
      let keys = ["kind", "name", "input", "output", "kernel", "dilation", "activation"]
      let object = try StrictObject(value, path: path, keys: keys)
      name = try object.name("name")
      input = try object.integer("input", in: sizes)
      output = try object.integer("output", in: sizes)
      let kernel = try object.integer("kernel", in: sizes)
      let dilation = object.has("dilation") ? try object.integer("dilation", in: sizes) : 1
      guard (kernel - 1) * dilation <= Self.pastLimit else {
        throw ModelDescriptionError(object.at("kernel"), "looks back more than \(Self.pastLimit) frames")
      }
      kind = .conv1d(kernel: kernel, dilation: dilation, activation: try Self.activation(object))
    case "lstm":
      let object = try StrictObject(value, path: path, keys: ["kind", "name", "input", "hidden", "layers"])
      name = try object.name("name")
      input = try object.integer("input", in: sizes)
      output = try object.integer("hidden", in: sizes)
      kind = .lstm(layers: object.has("layers") ? try object.integer("layers", in: 1...Self.depthLimit) : 1)
    case "linear":
      let object = try StrictObject(value, path: path, keys: ["kind", "name", "input", "output", "activation"])
      name = try object.name("name")
      input = try object.integer("input", in: sizes)
      output = try object.integer("output", in: sizes)
      kind = .linear(activation: try Self.activation(object))
    case let other:
      guard value.members != nil else { throw ModelDescriptionError(path, "expected an object, found \(value.kind)") }
      let layer = value["name"]?.string.map { "layer '\($0)': " } ?? ""
      let found = other.map { "'\($0)' is not supported" } ?? "a layer needs a kind"
      throw ModelDescriptionError(
        "\(path).kind", "\(layer)\(found); supported: \(Self.supported)",
        suggestion: other.flatMap { StrictObject.nearest($0, ["conv1d", "lstm", "linear"]) })
    }
  }

  private static func activation(_ object: StrictObject) throws(ModelDescriptionError) -> Activation {
    object.has("activation") ? try object.choice("activation", Activation.self) : .none
  }
}
