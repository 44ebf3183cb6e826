import RunnelCore
import RunnelPipeline
import RunnelWire

/// A stream drawn from a seed, with all that can go wrong on its way: rows that are lost, values that are missing,
/// moments of unknown length, messages that come twice; ended, or left for another session.
struct RandomStream {
  private(set) var signal = Signal(rows: 1, seed: 0)
  /// The index of row 0.
  private(set) var base: Int64 = 0
  private(set) var lost: [Range<Int>] = []
  /// Rows before which something of unknown length is missing.
  private(set) var jumps: [Int] = []
  private(set) var gap = GapSettings()
  private(set) var isTakenOver = false

  var rows: Int { signal.rows }
  var fill: Int { Int((gap.fill * signal.rate).rounded()) }
  var carry: Int { max(fill, Int((gap.carry * signal.rate).rounded())) }
  var end: Int64 { base + Int64(rows) }

  mutating func draw(_ random: inout SeededGenerator, modelRate: Double, inputs: Int, windowLength: Int) {
    let rates = [modelRate, modelRate, 360, 250, 90, 500, 44.1, modelRate * 3, modelRate / 2]
    let rate = rates[random.below(rates.count)]
    let seconds = max(6, 4 * Double(windowLength) / modelRate)
    signal = Signal(rate: rate, channels: ["A", "B", "C"], rows: Int(seconds * rate), seed: random.next())
    base = [0, 0, 3, 1000, (1 << 31) - 77, (1 << 40) + 13, (1 << 53) - 40_000][random.below(7)]
    gap = GapSettings(
      method: [.hold, .linear, .zero][random.below(3)], fill: [0, 0.02, 0.05][random.below(3)],
      carry: [0, 0.2, 1][random.below(3)])
    isTakenOver = random.below(3) == 0
    let lengths = [1, fill, fill + 1, carry, carry + 1, carry / 2 + 1, 2]
    if random.below(3) > 0 { drawLosses(&random, lengths) }
    if random.below(2) == 0 { signal.spoil(lengths: lengths, every: rows / 3, &random) }
    if random.below(3) == 0 {
      jumps = [1 + random.below(rows - 1)].filter { row in !lost.contains { $0.contains(row) } }
    }
  }

  /// Few, so that what is missing can be told exactly.
  private mutating func drawLosses(_ random: inout SeededGenerator, _ lengths: [Int]) {
    var row = 1 + random.below(rows / 3)
    while true {
      let end = row + max(1, lengths[random.below(lengths.count)])
      guard end < rows else { return }
      lost.append(row..<end)
      row = end + 1 + random.below(random.below(4) == 0 ? 3 : rows / 3)
    }
  }

  // MARK: sending

  /// - Parameter seed: of the cuts; nil sends as few messages as say the same.
  func send(seed: UInt64?, name: String = "bed7", to receive: (MessageParts) -> Void, pause: () -> Void) throws {
    var random = seed.map { SeededGenerator(seed: $0) }
    var named = signal
    named.name = name
    var encoder = try RunnelEncoder(named.description, epoch: 7, element: .int16)
    encoder.withDescription(receive)
    let edges = Set(lost.flatMap { [$0.lowerBound, $0.upperBound] } + jumps + [rows]).sorted()
    var row = 0
    while row < rows {
      let edge = edges.first { $0 > row } ?? rows
      var end = edge
      if random != nil, random!.below(5) > 0 {
        end = min(edge, row + 1 + random!.below(random!.below(4) == 0 ? 200 : 9))
      }
      if !lost.contains(where: { $0.contains(row) }) {
        let canRepeat = row > 0 && !jumps.contains(row) && !lost.contains { $0.contains(row - 1) }
        let again = canRepeat && random != nil && random!.below(8) == 0 ? 1 : 0
        encoder.nextIndex = base + Int64(row - again)
        signal.samples[(row - again) * 3..<end * 3].withUnsafeBytes { payload in
          encoder.withSamples(payload, rows: end - row + again, discontinuity: jumps.contains(row), receive)
        }
      }
      row = end
      encoder.nextIndex = base + Int64(row)
      if random != nil, random!.below(4) == 0 { encoder.withHeartbeat(receive) }
    }
    guard isTakenOver else { return encoder.withEnd(receive) }
    // What was lost at the tail is told by a heartbeat; then another session comes, without a row.
    encoder.withHeartbeat(receive)
    pause()
    var other = try RunnelEncoder(named.description, epoch: 8, element: .int16)
    other.withDescription(receive)
    other.withSamples(UnsafeRawBufferPointer(start: nil, count: 0), rows: 0, receive)
  }
}
