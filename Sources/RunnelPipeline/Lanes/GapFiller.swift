import RunnelCore
import RunnelSignal

/// Physical samples of one lane: D planar columns of `rows` values, a fault byte beside each.
struct PhysicalBlock {
  /// Column d begins at `values + d * stride`; likewise `faults`.
  var values: UnsafePointer<Float>
  var faults: UnsafePointer<UInt8>
  var stride: Int
  var rows: Int
  /// Session index of row 0.
  var first: Int64
  /// How many of the D × rows values are missing.
  var missing: Int
}

/// Who takes what the filler has settled: whole rows, in order, without overlap.
protocol SettledRows {
  /// `rows` complete rows from `first`: column d at `values + d * stride`.
  mutating func samples(_ values: UnsafePointer<Float>, stride: Int, rows: Int, first: Int64)
  /// Some values of this row are made up.
  mutating func filled(at index: Int64, samples: Int)
  /// These rows have no samples. Adjacent holes are one.
  mutating func hole(_ range: Range<Int64>, reason: GapReason)
}

/// Settles which rows of a lane are samples, which are filled and which are holes.
///
/// Whether a missing sample is filled depends on how long its run becomes, so rows wait, at most `fill` of them,
/// until every channel's run has ended or is too long. In a group a channel missing alone is filled alone; when one
/// run is too long, its whole rows are missing. What is decided depends on the samples alone, never on how they were
/// cut into messages (law 1).
struct GapFiller {
  let rule: GapRule
  let inputs: Int  // D

  /// What is carried from row to row.
  struct State: Sendable, Equatable {
    /// Rows that wait: planar, column d at d × (fill + 1).
    fileprivate(set) var values: [Float]
    fileprivate(set) var faults: [UInt8]
    /// Fault of a row that is missing as a whole; 0 where it is not (yet).
    fileprivate(set) var rowFaults: [UInt8]
    fileprivate(set) var waiting = 0
    /// Session index of the first waiting row.
    fileprivate(set) var first: Int64 = 0
    /// Length of the run of missing samples that channel d is in.
    fileprivate(set) var runs: [Int64]
    /// The last present sample of channel d; NaN before there is one.
    fileprivate(set) var last: [Float]
  }

  /// Marks a made-up value among the waiting ones.
  private static let madeUp: UInt8 = 0xFF
  /// Fault byte of a row that never arrived; the others are those of `SampleFault`.
  private static let lost: UInt8 = 0xFE

  private var capacity: Int { rule.fill + 1 }

  func makeState() -> State {
    State(
      values: Array(repeating: 0, count: inputs * capacity), faults: Array(repeating: 0, count: inputs * capacity),
      rowFaults: Array(repeating: 0, count: capacity), runs: Array(repeating: 0, count: inputs),
      last: Array(repeating: .nan, count: inputs))
  }

  /// Takes the next rows of the session.
  func push<Receiver: SettledRows>(_ block: PhysicalBlock, state: inout State, to receiver: inout Receiver) {
    var row = 0
    while row < block.rows {
      let clean = state.waiting == 0 ? cleanRows(block, from: row) : 0
      if clean > 0 {
        receiver.samples(block.values + row, stride: block.stride, rows: clean, first: block.first + Int64(row))
        row += clean
        for d in 0..<inputs {
          state.last[d] = block.values[d * block.stride + row - 1]
          if state.runs[d] != 0 { state.runs[d] = 0 }
        }
      } else {
        enqueue(&state, at: block.first + Int64(row))
        for d in 0..<inputs {
          let place = d * block.stride + row
          judge(&state, channel: d, value: block.values[place], fault: block.faults[place])
        }
        state.waiting += 1
        settle(&state, &receiver)
        row += 1
      }
    }
  }

  /// The rows of `range` never arrived.
  func push<Receiver: SettledRows>(gap range: Range<Int64>, state: inout State, to receiver: inout Receiver) {
    if range.count <= rule.fill {
      for index in range {
        enqueue(&state, at: index)
        for d in 0..<inputs { judge(&state, channel: d, value: .nan, fault: Self.lost) }
        state.waiting += 1
        settle(&state, &receiver)
      }
    } else {
      for d in 0..<inputs {
        giveUp(&state, channel: d)
        state.runs[d] += Int64(range.count)
      }
      settle(&state, &receiver)
      receiver.hole(range, reason: .lost)
    }
  }

  /// Nothing follows that could settle what waits: it is a hole. The filler starts anew.
  func flush<Receiver: SettledRows>(state: inout State, to receiver: inout Receiver) {
    for d in 0..<inputs { giveUp(&state, channel: d) }
    settle(&state, &receiver)
    state = makeState()
  }

