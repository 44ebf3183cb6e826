import RunnelCore
import RunnelLabels

/// The same decisions from the whole list of scores at once: no carried state, every question answered by looking
/// back over the list. Slow, and written from the design's text rather than from the decider.
struct DecisionReference {
  var rule: DecisionRule
  var classes: Int
  /// Steps, at ten a second.
  var hop: Int64
  var scores: [(step: Int64, values: [Float])]

  private func steps(_ seconds: Double) -> Int { Int((seconds * 10).rounded()) }
  private var window: Int {
    switch rule.smooth {
    case .none: 1
    case .mean(let seconds): max(1, steps(seconds))
    case .majority(_, let of): of
    }
  }

  /// Rows of the list that came before row i without a jump, itself included.
  private func history(_ i: Int) -> Int {
    var count = 1
    while i - count >= 0, scores[i - count].step == scores[i].step - Int64(count) { count += 1 }
    return count
  }
  private func held(_ i: Int) -> Int { min(window, history(i)) }
  private func lag(_ i: Int) -> Int64 { Int64((held(i) - 1) / 2) }

  private func smooth(_ i: Int) -> [Float] {
    if window == 1 { return scores[i].values }
    let rows = scores[(i - held(i) + 1)...i]
    return (0..<classes).map { k in Float(rows.reduce(0.0) { $0 + Double($1.values[k]) } / Double(rows.count)) }
  }

  private func leader(_ values: [Float]) -> Int { values.firstIndex(of: values.max()!)! }

  /// The class with a majority at row i, or at the last row before it where some class had one.
  private func majority(_ i: Int) -> Int? {
    guard case .majority(let needed, _) = rule.smooth else { return leader(smooth(i)) }
    for row in stride(from: i, through: 0, by: -1) {
      let leaders = scores[(row - held(row) + 1)...row].map { leader($0.values) }
      let votes = (0..<classes).map { k in leaders.count { $0 == k } }
      if votes.max()! >= needed { return votes.firstIndex(of: votes.max()!) }
    }
    return nil
  }

  func decisions() -> [Decision] {
    switch rule.emit {
    case .every: labels()
    case .change: changes()
    case .events: events()
    case .peaks: peaks()
    }
  }

  private func labels() -> [Decision] {
    var result: [Decision] = []
    for i in scores.indices where (scores[i].step + 1) % hop == 0 {
      let values = smooth(i)
      let best = majority(i)
      let score = values[best ?? leader(values)]
      result.append(
        Decision(
          kind: .label, position: scores[i].step - lag(i),
          firstStep: result.last.map { $0.lastStep + 1 } ?? scores[0].step, lastStep: scores[i].step,
          classIndex: score >= Float(rule.unknownBelow) ? best : nil, score: score))
    }
    return result
  }

  private func changes() -> [Decision] {
    var result: [Decision] = []
    for var label in labels() where result.isEmpty || result.last!.classIndex != label.classIndex {
      label.firstStep = result.last.map { $0.lastStep + 1 } ?? scores[0].step
      result.append(label)
    }
    return result
  }

  private func events() -> [Decision] {
    var result: [Decision] = []
    var on: [Int: Int64] = [:]
    var next: Int64 = 0
    for i in scores.indices {
      for offset in [true, false] {
        for k in 1..<classes where (on[k] != nil) == offset {
          let needed = max(1, steps(offset ? rule.minOff : rule.minOn))
          guard history(i) >= needed else { continue }
          let run = (i - needed + 1)...i
          let holds = run.allSatisfy {
            offset ? smooth($0)[k] < Float(rule.leave) : smooth($0)[k] >= Float(rule.enter)
          }
          guard holds else { continue }
          let first = run.lowerBound
          result.append(
            Decision(
              kind: offset ? .offset : .onset, position: scores[first].step - lag(first),
              firstStep: scores[first].step - Int64(held(first) - 1), lastStep: scores[i].step, classIndex: k,
              score: smooth(i)[k], event: offset ? on[k]! : next))
          if offset {
            on[k] = nil
          } else {
            on[k] = next
            next += 1
          }
        }
      }
    }
    return result
  }

  private func peaks() -> [Decision] {
    var result: [Decision] = []
    var i = 0
    while i < scores.count {
      guard 1 - smooth(i)[0] >= Float(rule.enter) else {
        i += 1
        continue
      }
      var rows = [i]
      var closed = false
      while !closed {
        let next = rows.last! + 1
        if rows.count >= steps(rule.maxWidth) {
          closed = true
        } else if next >= scores.count {
          return result
        } else if scores[next].step != scores[next - 1].step + 1 || 1 - smooth(next)[0] < Float(rule.leave) {
          closed = true
        } else {
          rows.append(next)
        }
      }
      if let point = point(rows, after: result.last) { result.append(point) }
      i = rows.last! + 1
    }
    return result
  }

  private func point(_ rows: [Int], after last: Decision?) -> Decision? {
    let heights = rows.map { 1 - smooth($0)[0] }
    let peak = rows[heights.firstIndex(of: heights.max()!)!]
    let position = scores[peak].step - lag(peak)
    if let last, position - last.position < Int64(steps(rule.refractory)) { return nil }
    let means = (0..<classes).map { k in Float(rows.reduce(0.0) { $0 + Double(smooth($1)[k]) } / Double(rows.count)) }
    let best = 1 + leader(Array(means[1...]))
    return Decision(
      kind: .point, position: position, peak: scores[peak].step,
      firstStep: max(scores[rows[0]].step - Int64(held(rows[0]) - 1), (last?.lastStep ?? -1) + 1),
      lastStep: scores[rows.last!].step, classIndex: means[best] >= Float(rule.unknownBelow) ? best : nil,
      score: means[best], event: last.map { $0.event! + 1 } ?? 0)
  }
}
