/// Computes nodes whose inputs are all known: the shape arithmetic that exporters write, and weights that they
/// transpose or slice on the way (docs/cells.md §6). What it does not know stays a node, and its reader complains.
struct ConstantFolding {
  /// Values that may still be made; a file of a few bytes can ask for any number. What a file really holds may be moved
  /// about a few times on top.
  private var budget = valueLimit
  private let file: [UInt8]

  private static let valueLimit = 1 << 24
  private static let moves = 4
  /// Operators that only move what their first input holds.
  private static let moving: Set<String> = [
    "Slice", "Gather", "Reshape", "Squeeze", "Unsqueeze", "Expand", "Transpose", "Split", "Flatten", "Cast",
  ]
  private let external: any ExternalData

  init(_ file: [UInt8], _ external: any ExternalData) {
    self.file = file
    self.external = external
  }

  /// What the node makes; nil where the operator is not one of those folded here.
  mutating func fold(_ node: ONNXNode, _ inputs: [ConstantArray?]) throws(ImportError) -> [ConstantArray]? {
    guard let made = try made(node, inputs) else { return nil }
    try charge(node, made.reduce(0) { $0 + $1.count })
    let sources = Self.moving.contains(node.operation) ? inputs.prefix(1) : inputs[...]
    let origins = sources.reduce(into: Set<Int>()) { $0.formUnion($1?.origins ?? []) }
    return made.map { ConstantArray($0.shape, $0.values, origins: origins) }
  }

  /// Tensors that were the places and sizes of what moves, and nothing else.
  static func settings(_ node: ONNXNode, _ inputs: [ConstantArray?]) -> Set<Int> {
    guard moving.contains(node.operation) else { return [] }
    return inputs.dropFirst().reduce(into: []) { $0.formUnion($1?.origins ?? []) }
  }

  /// Values that were read from the file.
  mutating func credit(_ count: Int) { budget += Self.moves * count }

  private mutating func charge(_ node: ONNXNode, _ count: Int) throws(ImportError) {
    guard count <= budget else { throw Self.tooMany(node) }
    budget -= count
  }

  private static func tooMany(_ node: ONNXNode) -> ImportError {
    node.error(
      "asks for more than \(valueLimit) constant values beyond those of the file; no network for streams needs so many")
  }

  private func made(_ node: ONNXNode, _ inputs: [ConstantArray?]) throws(ImportError) -> [ConstantArray]? {
    if node.operation == "Constant" { return [try constant(node)] }
    guard let first = inputs.first, let x = first else { return nil }
    switch node.operation {
    case "Identity", "Dropout", "CastLike": return [x]
    case "Cast": return [Self.cast(x, to: node.integer("to") ?? 1)]
    case "Shape":
      let range = try Self.shapeRange(node, rank: x.rank)
      return [ConstantArray(integers: Array(x.shape[range]))]
    case "Size": return [ConstantArray([], .integers([Int64(x.count)]))]
    case "Transpose":
      return [x.transposed(try node.order(rank: x.rank))]
    case "Squeeze", "Unsqueeze", "Reshape", "Flatten":
      let shape = try node.newShape(x.shape, axes: inputs.count > 1 ? inputs[1]?.integers : nil)
      guard shape.reduce(1, *) == x.count else { throw node.error("shape \(x.shape) does not become \(shape)") }
      return [x.reshaped(shape)]
    case "ConstantOfShape": return [try filled(node, x)]
    case "Expand": return [try Self.expanded(node, x, inputs, budget)]
    case "Gather": return [try Self.gathered(node, x, inputs, budget)]
    case "Slice": return [try Self.sliced(node, x, inputs)]
    case "Concat": return [try Self.joined(node, inputs, budget)]
    case "Split": return try Self.split(node, x, inputs)
    case "Range": return [try Self.range(node, inputs, budget)]
    default: return try ConstantArithmetic.made(node, x, inputs, budget).map { [$0] }
    }
  }

  // MARK: making and casting

  private func constant(_ node: ONNXNode) throws(ImportError) -> ConstantArray {
    if let tensor = node.attributes["value"]?.tensor { return try ConstantArray(tensor, file, external) }
    if let value = node.attributes["value_float"] { return ConstantArray([], .floats(value.floats)) }
    if let value = node.attributes["value_int"] { return ConstantArray([], .integers(value.integers)) }
    if let value = node.attributes["value_floats"] { return ConstantArray([value.floats.count], .floats(value.floats)) }
    if let value = node.attributes["value_ints"] {
      return ConstantArray([value.integers.count], .integers(value.integers))
    }
    throw node.error("a constant of text or a sparse one is not read")
  }

  static func cast(_ x: ConstantArray, to type: Int) -> ConstantArray {
    guard let element = ONNXElement(rawValue: type) else { return x }
    switch x.values {
    case .integers(let values):
      if element == .bool { return ConstantArray(x.shape, .integers(values.map { $0 == 0 ? 0 : 1 })) }
      return element.isFloat ? ConstantArray(x.shape, .floats(values.map { Float($0) })) : x
    case .floats(let values):
      if element.isFloat { return x }
      return ConstantArray(x.shape, .integers(values.map { Int64(exactly: $0.rounded(.towardZero)) ?? 0 }))
    }
  }

