import RunnelKernels

/// One frame of each row at a time.
extension Network {
  /// One step of every row: frames (B, D) → scores (B, K), states in the bank moved on. Allocates nothing.
  ///
  /// A layer with a stride, or one that waits for more frames, has no output at most of them; such rows drop out of the
  /// layers behind it, and `bank.outcome(row:)` says `none`. A row whose frame, new state or scores are not finite
  /// fails: its slot keeps the old state of every layer. The scores of both are NaN. The other rows are not touched.
  /// - Parameter steps: of each row, the index of its frame on the grid of its session; it grows from call to call.
  /// - Returns: rows that failed.
  @discardableResult
  public func step(
    slots: UnsafeBufferPointer<Slot>, steps: UnsafePointer<Int64>, frames: UnsafePointer<Float>,
    scores: UnsafeMutablePointer<Float>, bank: inout StateBank
  ) -> Int {
    guard let lentPlan else { preconditionFailure("a network that needs whole windows does not step") }
    lentPlan._withUnsafeGuaranteedRef { plan in
      precondition(bank.plan === plan || bank.layout == layout, "the bank was made for this network")
      bank.gather(slots, steps)
      bank.batch.check(list: 0, width: inputs, frames, stride: inputs, kernels: kernels)
      for number in 0..<plan.operations.count { run(plan.operations[number], frames, &bank) }
      score(plan.output, frames, scores, bank)
    }
    let failed = bank.settle(frames: frames, inputs: inputs, kernels: kernels)
    for row in 0..<slots.count where bank.batch.outcomes.base[row] != .scores {
      (scores + row * outputs).update(repeating: .nan, count: outputs)
    }
    return failed
  }

  private func run(_ operation: StepPlan.Operation, _ frames: UnsafePointer<Float>, _ bank: inout StateBank) {
    let x = bank.pointer(to: operation.input, frames)
    let y = bank.batch.buffers[operation.output.buffer].base
    let rows = bank.batch.counts.base[operation.output.list]
    switch operation.work {
    case .cell(let cell): step(cell, operation, x, y, bank)
    case .linear(let linear):
      linear._withUnsafeGuaranteedRef {
        $0.step(rows: rows, x, xStride: operation.input.stride, y, yStride: operation.output.stride)
      }
    case .conv(let conv):
      look(operation, x, bank) { rows, rings, slot, at in
        conv._withUnsafeGuaranteedRef {
          $0.step(rows: rows, rings: rings, slot: slot, at: at, y, yStride: operation.output.stride)
        }
      }
    case .pool(let pool, let kernel, let dilation):
      let size = layout.rings[operation.entry].size
      look(operation, x, bank) { rows, rings, slot, at in
        SpanLayer.pool(pool, kernel: kernel, dilation: dilation).run(
          rows: rows, width: operation.inputs, rings: rings, ring: size, slot: slot, at: at, y,
          yStride: operation.output.stride, kernels: kernels)
      }
    case .join(let function): join(function, operation, frames, y, bank)
    case .pointwise:
      guard case .pointwise(let layer) = layers[operation.node] else { preconditionFailure("the node is such a layer") }
      layer.run(
        rows: rows, width: operation.outputs, x, xStride: operation.input.stride, y, yStride: operation.output.stride,
        kernels: kernels)
    }
  }

  /// Pushes the frame of each row, then has `read` look at the past of those that have an output.
  private func look(
    _ operation: StepPlan.Operation, _ x: UnsafePointer<Float>, _ bank: borrowing StateBank,
    _ read: (
      _ rows: Int, _ rings: UnsafePointer<Float>, _ slot: UnsafePointer<Int32>, _ at: UnsafePointer<Int32>
    ) -> Void
  ) {
    let ring = operation.entry
    let (list, capacity) = (operation.input.list, bank.batch.capacity)
    let (size, output) = (layout.rings[ring].size, operation.output.list)
    if operation.input.buffer != StepPlan.Place.frames {
      bank.batch.check(list: list, width: operation.inputs, x, stride: operation.input.stride, kernels: kernels)
    }
    kernels.push(
      rows: bank.batch.counts.base[list], x, xStride: operation.input.stride, width: operation.inputs,
      rings: bank.rings[ring].base, ring: size, slot: bank.batch.slots.base + list * capacity,
      at: bank.batch.at.base + ring * capacity)
    read(
      bank.batch.counts.base[output], bank.rings[ring].base, bank.batch.slots.base + output * capacity,
      bank.batch.outputAt.base + ring * capacity)
  }

