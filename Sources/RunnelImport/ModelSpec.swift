import RunnelCore
import RunnelInference

/// What a file of weights does not say and the person who imports must: rate, labels, regime, and for bare tensors the
/// layers. The keys are those of the model description (`runnel.model`) but for format, digest and golden, and a few
/// that only importing needs:
///
///     rate: 360
///     regime: windowed
///     window: {length: 250}
///     labels: [N, S, V]        # in place of heads; or {name: [labels], …} for several
///     activation: softmax      # of the heads, where the file does not end in one
///     layout: keras            # whose names and orders the tensors have; pytorch where nothing is said
///     ignore: [aux.weight]     # tensors that the network does not need
public struct ModelSpec: Sendable {
  public static let keys = [
    "name", "regime", "pattern", "window", "rate", "hop", "delay", "trained_rate", "warmup", "max_state_age", "inputs",
    "conditioning", "layers", "decoder", "event_stage", "heads", "decide", "provenance", "labels", "activation",
    "layout",
    "ignore",
  ]

  /// Where bare tensors get their names and orders from.
  public enum TensorLayout: String, Sendable, CaseIterable {
    case pytorch
    case keras
  }

  public private(set) var members: [JSONValue.Member]

  public init() { members = [] }

  /// - Throws: `ImportError` with the path of the key that is wrong.
  public init(_ json: JSONValue) throws(ImportError) {
    guard let members = json.members else { throw .spec("spec", "expected a mapping, found \(json.kind)") }
    for member in members where !Self.keys.contains(member.key) {
      throw .spec(member.key, "unknown key; known here: \(Self.keys.joined(separator: ", "))")
    }
    self.members = members
  }

  public subscript(key: String) -> JSONValue? {
    get { members.first { $0.key == key }?.value }
    set {
      members.removeAll { $0.key == key }
      if let newValue { members.append(.init(key, newValue)) }
    }
  }

  // MARK: what is read here

  func text(_ key: String) throws(ImportError) -> String? {
    guard let value = self[key] else { return nil }
    guard let text = value.string else { throw .spec(key, "expected a word, found \(value.kind)") }
    return text
  }

  var layout: TensorLayout {
    get throws(ImportError) {
      guard let word = try text("layout") else { return .pytorch }
      guard let layout = TensorLayout(rawValue: word) else {
        throw .spec("layout", "\(Quoted.name(word)) is not supported; supported: pytorch, keras")
      }
      return layout
    }
  }

  /// Tensors that the person gave up.
  var ignored: [String] {
    get throws(ImportError) {
      guard let value = self["ignore"] else { return [] }
      guard let items = value.array else { throw .spec("ignore", "expected a list of tensors, found \(value.kind)") }
      var names: [String] = []
      for (place, item) in items.enumerated() {
        guard let name = item.string else {
          throw .spec("ignore[\(place)]", "expected a tensor's name, found \(item.kind)")
        }
        names.append(name)
      }
      return names
    }
  }

  /// `window.length` or `window.target`.
  func window(_ key: String) throws(ImportError) -> Int? {
    guard let window = self["window"] else { return nil }
    guard let members = window.members else {
      throw .spec("window", "expected length and target, found \(window.kind)")
    }
    for member in members where member.key != "length" && member.key != "target" {
      throw .spec("window.\(member.key)", "unknown key; known here: length, target")
    }
    guard let value = window[key] else { return nil }
    guard let number = value.integer, number >= 0, number <= 1 << 20 else {
      throw .spec("window.\(key)", "expected a number of frames, found \(value.kind)")
    }
    return Int(number)
  }

  func list(_ key: String, of value: JSONValue) throws(ImportError) -> [String] {
    guard let items = value.array, !items.isEmpty else {
      throw .spec(key, "expected a list of names, found \(value.kind)")
    }
    var names: [String] = []
    for (place, item) in items.enumerated() {
      guard let name = item.string, !name.isEmpty else {
        throw .spec("\(key)[\(place)]", "expected a name, found \(item.kind); put it in quotes")
      }
      names.append(name)
    }
    return names
  }
}
