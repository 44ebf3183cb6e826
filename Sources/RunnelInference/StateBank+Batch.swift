import RunnelKernels

/// A batch under way: which rows each layer steps, and at its end which slots turn over to their new state.
extension StateBank {
  /// What a row of a batch came to.
  public enum Outcome: UInt8, Sendable, Equatable, BitwiseCopyable {
    /// The frame went in, and this one brings no output: a layer with a stride, or one that waits for more.
    case none
    case scores
    /// Something was not finite; the slot keeps its old state.
    case failed
  }

  /// What the rows of the last batch came to, until the next.
  public var outcomes: UnsafeBufferPointer<Outcome> {
    UnsafeBufferPointer(start: batch.outcomes.base, count: batch.count)
  }

  /// What row `row` of the last batch came to.
  public func outcome(row: Int) -> Outcome {
    precondition(row >= 0 && row < batch.count, "a row of the last batch")
    return batch.outcomes.base[row]
  }

  /// Whether row `row` of the last batch gave something that is not finite; its slot has kept its old state.
  public func failed(row: Int) -> Bool { outcome(row: row) == .failed }

  /// The output of a layer in the last batch, until the next; nil where it had none or the row failed.
  public func features(of tap: Network.Tap, row: Int) -> UnsafeBufferPointer<Float>? {
    guard outcome(row: row) != .failed, let place = plan.tap else { return nil }
    let position = batch.positions.base[place.list * batch.capacity + row]
    guard position >= 0, place.buffer != StepPlan.Place.frames else { return nil }
    return UnsafeBufferPointer(
      start: batch.buffers[place.buffer].base + place.offset + Int(position) * place.stride, count: tap.width)
  }

  // MARK: before the step

  /// Finds out which rows have an output of which layers, where their old states are and where the new ones go.
  mutating func gather(_ slots: UnsafeBufferPointer<Slot>, _ steps: UnsafePointer<Int64>) {
    precondition(slots.count <= batch.capacity, "a batch has at most the rows that its bank was made for")
    batch.number += 1
    batch.count = slots.count
    for list in 0..<layout.lists.count { batch.counts.base[list] = 0 }
    for row in 0..<slots.count {
      let index = checked(slots[row])
      precondition(seen.base[index] != batch.number, "a slot is in a batch once")
      precondition(steps[row] >= 0, "the grid begins at 0")
      seen.base[index] = batch.number
      batch.isSound.base[row] = true
      batch.append(Int32(row), slot: Int32(index), index: steps[row], to: 0)
    }
    for list in 1..<max(1, layout.lists.count) {
      (batch.positions.base + list * batch.capacity).update(repeating: -1, count: slots.count)
      switch layout.lists[list].rule {
      case .every: break
      case .ring(let ring): gather(ring: ring, to: list)
      case .join(let join): gather(join: join, to: list)
      }
    }
    for ring in 0..<layout.rings.count { placeFrames(ring) }
    for list in 0..<layout.lists.count where layout.lists[list].hasCells { placeStates(list) }
  }

  /// Rows that bring this layer a frame, and for which it is time.
  private func gather(ring number: Int, to list: Int) {
    let source = layout.rings[number].list
    let (skip, stride) = (layout.rings[number].skip, Int64(layout.rings[number].stride))
    for place in source * batch.capacity..<source * batch.capacity + batch.counts.base[source] {
      let slot = batch.slots.base[place]
      let index = batch.indexes.base[place] - Int64(skip)
      guard index >= 0, index % stride == 0,
        Int(counted.base[Int(slot) * layout.rings.count + number]) >= skip
      else { continue }
      batch.append(batch.rows.base[place], slot: slot, index: index / stride, to: list)
    }
  }

  /// Rows that have an output of every branch with the same index, come now or waiting.
  private func gather(join number: Int, to list: Int) {
    let latest = layout.joins[number].latest
    for place in latest * batch.capacity..<latest * batch.capacity + batch.counts.base[latest] {
      let (row, slot, index) = (batch.rows.base[place], batch.slots.base[place], batch.indexes.base[place])
      var isWhole = true
      for part in 0..<layout.joins[number].parts.count where isWhole {
        switch layout.joins[number].parts[part] {
        case .now(let other):
          let position = Int(batch.positions.base[other * batch.capacity + Int(row)])
          isWhole = position >= 0 && batch.indexes.base[other * batch.capacity + position] == index
        case .waited(let wait): isWhole = waited(wait, slot: Int(slot), index: index) != nil
        }
      }
      if isWhole { batch.append(row, slot: slot, index: index, to: list) }
    }
  }