  private func step(
    _ cell: PackedCell, _ operation: StepPlan.Operation, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>,
    _ bank: borrowing StateBank
  ) {
    let number = operation.entry
    let (list, capacity) = (operation.input.list, bank.batch.capacity)
    let (h, c) = (bank.h[number].base, bank.c[number].base)
    cell.step(
      rows: bank.batch.counts.base[list], x, xStride: operation.input.stride, h: h, c: c,
      from: bank.batch.from.base + list * capacity, to: bank.batch.to.base + list * capacity,
      scratch: bank.batch.scratch.base, y,
      yStride: operation.output.stride)
    bank.batch.check(list: list, width: operation.outputs, y, stride: operation.output.stride, kernels: kernels)
    let (cells, stride) = (layout.cells[number].cells, cell.cStride)
    guard cells > 0 else { return }
    bank.batch.check(
      list: list, width: cells, c, stride: stride, at: bank.batch.to.base + list * capacity, kernels: kernels)
  }

  // MARK: where branches meet

  /// All rows at once where every branch has just come for the same rows, else row by row.
  private func join(
    _ function: StepPlan.Join, _ operation: StepPlan.Operation, _ frames: UnsafePointer<Float>,
    _ y: UnsafeMutablePointer<Float>,
    _ bank: borrowing StateBank
  ) {
    let rows = bank.batch.counts.base[operation.output.list]
    if operation.entry < 0 {
      return meet(function, operation, rows: rows, y, bank) { from, _ in bank.pointer(to: from, frames) }
    }
    for row in 0..<rows {
      let place = operation.output.list * bank.batch.capacity + row
      meet(function, operation, rows: 1, y + row * operation.output.stride, bank) { from, part in
        switch layout.joins[operation.entry].parts[part] {
        case .now(let list):
          let position = bank.batch.positions.base[list * bank.batch.capacity + Int(bank.batch.rows.base[place])]
          return bank.pointer(to: from, frames) + Int(position) * from.stride
        case .waited(let wait):
          let (slot, index) = (Int(bank.batch.slots.base[place]), bank.batch.indexes.base[place])
          guard let output = bank.waited(wait, slot: slot, index: index) else {
            preconditionFailure("only rows that are whole are in the list")
          }
          return output
        }
      }
    }
  }

  /// - Parameter pointer: to the first of `rows` rows of a part, given its place and number.
  private func meet(
    _ function: StepPlan.Join, _ operation: StepPlan.Operation, rows: Int, _ y: UnsafeMutablePointer<Float>,
    _ bank: borrowing StateBank,
    _ pointer: (StepPlan.Place, Int) -> UnsafePointer<Float>
  ) {
    let stride = operation.output.stride
    var first = 0
    for part in 0..<operation.partCount {
      let from = bank.plan.parts[operation.firstPart + part]
      let (x, xStride) = (pointer(from, part), from.stride)
      switch function {
      case .concat:
        let width = graph.width(of: graph.nodes[operation.node].sources[part])
        for row in 0..<rows { (y + row * stride + first).update(from: x + row * xStride, count: width) }
        first += width
      case .add, .multiply:
        if part == 0 {
          for row in 0..<rows { (y + row * stride).update(from: x + row * xStride, count: operation.outputs) }
        } else if function == .add {
          kernels.add(rows: rows, width: operation.outputs, y, aStride: stride, x, bStride: xStride, y, yStride: stride)
        } else {
          kernels.multiply(
            rows: rows, width: operation.outputs, y, aStride: stride, x, bStride: xStride, y, yStride: stride)
        }
      }
    }
  }

  // MARK: scores

  private func score(
    _ place: StepPlan.Place, _ frames: UnsafePointer<Float>, _ scores: UnsafeMutablePointer<Float>,
    _ bank: borrowing StateBank
  ) {
    let logits = bank.pointer(to: place, frames)
    let (rows, count) = (bank.batch.rows.base + place.list * bank.batch.capacity, bank.batch.counts.base[place.list])
    if count == bank.batch.count {
      heads.score(rows: count, logits, stride: place.stride, scores)
    } else {
      for position in 0..<count {
        heads.score(logits + position * place.stride, scores + Int(rows[position]) * outputs)
      }
    }
    bank.batch.check(list: place.list, width: outputs, scores, stride: outputs, at: rows, kernels: kernels)
  }
}

extension StateBank {
  /// The first row of an output of the batch under way.
  func pointer(to place: StepPlan.Place, _ frames: UnsafePointer<Float>) -> UnsafePointer<Float> {
    place.buffer == StepPlan.Place.frames
      ? frames + place.offset : UnsafePointer(batch.buffers[place.buffer].base) + place.offset
  }
}
