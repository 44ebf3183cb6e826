import RunnelKernels

/// Where branches meet, by the index of their outputs.
extension LayerwiseRun {
  func join(_ place: Int, _ count: Int) {
    let node = network.graph.nodes[place]
    if !isLaidOut { findMeetings(of: place) }
    let y = tracks[place]
    for window in 0..<count {
      var step = 0
      while step < y.count {
        let rows = together(place, from: step, of: y.count)
        let to = y.base + (window * y.count + step) * y.stride
        var first = 0
        for part in node.sources.indices {
          let source = node.sources[part]
          let (x, stride) = pointer(place, part, step, window)
          let width = network.graph.width(of: source)
          meet(node.layer.kind, isFirst: part == 0, rows: rows, width: width, x, stride, to + first, y.stride)
          if case .concat = node.layer.kind { first += width }
        }
        step += rows
      }
    }
    if !isWindowed { keepWaiting(place) }
  }

  private func meet(
    _ kind: LayerDescription.Kind, isFirst: Bool, rows: Int, width: Int, _ x: UnsafePointer<Float>, _ xStride: Int,
    _ y: UnsafeMutablePointer<Float>, _ yStride: Int
  ) {
    switch kind {
    case .add where !isFirst:
      network.kernels.add(rows: rows, width: width, y, aStride: yStride, x, bStride: xStride, y, yStride: yStride)
    case .multiply where !isFirst:
      network.kernels.multiply(rows: rows, width: width, y, aStride: yStride, x, bStride: xStride, y, yStride: yStride)
    default: for row in 0..<rows { (y + row * yStride).update(from: x + row * xStride, count: width) }
    }
  }

  /// Which outputs all branches have, come now or waiting from before.
  private func findMeetings(of place: Int) {
    let sources = network.graph.nodes[place].sources
    for part in sources.indices { meetings[place][part].removeAll(keepingCapacity: true) }
    tracks[place].indexes.removeAll(keepingCapacity: true)
    guard let latest = sources.max(by: { network.graph.time(of: $0).first < network.graph.time(of: $1).first }) else {
      return
    }
    for index in track(latest).indexes {
      var isWhole = true
      for (part, source) in sources.enumerated() {
        let step = find(index, in: track(source).indexes) ?? waiting(place, part, index).map { -1 - $0 }
        isWhole = isWhole && step != nil
        meetings[place][part].append(step ?? 0)
      }
      if isWhole {
        tracks[place].indexes.append(index)
      } else {
        for part in sources.indices { meetings[place][part].removeLast() }
      }
    }
  }

  private func find(_ index: Int64, in indexes: [Int64]) -> Int? {
    var (low, high) = (0, indexes.count)
    while low < high {
      let middle = (low + high) / 2
      if indexes[middle] < index { low = middle + 1 } else { high = middle }
    }
    return low < indexes.count && indexes[low] == index ? low : nil
  }

  private func wait(_ place: Int, _ part: Int) -> StateLayout.Wait? {
    let join = network.layout.entryOfNode[place]
    guard join >= 0, case .waited(let wait) = network.layout.joins[join].parts[part] else { return nil }
    return network.layout.waits[wait]
  }

  /// Which of the outputs that wait has this index.
  private func waiting(_ place: Int, _ part: Int, _ index: Int64) -> Int? {
    guard !isWindowed, let wait = wait(place, part) else { return nil }
    return (0..<wait.size).first { before.counts[wait.countPlace + $0] == index }
  }

  /// Steps from `step` on that lie one after the other in every branch.
  private func together(_ place: Int, from step: Int, of count: Int) -> Int {
    var rows = 1
    while step + rows < count {
      for part in meetings[place].indices {
        let first = meetings[place][part][step]
        guard first >= 0, meetings[place][part][step + rows] == first + rows else { return rows }
      }
      rows += 1
    }
    return rows
  }

  private func pointer(_ place: Int, _ part: Int, _ step: Int, _ window: Int) -> (UnsafePointer<Float>, Int) {
    let source = track(network.graph.nodes[place].sources[part])
    let from = meetings[place][part][step]
    guard from < 0, let wait = wait(place, part) else {
      return (UnsafePointer(source.base) + (window * source.count + from) * source.stride, source.stride)
    }
    // A waiting output lies in a state, whose memory does not stay; nothing else is in `around` now.
    let place = wait.place + (-1 - from) * wait.width
    for k in 0..<wait.width { around.base[k] = before.values[place + k] }
    return (UnsafePointer(around.base), wait.width)
  }

  /// What of each early branch waits at the end, as the rings of a bank would hold it: output m at place m mod size.
  private func keepWaiting(_ place: Int) {
    for part in network.graph.nodes[place].sources.indices {
      guard let wait = wait(place, part) else { continue }
      var held = [(index: Int64, values: [Float])?](repeating: nil, count: wait.size)
      for k in 0..<wait.size where before.counts[wait.countPlace + k] >= 0 {
        let index = before.counts[wait.countPlace + k]
        let from = wait.place + k * wait.width
        held[Int(index % Int64(wait.size))] = (index, Array(before.values[from..<from + wait.width]))
      }
      let source = track(wait.source)
      for (step, index) in source.indexes.enumerated() {
        let row = UnsafeBufferPointer(start: source.base + step * source.stride, count: wait.width)
        held[Int(index % Int64(wait.size))] = (index, Array(row))
      }
      let zeros = [Float](repeating: 0, count: wait.width)
      let sorted = held.map { $0 ?? (-1, zeros) }.sorted { $0.index < $1.index }
      for (k, each) in sorted.enumerated() {
        after.counts[wait.countPlace + k] = each.index
        let to = wait.place + k * wait.width
        after.values.replaceSubrange(to..<to + wait.width, with: each.values)
      }
    }
  }
}
