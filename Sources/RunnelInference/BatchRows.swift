import RunnelKernels

/// The batch that a bank steps: for each list of the layout its rows, and the buffers between layers. Sized once
/// for the largest batch; stepping allocates nothing.
struct BatchRows: Sendable {
  private(set) var capacity: Int
  /// Rows in the batch.
  var count = 0
  /// Batches so far; a slot that has this number in `seen` is in this one.
  var number: UInt64 = 0

  /// Per list: rows in it; then (lists, capacity): the batch's row, its slot, the index of the output that it brings
  /// and the rows of h and c that it reads and writes.
  private(set) var counts: FixedBuffer<Int>
  private(set) var rows: FixedBuffer<Int32>
  private(set) var slots: FixedBuffer<Int32>
  private(set) var indexes: FixedBuffer<Int64>
  private(set) var from: FixedBuffer<Int32>
  private(set) var to: FixedBuffer<Int32>
  /// (lists, capacity): where a row of the batch is in the list, −1 where it is not.
  private(set) var positions: FixedBuffer<Int32>
  /// (rings, capacity): the place of the newest frame, of rows that bring one and of rows that have an output.
  private(set) var at: FixedBuffer<Int32>
  private(set) var outputAt: FixedBuffer<Int32>
  /// Between layers, and for the cells.
  private(set) var buffers: [FixedBuffer<Float>]
  private(set) var scratch: FixedBuffer<Float>
  /// Whether everything that a row computed is finite.
  private(set) var isSound: FixedBuffer<Bool>
  private(set) var outcomes: FixedBuffer<StateBank.Outcome>

  init(_ plan: StepPlan, capacity: Int) {
    self.capacity = capacity
    let (lists, rings) = (plan.layout.lists.count, plan.layout.rings.count)
    counts = FixedBuffer(count: lists, zero: 0)
    rows = FixedBuffer(count: lists * capacity, zero: 0)
    slots = FixedBuffer(count: lists * capacity, zero: 0)
    indexes = FixedBuffer(count: lists * capacity, zero: 0)
    from = FixedBuffer(count: lists * capacity, zero: 0)
    to = FixedBuffer(count: lists * capacity, zero: 0)
    positions = FixedBuffer(count: lists * capacity, zero: -1)
    at = FixedBuffer(count: rings * capacity, zero: 0)
    outputAt = FixedBuffer(count: rings * capacity, zero: 0)
    buffers = plan.buffers.map { FixedBuffer(count: $0 * capacity, zero: 0) }
    scratch = FixedBuffer(count: plan.scratch * capacity, zero: 0)
    isSound = FixedBuffer(count: capacity, zero: true)
    outcomes = FixedBuffer(count: capacity, zero: .none)
  }

  /// Room for more rows; what the last batch came to stays readable.
  mutating func grow(_ plan: StepPlan, capacity: Int) {
    var larger = BatchRows(plan, capacity: capacity)
    larger.count = count
    larger.number = number
    larger.outcomes.base.update(from: outcomes.base, count: self.capacity)
    self = larger
  }

  /// Appends a row of the batch to a list.
  func append(_ row: Int32, slot: Int32, index: Int64, to list: Int) {
    let place = counts.base[list]
    counts.base[list] = place + 1
    rows.base[list * capacity + place] = row
    slots.base[list * capacity + place] = slot
    indexes.base[list * capacity + place] = index
    positions.base[list * capacity + Int(row)] = Int32(place)
  }

  /// Marks the rows of a list that brought something that is not finite. x (rows of the list, width)
  ///
  /// - Parameter at: where the rows of x lie; nil for one after the other.
  func check(
    list: Int, width: Int, _ x: UnsafePointer<Float>, stride: Int, at: UnsafePointer<Int32>? = nil, kernels: KernelSet
  ) {
    kernels.check(
      rows: counts.base[list], width: width, x, xStride: stride, at: at, row: rows.base + list * capacity,
      sound: isSound.base)
  }
}
