import RunnelCore
import RunnelInference
import RunnelPipeline
import RunnelWire

/// A frame and its values.
typealias SeenFrames = [Int64: [Float]]

extension SlowLane {
  /// All labels of the stream, and how many windows have none.
  func labels(_ seen: SeenFrames) -> (labels: [Label], leftOut: Int64) {
    switch random.regime {
    case .carried, .renewed: (carried(seen), 0)
    default: windows(seen)
    }
  }

  // MARK: windows

  private func windows(_ seen: SeenFrames) -> (labels: [Label], leftOut: Int64) {
    let (length, hop) = (Int64(random.made.window!.length), Int64(random.made.hop))
    let isWhole = random.regime != .sideBySide
    // Output m rests on frames up to first + m · stride; side by side the frames behind the target's do not matter.
    let newest = Int64(random.first + random.target * random.stride)
    let needed = isWhole ? length : newest + 1
    let spoken = random.isCollapsed ? length - 1 : max(0, newest - Int64(random.ahead))
    let alone = model.file.makeEvaluator(windows: 1)
    let (begin, end) = (frames(before: random.stream.base), frames(before: random.stream.end))
    var window = max(0, begin - needed) / hop
    var (labels, leftOut): ([Label], Int64) = ([], 0)
    while window * hop < end {
      defer { window += 1 }
      let start = window * hop
      guard start + needed > begin else { continue }
      guard let values = values(start, needed, length, seen) else {
        leftOut += 1
        continue
      }
      var scores = alone.evaluate(values)
      if random.regime == .decoder { scores = cut(scores) }
      let before = position(spoken: start + spoken - hop, decided: start + needed - 1 - hop)
      let after = max(before, position(ofFrame: start - 1)) + 1
      let own = random.regime == .decoder || random.regime == .sequence ? position(ofFrame: start - 1) + 1 : after
      if let label = label(
        spoken: start + spoken, after: own, decided: start + needed - 1, scores, reach: needed - 1)
      {
        labels.append(label)
      } else {
        leftOut += 1
      }
    }
    return (labels, leftOut)
  }

  /// The frames of a window, zeros for those that it does not need; nil where one is missing or a hole lies in it.
  private func values(_ start: Int64, _ needed: Int64, _ length: Int64, _ seen: SeenFrames) -> [Float]? {
    var values: [Float] = []
    for frame in start..<start + needed {
      guard let frame = seen[frame] else { return nil }
      values += frame
    }
    let last = row(ofFrame: start + needed - 1)
    for (range, _) in breaks where frames(before: range.upperBound) > start && range.lowerBound <= last { return nil }
    return values + Array(repeating: 0, count: Int(length - needed) * random.made.inputs.count)
  }

  /// Steps before the first whose class is the one that stops.
  private func cut(_ scores: [Float]) -> [Float] {
    guard random.made.decoder!.contains("stop") else { return scores }
    for step in 0..<scores.count / 3 {
      let row = scores[step * 3..<step * 3 + 3]
      if row.firstIndex(of: row.max()!) == row.startIndex { return Array(scores[..<(step * 3)]) }
    }
    return scores
  }

  // MARK: states

  /// A state, and how many frames it has had.
  private struct Living {
    var slot: Slot
    var had: Int64 = 0
  }

  private func carried(_ seen: SeenFrames) -> [Label] {
    var bank = StateBank(for: model.network, capacity: 2)
    let (age, lead) = renewal
    var leader = Living(slot: bank.open())
    var shadow: Living?
    var pending = breaks[...]
    var since: Int64?
    var previous: Int64?
    var labels: [Label] = []
    let hop = Int64(random.made.hop)
    for frame in seen.keys.sorted() {
      while let next = pending.first, frames(before: next.range.upperBound) <= frame {
        pending.removeFirst()
        guard next.resetAt != nil else { continue }
        if let shadow { bank.close(shadow.slot) }
        bank.close(leader.slot)
        (leader, shadow, since, previous) = (Living(slot: bank.open()), nil, nil, nil)
      }
      if let warm = shadow, warm.had >= lead {
        bank.close(leader.slot)
        (leader, shadow) = (warm, nil)
      }
      // A shadow is due that should have begun after the frame before, and not before the leader.
      let from = (previous ?? frame - 1) + 1
      if age > 0, shadow == nil, (from...frame).contains(where: { $0 % age == age - lead }) {
        shadow = Living(slot: bank.open())
      }
      previous = frame
      if shadow != nil {
        _ = model.network.run(seen[frame]!, from: frame, slot: shadow!.slot, bank: &bank)
        shadow!.had += 1
      }
      let scores = model.network.run(seen[frame]!, from: frame, slot: leader.slot, bank: &bank)
      leader.had += 1
      let step = (frame - Int64(random.first)) / Int64(random.stride)
      guard !scores.isEmpty else { continue }
      precondition(frame == Int64(random.first) + step * Int64(random.stride), "an output comes on its grid")
      since = since ?? step
      guard (step + 1) % hop == 0 else { continue }
      let before = Int64(random.first) + (since! - 1) * Int64(random.stride)
      let after = position(spoken: before, decided: before) + 1
      since = step + 1
      if let label = label(spoken: frame, after: after, decided: frame, scores, reach: 0) { labels.append(label) }
    }
    return labels
  }

  private var renewal: (age: Int64, lead: Int64) {
    let made = random.made
    guard made.maxStateAge > 0 else { return (0, 0) }
    return (
      Int64((made.maxStateAge * made.rate).rounded()),
      max(Int64((made.warmUp * made.rate).rounded(.up)), Int64(random.first))
    )
  }
}
