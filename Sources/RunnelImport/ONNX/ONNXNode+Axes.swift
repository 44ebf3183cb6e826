/// What nodes say of axes and shapes, negative counts and the versions of the operators resolved: what was an
/// attribute became an input at opset 13 (Squeeze, Unsqueeze, Split), 10 (Slice) and 18 (ReduceMean), so both are read
/// wherever they stand (docs/cells.md §6).
extension ONNXNode {
  func axis(_ axis: Int, rank: Int) throws(ImportError) -> Int {
    guard axis >= -rank, axis < rank else { throw error("axis \(axis) of \(rank) dimensions") }
    return axis < 0 ? axis + rank : axis
  }

  func axes(_ axes: [Int], rank: Int) throws(ImportError) -> [Int] {
    var result: [Int] = []
    for each in axes {
      let axis = try axis(each, rank: rank)
      guard !result.contains(axis) else { throw error("names axis \(axis) twice") }
      result.append(axis)
    }
    return result
  }

  /// The order of a Transpose; reversed where none is said.
  func order(rank: Int) throws(ImportError) -> [Int] {
    let order = integers("perm") ?? Array((0..<rank).reversed())
    guard order.count == rank, order.sorted() == Array(0..<rank) else {
      throw error("perm \(order) of \(rank) dimensions")
    }
    return order
  }

  /// The shape that Squeeze, Unsqueeze, Reshape or Flatten give.
  ///
  /// - Parameter given: the second input, where it is there.
  func newShape(_ shape: [Int], axes given: [Int]?) throws(ImportError) -> [Int] {
    switch operation {
    case "Squeeze":
      let axes = try axes(given ?? integers("axes") ?? shape.indices.filter { shape[$0] == 1 }, rank: shape.count)
      guard axes.allSatisfy({ shape[$0] == 1 }) else { throw error("takes axes \(axes) of shape \(shape) away") }
      return shape.indices.filter { !axes.contains($0) }.map { shape[$0] }
    case "Unsqueeze":
      let added = given ?? integers("axes") ?? []
      guard shape.count + added.count <= ONNXTensor.dimensionLimit else { throw error("makes too many dimensions") }
      let axes = try axes(added, rank: shape.count + added.count)
      var rest = shape[...]
      return (0..<shape.count + added.count).map { axes.contains($0) ? 1 : rest.removeFirst() }
    case "Flatten":
      let at = integer("axis") ?? 1
      let axis = at == shape.count ? at : try axis(at, rank: shape.count)
      return [shape[..<axis].reduce(1, *), shape[axis...].reduce(1, *)]
    default: return try reshaped(shape, to: given ?? integers("shape"))
    }
  }

  private func reshaped(_ shape: [Int], to wanted: [Int]?) throws(ImportError) -> [Int] {
    guard let wanted else { throw error("its shape is not known before frames come") }
    guard wanted.count <= ONNXTensor.dimensionLimit, wanted.allSatisfy({ $0 >= -1 }),
      wanted.count(where: { $0 == -1 }) <= 1
    else { throw error("has no shape \(wanted)") }
    let keepsZero = integer("allowzero") == 1
    var result = wanted
    for (axis, size) in wanted.enumerated() where size == 0 && !keepsZero {
      guard shape.indices.contains(axis) else {
        throw error("shape \(wanted) copies a dimension that \(shape) has not")
      }
      result[axis] = shape[axis]
    }
    let all = shape.reduce(1, *)
    if let free = result.firstIndex(of: -1) {
      guard let rest = Int.product(result.filter { $0 != -1 }, limit: .max), rest > 0, all % rest == 0 else {
        throw error("shape \(shape) does not become \(wanted)")
      }
      result[free] = all / rest
    }
    guard Int.product(result, limit: .max) == all else { throw error("shape \(shape) does not become \(wanted)") }
    return result
  }

  /// One axis of a Slice: `count` elements from `start` on, `step` apart.
  struct AxisSlice {
    var axis: Int
    var start: Int
    var step: Int
    var count: Int
  }

  func slices(_ shape: [Int], _ inputs: [ConstantArray?]) throws(ImportError) -> [AxisSlice] {
    func list(_ place: Int, _ key: String) throws(ImportError) -> [Int]? {
      guard input(place) != nil else { return integers(key) }
      guard inputs.indices.contains(place), let values = inputs[place]?.integers else {
        throw error("its \(key) are not known before frames come")
      }
      return values
    }
    guard let starts = try list(1, "starts"), let ends = try list(2, "ends"), starts.count == ends.count else {
      throw error("needs starts and ends")
    }
    let axes = try axes(try list(3, "axes") ?? Array(starts.indices), rank: shape.count)
    let steps = try list(4, "steps") ?? starts.map { _ in 1 }
    guard axes.count == starts.count, steps.count == starts.count else {
      throw error("needs a start and an end per axis")
    }
    var slices: [AxisSlice] = []
    for (place, axis) in axes.enumerated() {
      let (size, step) = (shape[axis], steps[place])
      guard step != 0, step > -(1 << 40), step < 1 << 40 else { throw error("a step of \(step)") }
      func bound(_ value: Int) -> Int {
        let from = value < 0 ? value + size : value
        return step > 0 ? min(max(from, 0), size) : min(max(from, -1), size - 1)
      }
      // An end before the beginning, as INT64_MIN says it, stays -1 also where it counts from the end.
      let (start, end) = (bound(starts[place]), bound(ends[place]))
      let count = step > 0 ? max(0, (end - start + step - 1) / step) : max(0, (start - end - step - 1) / -step)
      slices.append(AxisSlice(axis: axis, start: max(0, start), step: step, count: count))
    }
    return slices
  }

  /// Sizes of the pieces of a Split: an input from opset 13 on, an attribute before, else `num_outputs` equal ones of
  /// which the last may be smaller.
  func splitSizes(of size: Int, given: [Int]?) throws(ImportError) -> [Int] {
    if let sizes = given ?? integers("split") {
      guard sizes.allSatisfy({ (0...size).contains($0) }), sizes.reduce(0, &+) == size,
        sizes.count == outputs.count
      else { throw error("pieces of \(sizes) out of \(size)") }
      return sizes
    }
    let count = outputs.count
    guard count > 0 else { throw error("splits into nothing") }
    let each = (size + count - 1) / count
    let sizes = (0..<count).map { min(each, max(0, size - $0 * each)) }
    guard sizes.allSatisfy({ $0 > 0 }) else { throw error("\(count) pieces out of \(size)") }
    return sizes
  }
}
