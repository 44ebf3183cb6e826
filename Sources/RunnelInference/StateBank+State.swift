/// A slot's state as a value, and back.
extension StateBank {
  public func snapshot(_ slot: Slot) -> NetworkState {
    var state = NetworkState(
      values: [Float](repeating: 0, count: layout.valueCount), counts: [Int64](repeating: -1, count: layout.countCount))
    copy(slot, into: &state)
    return state
  }

  /// Overwrites a state of this network.
  func copy(_ slot: Slot, into state: inout NetworkState) {
    let index = checked(slot)
    for number in layout.rings.indices { copyRing(number, of: index, into: &state) }
    for number in layout.cells.indices { copyCell(number, of: index, into: &state) }
    for number in layout.waits.indices { copyWait(number, of: index, into: &state) }
  }

  /// The inverse of `snapshot`. On an error the slot keeps its state.
  public mutating func restore(_ state: NetworkState, into slot: Slot) throws(StateError) {
    let index = checked(slot)
    try state.check(layout)
    put(state, into: index)
  }

  private func copyRing(_ number: Int, of index: Int, into state: inout NetworkState) {
    let ring = layout.rings[number]
    let frames = rings[number].base + index * ring.floats
    // The place of the coming frame holds the one that no tap needs; the oldest that is needed follows it.
    let next = Int(coming.base[index * layout.rings.count + number])
    for age in 0..<ring.past {
      let frame = frames + (next + 1 + age) % ring.size * ring.width
      for k in 0..<ring.width { state.values[ring.place + age * ring.width + k] = frame[k] }
    }
    if let place = ring.countPlace { state.counts[place] = Int64(counted.base[index * layout.rings.count + number]) }
  }

  private func copyCell(_ number: Int, of index: Int, into state: inout NetworkState) {
    let cell = layout.cells[number]
    let row = 2 * index + Int(turn.base[index * layout.lists.count + cell.list])
    for unit in 0..<cell.width { state.values[cell.place + unit] = h[number].base[row * cell.hStride + unit] }
    let place = cell.place + cell.width
    for unit in 0..<cell.cells { state.values[place + unit] = c[number].base[row * cell.cStride + unit] }
  }

  /// In the order of their indexes, wherever they lie.
  private func copyWait(_ number: Int, of index: Int, into state: inout NetworkState) {
    let wait = layout.waits[number]
    let indexes = waitingIndexes[number].base + index * wait.size
    let outputs = waiting[number].base + index * wait.size * wait.width
    for (place, from) in (0..<wait.size).sorted(by: { (indexes[$0], $0) < (indexes[$1], $1) }).enumerated() {
      state.counts[wait.countPlace + place] = indexes[from]
      guard indexes[from] >= 0 else { continue }
      for k in 0..<wait.width {
        state.values[wait.place + place * wait.width + k] = outputs[from * wait.width + k]
      }
    }
  }

  /// Writes a state that fits into slot `index`, its rings beginning at place 0, its cells in the first row.
  mutating func put(_ state: NetworkState, into index: Int) {
    state.values.withUnsafeBufferPointer { values in
      // By number: to iterate over an array allocates in debug builds.
      for number in layout.rings.indices {
        let ring = layout.rings[number]
        let frames = rings[number].base + index * ring.floats
        for k in 0..<ring.past * ring.width { frames[ring.width + k] = values[ring.place + k] }
        coming.base[index * layout.rings.count + number] = 0
        counted.base[index * layout.rings.count + number] = ring.countPlace.map { Int32(state.counts[$0]) } ?? 0
      }
      for number in layout.cells.indices {
        let cell = layout.cells[number]
        let row = 2 * index
        for unit in 0..<cell.width { h[number].base[row * cell.hStride + unit] = values[cell.place + unit] }
        let place = cell.place + cell.width
        for unit in 0..<cell.cells { c[number].base[row * cell.cStride + unit] = values[place + unit] }
      }
      for number in layout.waits.indices { put(state, layout.waits[number], number, into: index, values) }
    }
    (turn.base + index * layout.lists.count).update(repeating: 0, count: layout.lists.count)
  }

  private func put(
    _ state: NetworkState, _ wait: StateLayout.Wait, _ number: Int, into index: Int,
    _ values: UnsafeBufferPointer<Float>
  ) {
    let indexes = waitingIndexes[number].base + index * wait.size
    let outputs = waiting[number].base + index * wait.size * wait.width
    indexes.update(repeating: -1, count: wait.size)
    for place in 0..<wait.size {
      let output = state.counts[wait.countPlace + place]
      guard output >= 0 else { continue }
      let to = Int(output % Int64(wait.size))
      indexes[to] = output
      for k in 0..<wait.width { outputs[to * wait.width + k] = values[wait.place + place * wait.width + k] }
    }
  }

  /// Gives a cell's state another beginning than the network's own: a decoder's, from its encoder. h (width), c (cells)
  mutating func begin(_ slot: Slot, cell number: Int, h values: UnsafePointer<Float>, c units: UnsafePointer<Float>) {
    let cell = layout.cells[number]
    let row = 2 * checked(slot) + Int(turn.base[Int(slot.index) * layout.lists.count + cell.list])
    (h[number].base + row * cell.hStride).update(from: values, count: cell.width)
    (c[number].base + row * cell.cStride).update(from: units, count: cell.cells)
  }
}