  private func filled(_ node: ONNXNode, _ x: ConstantArray) throws(ImportError) -> ConstantArray {
    guard let shape = x.integers, let count = Int.product(shape, limit: budget) else { throw Self.tooMany(node) }
    let value = try node.attributes["value"]?.tensor.map { (tensor) throws(ImportError) in
      try ConstantArray(tensor, file, external)
    }
    if let value, case .integers(let values) = value.values, let first = values.first {
      return ConstantArray(shape, .integers([Int64](repeating: first, count: count)))
    }
    return ConstantArray(shape, .floats([Float](repeating: value?.floats.first ?? 0, count: count)))
  }

  private static func range(
    _ node: ONNXNode, _ inputs: [ConstantArray?], _ budget: Int
  ) throws(ImportError) -> ConstantArray {
    guard inputs.count == 3, let start = inputs[0]?.integers?.first, let limit = inputs[1]?.integers?.first,
      let step = inputs[2]?.integers?.first, step != 0, start.magnitude < 1 << 40, limit.magnitude < 1 << 40,
      step.magnitude < 1 << 40, (limit - start) / step <= budget
    else { throw tooMany(node) }
    return ConstantArray(integers: Array(stride(from: start, to: limit, by: step)))
  }

  // MARK: choosing

  private static func expanded(
    _ node: ONNXNode, _ x: ConstantArray, _ inputs: [ConstantArray?], _ budget: Int
  ) throws(ImportError) -> ConstantArray {
    guard inputs.count > 1, let wanted = inputs[1]?.integers else { throw node.error("needs a shape") }
    return try ConstantArithmetic.broadcast(node, x, to: ConstantArithmetic.shape(node, x.shape, wanted), budget)
  }

  private static func gathered(
    _ node: ONNXNode, _ x: ConstantArray, _ inputs: [ConstantArray?], _ budget: Int
  ) throws(ImportError) -> ConstantArray {
    guard inputs.count > 1, let which = inputs[1], let indices = which.integers else {
      throw node.error("needs indices")
    }
    let axis = try node.axis(node.integer("axis") ?? 0, rank: x.rank)
    let size = x.shape[axis]
    let shape = x.shape[..<axis] + which.shape + x.shape[(axis + 1)...]
    guard Int.product(shape, limit: budget) != nil else { throw tooMany(node) }
    let inner = x.shape[(axis + 1)...].reduce(1, *)
    var places: [Int] = []
    for outer in 0..<x.shape[..<axis].reduce(1, *) {
      for index in indices {
        guard index >= -size, index < size else { throw node.error("index \(index) of \(size)") }
        let start = (outer * size + (index < 0 ? index + size : index)) * inner
        places.append(contentsOf: start..<start + inner)
      }
    }
    return x.taking(places, shape: Array(shape))
  }

  private static func sliced(
    _ node: ONNXNode, _ x: ConstantArray, _ inputs: [ConstantArray?]
  ) throws(ImportError) -> ConstantArray {
    var (shape, strides, start) = (x.shape, ConstantArray.strides(x.shape), 0)
    for slice in try node.slices(x.shape, inputs) {
      start += slice.start * strides[slice.axis]
      strides[slice.axis] *= slice.step
      shape[slice.axis] = slice.count
    }
    return x.taking(ConstantArray.places(shape, strides, from: start), shape: shape)
  }

  private static func joined(
    _ node: ONNXNode, _ inputs: [ConstantArray?], _ budget: Int
  ) throws(ImportError) -> ConstantArray {
    let parts = inputs.compactMap { $0 }
    guard parts.count == inputs.count, let first = parts.first, first.rank > 0 else {
      throw node.error("joins nothing")
    }
    let axis = try node.axis(node.integer("axis") ?? 0, rank: first.rank)
    var shape = first.shape
    shape[axis] = 0
    for part in parts {
      guard part.rank == first.rank, part.shape.indices.allSatisfy({ $0 == axis || part.shape[$0] == first.shape[$0] })
      else { throw node.error("joins shapes \(parts.map(\.shape)) along axis \(axis)") }
      shape[axis] += part.shape[axis]
    }
    guard Int.product(shape, limit: budget) != nil else { throw tooMany(node) }
    let areIntegers = parts.allSatisfy { $0.integers != nil }
    var (integers, floats): ([Int64], [Float]) = ([], [])
    for outer in 0..<shape[..<axis].reduce(1, *) {
      for part in parts {
        let width = part.shape[axis...].reduce(1, *)
        let range = outer * width..<(outer + 1) * width
        if areIntegers, case .integers(let values) = part.values {
          integers += values[range]
        } else {
          floats += part.floats[range]
        }
      }
    }
    return ConstantArray(shape, areIntegers ? .integers(integers) : .floats(floats))
  }

  private static func split(
    _ node: ONNXNode, _ x: ConstantArray, _ inputs: [ConstantArray?]
  ) throws(ImportError) -> [ConstantArray] {
    let axis = try node.axis(node.integer("axis") ?? 0, rank: x.rank)
    let sizes = try node.splitSizes(of: x.shape[axis], given: inputs.count > 1 ? inputs[1]?.integers : nil)
    var (result, start): ([ConstantArray], Int) = ([], 0)
    let strides = ConstantArray.strides(x.shape)
    for size in sizes {
      var shape = x.shape
      shape[axis] = size
      result.append(x.taking(ConstantArray.places(shape, strides, from: start * strides[axis]), shape: shape))
      start += size
    }
    return result
  }

  private static func shapeRange(_ node: ONNXNode, rank: Int) throws(ImportError) -> Range<Int> {
    func bound(_ value: Int) -> Int { min(max(value < 0 ? value + rank : value, 0), rank) }
    let start = bound(node.integer("start") ?? 0)
    return start..<max(start, bound(node.integer("end") ?? rank))
  }
}
