import RunnelCore

/// What attributes must hold: one of another kind would be passed over, and with it what the file says.
extension ONNXNode {
  private enum Kind: String {
    case integers = "a whole number"
    case floats = "a number"
    case strings = "a text"
  }

  private static let kinds: [String: Kind] = [
    "activation_alpha": .floats, "activation_beta": .floats, "activations": .strings, "allowzero": .integers,
    "alpha": .floats, "auto_pad": .strings, "axes": .integers, "axis": .integers, "beta": .floats,
    "ceil_mode": .integers, "clip": .floats, "count_include_pad": .integers, "dilations": .integers,
    "direction": .strings, "epsilon": .floats, "group": .integers, "hidden_size": .integers,
    "input_forget": .integers, "keepdims": .integers, "kernel_shape": .integers, "layout": .integers,
    "linear_before_reset": .integers, "pads": .integers, "perm": .integers, "strides": .integers, "to": .integers,
    "transA": .integers, "transB": .integers,
  ]

  func checkAttributes() throws(ImportError) {
    for (name, attribute) in attributes.sorted(by: { $0.key < $1.key }) {
      guard let kind = Self.kinds[name] else { continue }
      let counts: [Kind: Int] = [
        .integers: attribute.integers.count, .floats: attribute.floats.count, .strings: attribute.strings.count,
      ]
      guard counts[kind] != 0 || (counts.values.allSatisfy { $0 == 0 } && attribute.tensor == nil) else {
        throw error("attribute \(name) is not \(kind.rawValue)")
      }
      guard !attribute.floats.contains(where: \.isNaN) else { throw error("attribute \(name) is NaN") }
    }
  }
}