  // MARK: one row

  private func cleanRows(_ block: PhysicalBlock, from row: Int) -> Int {
    if block.missing == 0 { return block.rows - row }
    var end = block.rows
    for d in 0..<inputs {
      let faults = block.faults + d * block.stride
      var t = row
      while t < end, faults[t] == 0 { t += 1 }
      end = t
    }
    return end - row
  }

  private func enqueue(_ state: inout State, at index: Int64) {
    if state.waiting == 0 { state.first = index }
    state.rowFaults[state.waiting] = 0
  }

  /// Places one value into the newest waiting row and settles the run that it ends or makes too long.
  private func judge(_ state: inout State, channel d: Int, value: Float, fault: UInt8) {
    let place = d * capacity + state.waiting
    state.values[place] = value
    state.faults[place] = fault
    if fault != 0 {
      state.runs[d] += 1
      if state.runs[d] > Int64(rule.fill) { giveUp(&state, channel: d, newest: state.waiting) }
      return
    }
    if state.runs[d] > 0, state.runs[d] <= Int64(rule.fill) { makeUp(&state, channel: d, next: value) }
    state.runs[d] = 0
    state.last[d] = value
  }

  /// Fills the run of channel d that ends before the newest row.
  private func makeUp(_ state: inout State, channel d: Int, next: Float) {
    let length = Int(state.runs[d])
    let last = state.last[d]
    if last.isNaN && rule.method != .zero { return giveUp(&state, channel: d, newest: state.waiting - 1) }
    // Rows of the run that were holes for another channel's sake are gone already; the line keeps its slope.
    for t in max(state.waiting - length, 0)..<state.waiting {
      let place = d * capacity + t
      let step = Float(t - (state.waiting - length) + 1)
      switch rule.method {
      case .hold: state.values[place] = last
      case .linear: state.values[place] = last + (next - last) * (step / Float(length + 1))
      case .zero: state.values[place] = 0
      }
      state.faults[place] = Self.madeUp
    }
  }

  /// The run of channel d cannot be filled: its waiting rows are missing as a whole.
  private func giveUp(_ state: inout State, channel d: Int, newest: Int? = nil) {
    let newest = newest ?? state.waiting - 1
    guard newest >= 0, state.runs[d] > 0 else { return }
    for t in max(newest + 1 - Int(min(state.runs[d], Int64(capacity))), 0)...newest where state.rowFaults[t] == 0 {
      let fault = state.faults[d * capacity + t]
      if fault != 0, fault != Self.madeUp { state.rowFaults[t] = fault }
    }
  }

  /// Hands over the leading rows whose fate is known.
  private func settle<Receiver: SettledRows>(_ state: inout State, _ receiver: inout Receiver) {
    var known = 0
    while known < state.waiting {
      if state.rowFaults[known] != 0 {
        let index = state.first + Int64(known)
        receiver.hole(index..<index + 1, reason: Self.reason(state.rowFaults[known]))
        known += 1
        continue
      }
      let run = completeRows(state, from: known)
      guard run > 0 else { break }
      report(state, known..<known + run, &receiver)
      state.values.withUnsafeBufferPointer {
        if let base = $0.baseAddress {
          receiver.samples(base + known, stride: capacity, rows: run, first: state.first + Int64(known))
        }
      }
      known += run
    }
    forget(&state, known)
  }

  private func completeRows(_ state: State, from start: Int) -> Int {
    var end = start
    while end < state.waiting, state.rowFaults[end] == 0 {
      for d in 0..<inputs {
        let fault = state.faults[d * capacity + end]
        if fault != 0, fault != Self.madeUp { return end - start }
      }
      end += 1
    }
    return end - start
  }

  private func report<Receiver: SettledRows>(_ state: State, _ rows: Range<Int>, _ receiver: inout Receiver) {
    for t in rows {
      let made = (0..<inputs).count { state.faults[$0 * capacity + t] == Self.madeUp }
      if made > 0 { receiver.filled(at: state.first + Int64(t), samples: made) }
    }
  }

  private func forget(_ state: inout State, _ rows: Int) {
    guard rows > 0 else { return }
    let rest = state.waiting - rows
    for t in 0..<rest {
      state.rowFaults[t] = state.rowFaults[t + rows]
      for d in 0..<inputs {
        state.values[d * capacity + t] = state.values[d * capacity + t + rows]
        state.faults[d * capacity + t] = state.faults[d * capacity + t + rows]
      }
    }
    state.first += Int64(rows)
    state.waiting = rest
  }

  private static func reason(_ fault: UInt8) -> GapReason { SampleFault(rawValue: fault)?.reason ?? .lost }
}
