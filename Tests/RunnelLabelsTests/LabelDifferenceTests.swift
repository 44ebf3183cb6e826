import RunnelLabels
import Testing

/// Two lists of labels, drawn as `N18 V77`; what is told of them worked out by hand.
@Suite struct LabelDifferenceTests {
  private func marks(_ text: String, channel: String? = nil, stream: String? = nil) -> [LabelMark] {
    text.split(separator: " ").map { word in
      let parts = word.split(separator: "/")
      let at = parts[0].drop { $0.isLetter }
      return LabelMark(
        at: Int64(at) ?? -1, label: String(parts[0].prefix { $0.isLetter }), p: parts.count > 1 ? Float(parts[1]) : nil,
        lane: LabelMark.Lane(stream: stream, channel: channel))
    }
  }

  private func words(_ marks: [LabelMark]) -> String { marks.map { "\($0.label)\($0.at)" }.joined(separator: " ") }

  private func words(_ difference: LabelDifference) -> String {
    let pairs = difference.differing.map { "\($0.a.label)\($0.a.at)~\($0.b.label)\($0.b.at)" }
    return
      "\(difference.same) | \(pairs.joined(separator: " ")) | \(words(difference.onlyA)) | \(words(difference.onlyB))"
  }

  @Test(arguments: [
    ("N18 V77", "N18 V77", 0, "2 |  |  | "),
    ("N18 V77", "V77 N18", 0, "2 |  |  | "),
    ("N18", "N19", 0, "0 |  | N18 | N19"),
    ("N18", "N19", 1, "1 |  |  | "),
    ("N18 V77", "N18 N77", 0, "1 | V77~N77 |  | "),
    ("N18 V77 N203", "N18 N78 N120 N205", 2, "2 | V77~N78 |  | N120"),
    // Two of one place, in another order: nothing differs.
    ("N100 V101", "V100 N101", 2, "2 |  |  | "),
    // The nearer one is the partner, from either side.
    ("N100 N104", "N105", 10, "1 |  | N100 | "),
    ("N105", "N100 N104", 10, "1 |  |  | N100"),
    // A label is paired once only.
    ("N100", "N99 N101", 5, "1 |  |  | N101"),
    ("", "N1", 0, "0 |  |  | N1"),
    ("", "", 0, "0 |  |  | "),
  ])
  func `labels are paired by place, name and nearness`(a: String, b: String, rows: Int64, told: String) {
    let difference = LabelDifference(marks(a), marks(b), tolerance: .init(rows: rows))
    #expect(words(difference) == told)
    #expect(
      difference.isEmpty
        == (difference.differing.isEmpty && a.split(separator: " ").count == difference.same
          && b.split(separator: " ").count == difference.same))
  }

  @Test func `scores count where both sides have them, and only beyond their tolerance`() {
    let (a, b) = (marks("N18/0.9 V77/0.5"), marks("N18/0.8 V77"))
    let strict = LabelDifference(a, b)
    #expect(strict.differing.map(\.differences) == [[.score]])
    #expect(LabelDifference(a, b, tolerance: .init(score: 0.11)).isEmpty)
  }

  @Test func `a length beyond the tolerance differs`() {
    let a = [LabelMark(at: 10, extent: .rows(100), label: "AF")]
    let b = [LabelMark(at: 11, extent: .rows(103), label: "AF")]
    #expect(LabelDifference(a, b, tolerance: .init(rows: 2)).differing.map(\.differences) == [[.length]])
    #expect(LabelDifference(a, b, tolerance: .init(rows: 3)).isEmpty)
  }

  @Test func `labels of two lanes are never a pair`() {
    let a = marks("N18", channel: "MLII") + marks("V18", channel: "V1")
    let b = marks("V18", channel: "MLII") + marks("N18", channel: "V1")
    #expect(LabelDifference(a, b).differing.count == 2)
  }

  @Test func `what one file does not say tells no lanes apart, nor does a stream under another name`() {
    #expect(LabelDifference(marks("N18", channel: "MLII"), marks("N18")).isEmpty)
    #expect(LabelDifference(marks("N18", stream: "bed7"), marks("N18", stream: "119")).isEmpty)
    let two = marks("N18", stream: "a") + marks("N18", stream: "b")
    #expect(LabelDifference(two, marks("N18", stream: "a")).onlyA.count == 1)
  }

  @Test func `swapping the files swaps what is told`() {
    let (a, b) = (marks("N1 N5 V9 N14 S20"), marks("N2 V6 V9 N19"))
    let (there, back) = (
      LabelDifference(a, b, tolerance: .init(rows: 3)), LabelDifference(b, a, tolerance: .init(rows: 3))
    )
    #expect(
      there.same == back.same && words(there.onlyA) == words(back.onlyB) && words(there.onlyB) == words(back.onlyA))
    #expect(there.differing.count == back.differing.count)
  }
}
