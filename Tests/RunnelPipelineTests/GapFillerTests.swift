import RunnelCore
import Testing

@testable import RunnelPipeline

/// Timelines as text, one character a row: a digit is a sample, `.` a missing one, `_` a row that never arrived.
/// What comes out: digits for samples (`h` after them where made up), `-` for a row of a hole.
@Suite struct GapFillerTests {
  @Test(arguments: [
    ("1234", "1234"),
    ("12..5", "122h2h5"),
    ("12...6", "12---6"),
    ("..34", "--34"),
    ("1_3", "11h3"),
    ("1.._5", "1---5"),
    ("1__..6", "1----6"),
    ("12..", "12--"),
    ("1.3.5", "11h33h5"),
  ])
  func `runs up to two rows are held, longer ones are holes`(timeline: String, expected: String) {
    #expect(settle([timeline], fill: 2) == expected)
  }

  @Test func `a line waits for the sample after the gap`() {
    var written = Written()
    drive([Array("1..4")], fill: 2, method: .linear, cut: [4], &written)
    #expect(written.values.map { $0[0] } == [1, 2, 3, 4])
  }

  @Test func `a channel missing alone is filled alone, and a long run takes the whole rows`() {
    #expect(settle(["1234", "5.78"], fill: 2) == "12h34")
    #expect(settle(["123456", "5...78"], fill: 2) == "1---56")
    #expect(settle(["12.456", "5...78"], fill: 2) == "1---56")
  }

  @Test(arguments: 0..<200)
  func `what is settled does not depend on the cuts`(seed: Int) {
    var random = SeededGenerator(seed: UInt64(seed))
    let channels = 1 + random.below(3)
    let rows = 40
    var lost = false
    let gone = (0..<rows).map { _ in
      if random.below(8) == 0 { lost.toggle() }
      return lost
    }
    let timelines = (0..<channels).map { _ in
      var missing = false
      return (0..<rows).map { row -> Character in
        if random.below(5) == 0 { missing.toggle() }
        if gone[row] { return "_" }
        return missing ? "." : Character("\(1 + row % 9)")
      }
    }
    let fill = random.below(5)
    let method = GapRule.Method.allCases[random.below(3)]
    var whole = Written()
    drive(timelines, fill: fill, method: method, cut: [rows], &whole)
    for _ in 0..<5 {
      var cut = Written()
      var cuts: [Int] = []
      while cuts.reduce(0, +) < rows { cuts.append(1 + random.below(7)) }
      drive(timelines, fill: fill, method: method, cut: cuts, &cut)
      #expect(cut == whole)
    }
    #expect(whole.rows == rows, "each row is settled once")
  }

  @Test(arguments: 0..<300)
  func `holes and fills are those of the rule read literally`(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let fill = random.below(5)
    let method = GapRule.Method.allCases[random.below(3)]
    var lost = false
    let gone = (0..<60).map { _ in
      if random.below(7) == 0 { lost.toggle() }
      return lost
    }
    let timelines = (0..<1 + random.below(3)).map { _ in
      var missing = false
      return (0..<60).map { row -> Character in
        if random.below(4) == 0 { missing.toggle() }
        return gone[row] ? "_" : missing ? "." : Character("\(1 + row % 9)")
      }
    }
    var written = Written()
    drive(timelines, fill: fill, method: method, cut: [60], &written)
    #expect(written.fate == literally(timelines, fill: fill, method: method))
  }

  /// `-` a hole, `h` a row with something made up, `.` a row as it came. A run of missing samples of one channel is made
  /// up when it is short enough, has a sample after it and, but for zeros, one before; else its rows are holes.
  private func literally(_ timelines: [[Character]], fill: Int, method: GapRule.Method) -> String {
    var fate = Array(repeating: Character("."), count: timelines[0].count)
    for timeline in timelines {
      var row = 0
      while row < timeline.count {
        let end = timeline[row...].firstIndex { $0.isNumber } ?? timeline.count
        let isFilled = end - row <= fill && end < timeline.count && (row > 0 || method == .zero)
        for t in row..<end where fate[t] != "-" { fate[t] = isFilled ? "h" : "-" }
        row = end + 1
      }
    }
    return String(fate)
  }

  // MARK: driving

  struct Written: SettledRows, Equatable {
    var text = ""
    var values: [[Float]] = []
    var rows = 0
    private var madeUp: Set<Int64> = []
    /// A character a row, as `literally` writes it.
    var fate = ""

    mutating func samples(_ values: UnsafePointer<Float>, stride: Int, rows: Int, first: Int64) {
      #expect(first == Int64(self.rows))
      for t in 0..<rows {
        text += "\(Int(values[t]))" + (madeUp.contains(first + Int64(t)) ? "h" : "")
        self.values.append([values[t]])
        fate += madeUp.contains(first + Int64(t)) ? "h" : "."
      }
      self.rows += rows
    }
    mutating func filled(at index: Int64, samples: Int) { madeUp.insert(index) }
    mutating func hole(_ range: Range<Int64>, reason: GapReason) {
      #expect(range.lowerBound == Int64(rows))
      text += String(repeating: "-", count: range.count)
      fate += String(repeating: "-", count: range.count)
      rows += range.count
    }
  }

  private func settle(_ timelines: [String], fill: Int) -> String {
    var written = Written()
    drive(timelines.map(Array.init), fill: fill, method: .hold, cut: [timelines[0].count], &written)
    return written.text
  }

  private func drive(
    _ timelines: [[Character]], fill: Int, method: GapRule.Method, cut: [Int], _ written: inout Written
  ) {
    let filler = GapFiller(rule: GapRule(method: method, fill: fill, carry: 100), inputs: timelines.count)
    var state = filler.makeState()
    let rows = timelines[0].count
    var start = 0
    for length in cut {
      let end = min(start + length, rows)
      push(timelines, start..<end, filler, &state, &written)
      start = end
    }
    filler.flush(state: &state, to: &written)
  }

  private func push(
    _ timelines: [[Character]], _ range: Range<Int>, _ filler: GapFiller, _ state: inout GapFiller.State,
    _ written: inout Written
  ) {
    var start = range.lowerBound
    while start < range.upperBound {
      let gone = timelines[0][start] == "_"
      var end = start
      while end < range.upperBound, (timelines[0][end] == "_") == gone { end += 1 }
      if gone {
        filler.push(gap: Int64(start)..<Int64(end), state: &state, to: &written)
      } else {
        let values = timelines.flatMap { $0[start..<end].map { $0.wholeNumberValue.map(Float.init) ?? .nan } }
        let faults = values.map { $0.isNaN ? UInt8(1) : 0 }
        values.withUnsafeBufferPointer { values in
          faults.withUnsafeBufferPointer { faults in
            let block = PhysicalBlock(
              values: values.baseAddress!, faults: faults.baseAddress!, stride: end - start, rows: end - start,
              first: Int64(start), missing: faults.count { $0 != 0 })
            filler.push(block, state: &state, to: &written)
          }
        }
      }
      start = end
    }
  }
}