  /// Output `index` of a branch that waits, or nil where it never came.
  func waited(_ wait: Int, slot: Int, index: Int64) -> UnsafePointer<Float>? {
    let size = layout.waits[wait].size
    let place = slot * size + Int(index % Int64(size))
    guard index >= 0, waitingIndexes[wait].base[place] == index else { return nil }
    return UnsafePointer(waiting[wait].base + place * layout.waits[wait].width)
  }

  private func placeFrames(_ ring: Int) {
    let (list, output) = (layout.rings[ring].list, layout.rings[ring].outputList)
    let rings = layout.rings.count
    for place in 0..<batch.counts.base[list] {
      let slot = Int(batch.slots.base[list * batch.capacity + place])
      batch.at.base[ring * batch.capacity + place] = coming.base[slot * rings + ring]
    }
    for place in 0..<batch.counts.base[output] {
      let slot = Int(batch.slots.base[output * batch.capacity + place])
      batch.outputAt.base[ring * batch.capacity + place] = coming.base[slot * rings + ring]
    }
  }

  private func placeStates(_ list: Int) {
    for place in list * batch.capacity..<list * batch.capacity + batch.counts.base[list] {
      let slot = batch.slots.base[place]
      let current = turn.base[Int(slot) * layout.lists.count + list]
      batch.from.base[place] = 2 * slot + current
      batch.to.base[place] = 2 * slot + 1 - current
    }
  }

  // MARK: after the step

  /// Every slot whose row is sound turns over to its new state; the others keep the old one, of every layer.
  /// - Returns: rows that failed.
  func settle(frames: UnsafePointer<Float>, inputs: Int, kernels: KernelSet) -> Int {
    for wait in 0..<layout.waits.count {
      let place = plan.waits[wait]
      guard place.buffer != StepPlan.Place.frames else { continue }
      batch.check(
        list: place.list, width: layout.waits[wait].width, batch.buffers[place.buffer].base + place.offset,
        stride: place.stride, kernels: kernels)
    }
    for list in 0..<layout.lists.count { turnOver(list) }
    for ring in 0..<layout.rings.count { moveOn(ring) }
    for wait in 0..<layout.waits.count { push(wait, frames: frames, inputs: inputs) }
    var failed = 0
    let output = plan.output.list
    for row in 0..<batch.count {
      let isSound = batch.isSound.base[row]
      let hasScores = batch.positions.base[output * batch.capacity + row] >= 0
      batch.outcomes.base[row] = isSound ? hasScores ? .scores : .none : .failed
      failed += isSound ? 0 : 1
    }
    return failed
  }

  private func isSound(_ place: Int) -> Bool { batch.isSound.base[Int(batch.rows.base[place])] }

  private func turnOver(_ list: Int) {
    guard layout.lists[list].hasCells else { return }
    for place in list * batch.capacity..<list * batch.capacity + batch.counts.base[list] where isSound(place) {
      let slot = Int(batch.slots.base[place]) * layout.lists.count + list
      turn.base[slot] = 1 - turn.base[slot]
    }
  }

  private func moveOn(_ number: Int) {
    let (list, size) = (layout.rings[number].list, layout.rings[number].size)
    for place in list * batch.capacity..<list * batch.capacity + batch.counts.base[list] where isSound(place) {
      let slot = Int(batch.slots.base[place]) * layout.rings.count + number
      let next = Int(coming.base[slot]) + 1
      coming.base[slot] = next == size ? 0 : Int32(next)
      if Int(counted.base[slot]) < layout.rings[number].skip { counted.base[slot] += 1 }
    }
  }

  /// What this step gave a branch that others will meet later.
  private func push(_ number: Int, frames: UnsafePointer<Float>, inputs: Int) {
    let (width, size) = (layout.waits[number].width, layout.waits[number].size)
    let from = plan.waits[number]
    let x =
      from.buffer == StepPlan.Place.frames
      ? frames + from.offset : UnsafePointer(batch.buffers[from.buffer].base) + from.offset
    for position in 0..<batch.counts.base[from.list] where isSound(from.list * batch.capacity + position) {
      let place = from.list * batch.capacity + position
      let index = batch.indexes.base[place]
      let to = Int(batch.slots.base[place]) * size + Int(index % Int64(size))
      waitingIndexes[number].base[to] = index
      (waiting[number].base + to * width).update(from: x + position * from.stride, count: width)
    }
  }
}
