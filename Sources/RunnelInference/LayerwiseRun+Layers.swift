import RunnelKernels

extension LayerwiseRun {
  // MARK: layers that look along time

  /// Lays the steps of each window behind their past and reads them there, one output of all windows after the other.
  func look(_ layer: SpanLayer, _ place: Int, _ x: Track, _ count: Int) {
    guard let span = facts[place].span else { preconditionFailure("what looks along time has a span") }
    let ring = network.layout.rings[network.layout.entryOfNode[place]]
    if facts[place].source != NetworkGraph.frame { check(count, x, width: ring.width) }
    let steps = x.count + (isWindowed ? span.right : 0)
    let length = span.roundedToRings(steps)
    for window in 0..<count { lay(x, window, around.base + window * length * ring.width, steps: steps, ring) }
    if !isLaidOut { findOutputs(of: place, x, steps: steps, ring) }
    let y = tracks[place]
    defer { if !isWindowed { keep(ring, steps: x.count) } }
    if case .conv(let conv) = layer, conv.takesFramesInOrder, y.count > 0 {
      let (from, stride) = (around.base + newest[place][0] * ring.width, ring.stride * ring.width)
      for window in 0..<count {
        conv.step(
          outputs: y.count, frames: from + window * length * ring.width, stride: stride,
          y.base + window * y.count * y.stride, yStride: y.stride)
      }
      return
    }
    for window in 0..<count {
      slots.base[window] = Int32(window * (length / ring.size))
      at.base[window] = Int32(ring.past)
    }
    for output in 0..<y.count {
      let newest = newest[place][output]
      layer.run(
        rows: count, width: ring.width, rings: around.base + newest * ring.width, ring: ring.size, slot: slots.base,
        at: at.base, y.base + output * y.stride, yStride: y.count * y.stride, kernels: network.kernels)
    }
  }

  /// The past, oldest first, then the steps, then padding on the right.
  private func lay(
    _ x: Track, _ window: Int, _ to: UnsafeMutablePointer<Float>, steps: Int, _ ring: StateLayout.Ring
  ) {
    let past = ring.past * ring.width
    for k in 0..<past { to[k] = before.values[ring.place + k] }
    let from = x.base + window * x.count * x.stride
    if x.stride == ring.width {
      (to + past).update(from: from, count: x.count * ring.width)
    } else {
      for step in 0..<x.count {
        (to + past + step * ring.width).update(from: from + step * x.stride, count: ring.width)
      }
    }
    (to + past + x.count * ring.width).update(repeating: ring.filler, count: (steps - x.count) * ring.width)
  }

  /// An output comes where it is time on the grid, and the layer has had what it skips.
  private func findOutputs(of place: Int, _ x: Track, steps: Int, _ ring: StateLayout.Ring) {
    newest[place].removeAll(keepingCapacity: true)
    tracks[place].indexes.removeAll(keepingCapacity: true)
    let counted = ring.countPlace.map { Int(before.counts[$0]) } ?? 0
    for step in 0..<steps {
      let index = step < x.count ? x.indexes[step] : (x.indexes.last ?? -1) + Int64(step - x.count + 1)
      let since = index - Int64(ring.skip)
      guard since >= 0, since % Int64(ring.stride) == 0, counted + step >= ring.skip else { continue }
      newest[place].append(step)
      tracks[place].indexes.append(since / Int64(ring.stride))
    }
  }

  private func keep(_ ring: StateLayout.Ring, steps: Int) {
    for k in 0..<ring.past * ring.width { after.values[ring.place + k] = around.base[steps * ring.width + k] }
    guard let place = ring.countPlace else { return }
    after.counts[place] = min(Int64(ring.skip), before.counts[place] + Int64(steps))
  }

  // MARK: recurrent layers

  /// Level after level; of a bidirectional one the forward half, then the backward half beside it.
  func step(_ cells: [[PackedCell]], _ place: Int, _ x: Track, _ count: Int) {
    guard let recurrent = facts[place].recurrent else { preconditionFailure("cells are of their layer") }
    if !isLaidOut { take(x.indexes, at: place) }
    var input = x
    for level in cells.indices {
      var output = tracks[place]
      if level < cells.count - 1 { output.base = levels[level % 2].base }
      for direction in cells[level].indices {
        let cell = cells[level][direction]
        var part = output
        if cells[level].count > 1 { (part.base, part.stride) = (half.base, cell.hStride) }
        let isBackward = direction == 1 || recurrent.direction == .backward
        step(cell, recurrent, (place, level, direction), input, part, count, isBackward: isBackward)
        check(count, part, width: recurrent.width)
        if cells[level].count > 1 {
          for row in 0..<count * x.count {
            (output.base + row * output.stride + direction * recurrent.width).update(
              from: part.base + row * part.stride, count: recurrent.width)
          }
        }
      }
      input = output
    }
  }

