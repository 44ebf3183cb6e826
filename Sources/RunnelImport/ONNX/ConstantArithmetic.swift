/// Elementwise operators on constants, with NumPy's broadcasting.
enum ConstantArithmetic {
  /// Nil where the operator is none of these.
  static func made(
    _ node: ONNXNode, _ x: ConstantArray, _ inputs: [ConstantArray?], _ budget: Int
  ) throws(ImportError) -> ConstantArray? {
    if let unary = unary[node.operation] { return ConstantArray(x.shape, .floats(x.floats.map(unary))) }
    if node.operation == "Neg" || node.operation == "Abs" || node.operation == "Not" { return signed(node, x) }
    if node.operation == "Where" { return try chosen(node, inputs, budget) }
    if node.operation == "ReduceL2" { return try lengths(node, x, inputs) }
    if reductions.contains(node.operation) { return try reduced(node, x) }
    guard inputs.count == 2, let y = inputs[1] else { return nil }
    let isKnown = integerBinary[node.operation] != nil || floatBinary[node.operation] != nil
    guard isKnown else { return nil }
    let shape = try shape(node, x.shape, y.shape)
    let (a, b) = (try broadcast(node, x, to: shape, budget), try broadcast(node, y, to: shape, budget))
    if case .integers(let a) = a.values, case .integers(let b) = b.values, let f = integerBinary[node.operation] {
      var values: [Int64] = []
      for (x, y) in zip(a, b) {
        guard let value = f(x, y) else { throw node.error("has no result for \(x) and \(y)") }
        values.append(value)
      }
      return ConstantArray(shape, .integers(values))
    }
    guard let f = floatBinary[node.operation] else { return nil }
    return ConstantArray(shape, .floats(zip(a.floats, b.floats).map(f)))
  }

  private static let unary: [String: @Sendable (Float) -> Float] = [
    "Sqrt": { $0.squareRoot() }, "Reciprocal": { 1 / $0 }, "Floor": { $0.rounded(.down) }, "Ceil": { $0.rounded(.up) },
  ]

  private static let integerBinary: [String: @Sendable (Int64, Int64) -> Int64?] = [
    "Add": { checked($0.addingReportingOverflow($1)) }, "Sub": { checked($0.subtractingReportingOverflow($1)) },
    "Mul": { checked($0.multipliedReportingOverflow(by: $1)) },
    "Div": { $1 == 0 ? nil : checked($0.dividedReportingOverflow(by: $1)) },
    "Mod": { a, b in
      guard b != 0, let rest = checked(a.remainderReportingOverflow(dividingBy: b)) else { return nil }
      return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest
    },
    "Min": { min($0, $1) }, "Max": { max($0, $1) }, "Equal": { $0 == $1 ? 1 : 0 }, "Less": { $0 < $1 ? 1 : 0 },
    "LessOrEqual": { $0 <= $1 ? 1 : 0 }, "Greater": { $0 > $1 ? 1 : 0 }, "GreaterOrEqual": { $0 >= $1 ? 1 : 0 },
    "And": { $0 != 0 && $1 != 0 ? 1 : 0 }, "Or": { $0 != 0 || $1 != 0 ? 1 : 0 },
  ]

  private static let floatBinary: [String: @Sendable (Float, Float) -> Float] = [
    "Add": { $0 + $1 }, "Sub": { $0 - $1 }, "Mul": { $0 * $1 }, "Div": { $0 / $1 }, "Min": { min($0, $1) },
    "Max": { max($0, $1) },
  ]

  private static func checked(_ result: (partialValue: Int64, overflow: Bool)) -> Int64? {
    result.overflow ? nil : result.partialValue
  }

  private static func signed(_ node: ONNXNode, _ x: ConstantArray) -> ConstantArray {
    switch x.values {
    case .integers(let values):
      let changed: [Int64] = values.map {
        switch node.operation {
        case "Neg": 0 &- $0
        case "Abs": $0 < 0 ? 0 &- $0 : $0
        default: $0 == 0 ? 1 : 0
        }
      }
      return ConstantArray(x.shape, .integers(changed))
    case .floats(let values):
      return ConstantArray(x.shape, .floats(values.map { node.operation == "Neg" ? -$0 : abs($0) }))
    }
  }

