extension RandomAccessCollection where Index == Int {
  /// The place of the last element for which something holds, where it holds for all before it: found by halving.
  func lastPlace(where holds: (Element) -> Bool) -> Int? {
    var (low, high) = (startIndex, endIndex)
    while low < high {
      let middle = low + (high - low) / 2
      if holds(self[middle]) { low = middle + 1 } else { high = middle }
    }
    return low == startIndex ? nil : low - 1
  }
}
