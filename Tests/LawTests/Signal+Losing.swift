import RunnelCore
import RunnelWire

extension Signal {
  /// Sends the rows that are not lost, cut anywhere, the first with index `base`; heartbeats between some of them split
  /// what is told of a gap, and some messages come twice, in other pieces.
  func send(
    losing lost: [Range<Int>], seed: UInt64, from base: Int64 = 0, longest: Int = 200, epoch: UInt64 = 7,
    to receive: (MessageParts) -> Void
  ) throws {
    var random = SeededGenerator(seed: seed)
    var encoder = try RunnelEncoder(description, epoch: epoch, element: .int16)
    encoder.withDescription(receive)
    let edges = Set(lost.flatMap { [$0.lowerBound, $0.upperBound] } + [rows]).sorted()
    var row = 0
    while row < rows {
      let next = edges.first { $0 > row } ?? rows
      let end = random.below(6) == 0 ? next : min(next, row + random.below(random.below(4) == 0 ? longest : 12))
      let again = row > 0 && !lost.contains { $0.contains(row - 1) } && random.below(8) == 0 ? 1 : 0
      if !lost.contains(where: { $0.contains(row) }) {
        encoder.nextIndex = base + Int64(row - again)
        samples[(row - again) * channels.count..<end * channels.count].withUnsafeBytes { payload in
          encoder.withSamples(payload, rows: end - row + again, receive)
        }
      }
      row = end
      encoder.nextIndex = base + Int64(row)
      // Before the first rows nobody knows the session yet.
      if random.below(4) == 0 { encoder.withHeartbeat(receive) }
    }
    encoder.withEnd(receive)
  }

  /// Whole but for what is lost.
  func send(losing lost: [Range<Int>], from base: Int64 = 0, to receive: (MessageParts) -> Void) throws {
    var encoder = try RunnelEncoder(description, epoch: 7, element: .int16)
    encoder.withDescription(receive)
    var row = 0
    for gap in lost + [rows..<rows] where gap.lowerBound >= row {
      encoder.nextIndex = base + Int64(row)
      samples[row * channels.count..<gap.lowerBound * channels.count].withUnsafeBytes { payload in
        encoder.withSamples(payload, rows: gap.lowerBound - row, receive)
      }
      row = gap.upperBound
    }
    encoder.nextIndex = base + Int64(rows)
    encoder.withEnd(receive)
  }

  /// Ranges in order that do not touch, the first row in none of them: lengths around the limits of the gap rule.
  static func losses(rows: Int, lengths: [Int], _ random: inout SeededGenerator) -> [Range<Int>] {
    var ranges: [Range<Int>] = []
    var row = 1 + random.below(200)
    while true {
      let end = row + max(1, lengths[random.below(lengths.count)])
      guard end < rows else { break }
      ranges.append(row..<end)
      row = end + 1 + random.below(random.below(3) == 0 ? 4 : 400)
    }
    if random.below(2) == 0, let last = ranges.last, rows - 7 > last.upperBound { ranges.append(rows - 7..<rows) }
    return ranges
  }

  /// Some values of each channel become the sentinel −32768, alone and in runs.
  mutating func spoil(lengths: [Int], every distance: Int, _ random: inout SeededGenerator) {
    for channel in channels.indices {
      var row = random.below(distance)
      while row < rows {
        let end = min(rows, row + max(1, lengths[random.below(lengths.count)]))
        for t in row..<end { samples[t * channels.count + channel] = -32768 }
        row = end + 1 + random.below(distance)
      }
    }
  }
}
