/// The median of the last `limit` values, kept sorted as they come and go; nothing is allocated after the start.
struct RunningMedian: Sendable, Equatable {
  let limit: Int
  /// In the order in which they came, the next over the oldest.
  private var values: [Double] = []
  private var sorted: [Double] = []
  private var next = 0

  init(limit: Int) {
    self.limit = limit
    values.reserveCapacity(limit)
    sorted.reserveCapacity(limit + 1)
  }

  /// The value in the middle, the mean of the two where there are two; nil of none.
  var median: Double? {
    guard !sorted.isEmpty else { return nil }
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  }

  mutating func push(_ value: Double) {
    if values.count < limit {
      values.append(value)
    } else {
      sorted.remove(at: place(of: values[next]))
      values[next] = value
      next = next + 1 == limit ? 0 : next + 1
    }
    sorted.insert(value, at: place(of: value))
  }

  mutating func reset() {
    values.removeAll(keepingCapacity: true)
    sorted.removeAll(keepingCapacity: true)
    next = 0
  }

  /// The first place whose value is not below it.
  private func place(of value: Double) -> Int {
    var (low, high) = (0, sorted.count)
    while low < high {
      let middle = (low + high) / 2
      if sorted[middle] < value { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