  private static let reductions: Set<String> = ["ReduceProd", "ReduceSum", "ReduceMax", "ReduceMin"]

  /// Of a list of integers to one, as shape arithmetic does.
  private static func reduced(_ node: ONNXNode, _ x: ConstantArray) throws(ImportError) -> ConstantArray? {
    guard x.rank <= 1, let values = x.integers, let first = values.first else { return nil }
    let result: Int? =
      switch node.operation {
      case "ReduceProd": Int.product(values, limit: .max)
      case "ReduceSum": values.reduce(0, &+)
      case "ReduceMax": values.reduce(first, max)
      default: values.reduce(first, min)
      }
    guard let result else { throw node.error("its product has no 64 bits") }
    let keeps = (node.integer("keepdims") ?? 1) == 1
    return ConstantArray(keeps ? x.shape.map { _ in 1 } : [], .integers([Int64(result)]))
  }

  /// √Σx² along axes: the length of a weight, as weight norm divides by it.
  private static func lengths(
    _ node: ONNXNode, _ x: ConstantArray, _ inputs: [ConstantArray?]
  ) throws(ImportError) -> ConstantArray? {
    let given = inputs.count > 1 ? inputs[1]?.integers : node.integers("axes")
    let axes = try node.axes(given ?? Array(x.shape.indices), rank: x.rank)
    let kept = x.shape.indices.map { axes.contains($0) ? 1 : x.shape[$0] }
    let strides = ConstantArray.strides(kept).enumerated().map { axes.contains($0.offset) ? 0 : $0.element }
    var sums = [Double](repeating: 0, count: kept.reduce(1, *))
    for (value, place) in zip(x.floats, ConstantArray.places(x.shape, strides)) {
      sums[place] += Double(value) * Double(value)
    }
    let keeps = (node.integer("keepdims") ?? 1) == 1
    let shape = keeps ? kept : x.shape.indices.filter { !axes.contains($0) }.map { x.shape[$0] }
    return ConstantArray(shape, .floats(sums.map { Float($0.squareRoot()) }))
  }

  private static func chosen(
    _ node: ONNXNode, _ inputs: [ConstantArray?], _ budget: Int
  ) throws(ImportError) -> ConstantArray? {
    guard inputs.count == 3, let which = inputs[0], let x = inputs[1], let y = inputs[2] else { return nil }
    let common = try shape(node, which.shape, try shape(node, x.shape, y.shape))
    let (w, a, b) = (
      try broadcast(node, which, to: common, budget), try broadcast(node, x, to: common, budget),
      try broadcast(node, y, to: common, budget)
    )
    let choices = w.floats.map { $0 != 0 }
    if case .integers(let a) = a.values, case .integers(let b) = b.values {
      return ConstantArray(common, .integers(choices.indices.map { choices[$0] ? a[$0] : b[$0] }))
    }
    let (p, q) = (a.floats, b.floats)
    return ConstantArray(common, .floats(choices.indices.map { choices[$0] ? p[$0] : q[$0] }))
  }

  // MARK: broadcasting

  static func shape(_ node: ONNXNode, _ a: [Int], _ b: [Int]) throws(ImportError) -> [Int] {
    let rank = max(a.count, b.count)
    let x = Array(repeating: 1, count: rank - a.count) + a
    let y = Array(repeating: 1, count: rank - b.count) + b
    var shape: [Int] = []
    for (p, q) in zip(x, y) {
      guard p == q || p == 1 || q == 1, p >= 0, q >= 0 else { throw node.error("shapes \(a) and \(b) do not fit") }
      shape.append(p == 1 ? q : p)
    }
    return shape
  }

  static func broadcast(
    _ node: ONNXNode, _ x: ConstantArray, to shape: [Int], _ budget: Int
  ) throws(ImportError) -> ConstantArray {
    guard x.shape != shape else { return x }
    guard Int.product(shape, limit: budget) != nil else {
      throw node.error("asks for an array of shape \(shape), more than \(budget) values")
    }
    let missing = shape.count - x.rank
    let strides = ConstantArray.strides(x.shape)
    let steps = shape.indices.map { $0 < missing || x.shape[$0 - missing] == 1 ? 0 : strides[$0 - missing] }
    return x.taking(ConstantArray.places(shape, steps), shape: shape)
  }
}