  private func step(
    _ cell: PackedCell, _ recurrent: RecurrentDescription, _ address: (node: Int, level: Int, direction: Int),
    _ x: Track, _ y: Track, _ count: Int, isBackward: Bool
  ) {
    let units = recurrent.hasCellState ? recurrent.hidden : 0
    begin(cell, recurrent, address, count, units)
    let from = count == 1 ? stepAlone(cell, x, y, isBackward) : stepTogether(cell, x, y, count, isBackward)
    // A unit of c that is not finite stays so.
    for window in 0..<count where !allFinite(c.base + Int(from.base[window]) * cell.cStride, units) {
      isSound.base[window] = false
    }
    let final = finals[address.node][address.level][address.direction]
    for window in 0..<count {
      let row = Int(from.base[window])
      (final.h.base + window * cell.hStride).update(from: h.base + row * cell.hStride, count: recurrent.width)
      (final.c.base + window * cell.cStride).update(from: c.base + row * cell.cStride, count: units)
    }
    if !isWindowed { keep(final.h.base, final.c.base, address) }
  }

  /// A step of all windows after the other.
  /// - Returns: the rows in which the states are at last.
  private func stepTogether(
    _ cell: PackedCell, _ x: Track, _ y: Track, _ count: Int, _ isBackward: Bool
  ) -> FixedBuffer<Int32> {
    var (from, to) = (firstRows, secondRows)
    for n in 0..<x.count {
      let t = isBackward ? x.count - 1 - n : n
      cell.step(
        rows: count, x.base + t * x.stride, xStride: x.count * x.stride, h: h.base, c: c.base, from: from.base,
        to: to.base, scratch: scratch.base, y.base + t * y.stride, yStride: y.count * y.stride)
      swap(&from, &to)
    }
    return from
  }

  /// Of one window, whose steps would read all weights for one row: what does not wait for h of a block of steps at once,
  /// then the rest of each.
  private func stepAlone(_ cell: PackedCell, _ x: Track, _ y: Track, _ isBackward: Bool) -> FixedBuffer<Int32> {
    var (from, to) = (firstRows, secondRows)
    for done in stride(from: 0, to: x.count, by: LayerwiseSizes.begun) {
      let steps = min(LayerwiseSizes.begun, x.count - done)
      let first = isBackward ? x.count - done - steps : done
      cell.begin(rows: steps, x.base + first * x.stride, xStride: x.stride, sums.base)
      for n in 0..<steps {
        let t = isBackward ? steps - 1 - n : n
        cell.finish(
          sums.base + t * cell.sumsPerRow, h: h.base, c: c.base, from: from.base, to: to.base, scratch: scratch.base,
          y.base + (first + t) * y.stride)
        swap(&from, &to)
      }
    }
    return from
  }

  private func begin(
    _ cell: PackedCell, _ recurrent: RecurrentDescription, _ address: (node: Int, level: Int, direction: Int),
    _ count: Int, _ units: Int
  ) {
    let initial = network.initialCells[address.node][address.level][address.direction]
    for window in 0..<count {
      for k in 0..<recurrent.width { h.base[window * cell.hStride + k] = initial.h[k] }
      for k in 0..<units { c.base[window * cell.cStride + k] = initial.c[k] }
    }
    guard !isWindowed else { return }
    let state = network.layout.cells[network.layout.entryOfNode[address.node] + address.level]
    for k in 0..<state.width { h.base[k] = before.values[state.place + k] }
    for k in 0..<state.cells { c.base[k] = before.values[state.place + state.width + k] }
  }

  private func keep(
    _ h: UnsafePointer<Float>, _ c: UnsafePointer<Float>, _ address: (node: Int, level: Int, direction: Int)
  ) {
    let state = network.layout.cells[network.layout.entryOfNode[address.node] + address.level]
    for k in 0..<state.width { after.values[state.place + k] = h[k] }
    for k in 0..<state.cells { after.values[state.place + state.width + k] = c[k] }
  }

  // MARK: layers that make one step of all

  /// Mean: the steps added from the first to the last, divided once. NaN is larger than all.
  func pool(_ operation: LayerDescription.PoolOperation, _ place: Int, _ x: Track, _ count: Int) {
    let width = facts[place].width
    if !isLaidOut { fill(&tracks[place].indexes, 1, from: 0) }
    for window in 0..<count {
      let steps = x.base + window * x.count * x.stride
      let y = tracks[place].base + window * tracks[place].stride
      y.update(from: steps, count: width)
      for step in 1..<max(1, x.count) {
        let next = steps + step * x.stride
        for k in 0..<width {
          switch operation {
          case .max: y[k] = next[k] > y[k] || next[k].isNaN ? next[k] : y[k]
          case .mean: y[k] += next[k]
          }
        }
      }
      guard operation == .mean else { continue }
      for k in 0..<width { y[k] /= Float(x.count) }
    }
  }

  /// The last output of the forward half, and the backward half's at step 0.
  func pick(_ place: Int, _ x: Track, _ count: Int) {
    let source = facts[facts[place].source]
    guard let recurrent = source.recurrent else { preconditionFailure("final reads a recurrent layer") }
    if !isLaidOut { fill(&tracks[place].indexes, 1, from: 0) }
    let forward = recurrent.direction == .backward ? 0 : recurrent.width
    for window in 0..<count {
      let y = tracks[place].base + window * tracks[place].stride
      let first = x.base + window * x.count * x.stride
      y.update(from: first + (x.count - 1) * x.stride, count: forward)
      (y + forward).update(from: first + forward, count: source.width - forward)
    }
  }
}
