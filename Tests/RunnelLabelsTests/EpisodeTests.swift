import RunnelCore
import RunnelLabels
import Testing

/// Episodes drawn as lines, a letter a second at one row a second; what comes of them worked out by hand.
@Suite struct EpisodeTests {
  /// `..aaa..b`: a label is a letter, `.` is none.
  private func episodes(_ line: String) -> [Episode] {
    var episodes: [Episode] = []
    for (at, letter) in line.enumerated() where letter != "." {
      episodes.append(Episode(String(letter), Int64(at)..<Int64(at + 1)))
    }
    return episodes
  }

  private func compare(_ truth: String, _ test: String, _ scoring: EpisodeScoring = .init(learning: 0))
    -> EpisodeComparison
  {
    EpisodeComparison(
      truth: episodes(truth), test: episodes(test), rate: 1, length: Int64(truth.count), scoring: scoring)
  }

  /// found of true, right of called, covered seconds of each.
  private func counts(_ statistics: EpisodeStatistics?) -> [Int] {
    guard let found = statistics else { return [] }
    return [found.truthFound, found.truthCount, found.testRight, found.testCount]
  }

  @Test func `an episode is found where one of the other side overlaps it, however little`() throws {
    let a = compare("aaaa..aaaa..aa..", "...aaa.......aa.").statistics["a"]
    #expect(counts(a) == [2, 3, 2, 2])
    #expect(a?.truthSeconds == 10 && a?.testSeconds == 5 && a?.truthCovered == 2 && a?.testCovered == 2)
    #expect(a?.sensitivity == 2.0 / 3 && a?.positivePredictivity == 1)
    #expect(a?.durationSensitivity == 0.2 && a?.durationPredictivity == 0.4)
  }

  @Test func `one that only touches is not found`() {
    #expect(counts(compare("aaa.....", "...aaa..").statistics["a"]) == [0, 1, 0, 1])
  }

  @Test func `one call may find several, and several calls one`() {
    #expect(counts(compare("aa..aa..aa", "aaaaaaaaaa").statistics["a"]) == [3, 3, 1, 1])
    #expect(counts(compare("aaaaaaaaaa", "aa..aa..aa").statistics["a"]) == [1, 1, 3, 3])
  }

  @Test func `labels are compared each by itself, and one side alone gives figures that are undefined`() {
    let comparison = compare("aaaa....", "....bbbb")
    #expect(counts(comparison.statistics["a"]) == [0, 1, 0, 0] && counts(comparison.statistics["b"]) == [0, 0, 0, 1])
    #expect(comparison.statistics["a"]?.positivePredictivity == nil && comparison.statistics["a"]?.sensitivity == 0)
    #expect(comparison.statistics["b"]?.sensitivity == nil && comparison.statistics["b"]?.durationPredictivity == 0)
  }

  @Test func `an onset is late by so many seconds, early by a negative number, and of a pair only`() {
    #expect(compare("..aaaa..aaaa..aa", "....aa.aaaaa....").statistics["a"]?.onsetErrors == [2, -1])
    // The call that began in the first says nothing of the second's onset; the second call in the first is no onset.
    #expect(compare("aaaa.aaaa.", ".a.aaaaaa.").statistics["a"]?.onsetErrors == [1])
  }

  @Test func `quantiles of onsets lie between the values beside them`() {
    var statistics = EpisodeStatistics()
    #expect(statistics.onsetError(quantile: 0.5) == nil)
    statistics.onsetErrors = [4, 1, 2, 8]
    // numpy.quantile([4, 1, 2, 8], [0, .25, .5, .95, 1])
    for (quantile, value) in [(0, 1.0), (0.25, 1.75), (0.5, 3), (0.95, 7.4), (1, 8)] {
      #expect(abs((statistics.onsetError(quantile: quantile) ?? -1) - value) < 1e-12)
    }
  }

  @Test func `what lies before the learning period's end is cut off, and its onset is unknown`() {
    let a = compare("aaaa..aa", "..aa..aa", .init(learning: 3)).statistics["a"]
    #expect(counts(a) == [2, 2, 2, 2] && a?.truthSeconds == 3 && a?.onsetErrors == [0])
  }

  @Test func `half of an episode must be covered where that is asked for`() {
    let (truth, test) = ("aaaa..aaaa", "aa....a...")
    #expect(counts(compare(truth, test, .init(learning: 0, coverage: 0.5)).statistics["a"]) == [1, 2, 2, 2])
    #expect(counts(compare(truth, test, .init(learning: 0, coverage: 0.6)).statistics["a"]) == [0, 2, 2, 2])
  }

  @Test func `short ones are not counted, but find others`() {
    let a = compare("aaaaa...aa", ".a......aa", .init(learning: 0, shortest: 3)).statistics["a"]
    #expect(counts(a) == [1, 1, 0, 0])
  }

  @Test func `stretches that are ignored count neither way`() {
    let comparison = compare("aaxxaa..xx", "aaaaaaa.aa", .init(learning: 0, ignored: ["x"]))
    let a = comparison.statistics["a"]
    // Two true ones, apart; a call with a hole in it is one, and the last lies in what is ignored.
    #expect(counts(a) == [2, 2, 1, 1] && a?.testSeconds == 5 && a?.testCovered == 4)
    #expect(comparison.matrix["a", "a"] == 4 && comparison.matrix[nil, "a"] == 1 && comparison.matrix[nil, nil] == 1)
  }

  @Test func `labels are renamed, chosen, and left aside as background`() {
    let scoring = EpisodeScoring(learning: 0, background: ["n"], names: ["A": "a"])
    #expect(compare("nnAAnn", "nnaann", scoring).statistics.keys.sorted() == ["a"])
    #expect(compare("nnAAbb", "nnaabb", .init(learning: 0, labels: ["b"])).statistics.keys.sorted() == ["b"])
  }

  @Test func `every second is shared out once`() {
    let comparison = compare("aaabbb..", ".aaab..b")
    let matrix = comparison.matrix
    #expect(matrix.labels == ["a", "b"])
    #expect(matrix["a", nil] == 1 && matrix["a", "a"] == 2 && matrix["b", "a"] == 1 && matrix["b", "b"] == 1)
    #expect(matrix["b", nil] == 1 && matrix[nil, nil] == 1 && matrix[nil, "b"] == 1)
  }

  @Test func `where one side says two things the one that began last speaks`() {
    let comparison = EpisodeComparison(
      truth: [Episode("a", 0..<10), Episode("b", 4..<6)], test: [], rate: 1, length: 10, scoring: .init(learning: 0))
    #expect(comparison.matrix["a", nil] == 8 && comparison.matrix["b", nil] == 2)
  }

  @Test(arguments: 0..<20)
  func `figures are those of sets of rows, whatever the episodes`(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    func line() -> String { String((0..<400).map { _ in "..aab"[random.below(5)] }) }
    let (truth, test) = (line(), line())
    let comparison = compare(truth, test)
    for label in ["a", "b"] {
      let sides = [truth, test].map { line in
        Set(line.enumerated().filter { String($0.element) == label }.map(\.offset))
      }
      let found = comparison.statistics[label]
      #expect(found?.truthSeconds == Double(sides[0].count) && found?.testSeconds == Double(sides[1].count))
      #expect(found?.truthCovered == Double(sides[0].intersection(sides[1]).count))
      #expect(comparison.matrix[label, label] == Double(sides[0].intersection(sides[1]).count))
    }
  }

  // MARK: where episodes come from

  @Test func `states, labels that hold until the next, and breaks make episodes`() {
    func list(_ marks: [LabelMark], breaks: [Int64] = []) -> [String] {
      Episode.list(of: marks, breaks: breaks, end: 100).episodes.map { "\($0.label) \($0.onset)..<\($0.end)" }
    }
    #expect(
      list([.init(at: 5, extent: .rows(10), label: "a"), .init(at: 90, extent: .open, label: "a")]) == [
        "a 5..<15", "a 90..<100",
      ])
    let until = [0, 10, 30].map { LabelMark(at: $0, extent: .untilNext, label: $0 == 10 ? "b" : "a") }
    #expect(list(until) == ["a 0..<10", "b 10..<30", "a 30..<100"])
    #expect(list(until, breaks: [20, 50]) == ["a 0..<10", "b 10..<20", "a 30..<50"])
    #expect(Episode.list(of: [.init(at: 5, label: "N")], end: 100).points == 1)
  }

  @Test func `rhythm changes, flutter and marks with a length of the MIT format and others make episodes`() {
    func annotation(_ at: Int64, _ symbol: Character, _ text: String = "", length: Int64 = 0) -> Annotation {
      Annotation(at: at, code: AnnotationCode(symbol: symbol)!, text: text, length: length)
    }
    let marks = LabelMark.list([
      annotation(10, "+", "(AFIB\0"), annotation(12, "N"), annotation(20, "["), annotation(22, "!"),
      annotation(25, "]"),
      annotation(40, "+", "(N"), annotation(60, "\"", "Sleep stage W", length: 30), annotation(95, "["),
    ])
    let (episodes, points) = Episode.list(of: marks, end: 100)
    #expect(
      episodes.map { "\($0.label) \($0.onset)..<\($0.end)" } == [
        "AFIB 10..<40", "VF 20..<25", "N 40..<100", "Sleep stage W 60..<90", "VF 95..<100",
      ])
    #expect(points == 2)
  }

  @Test func `rows that no recording has are reckoned with all the same`() {
    let far = [Int64.min, .max].map { LabelMark(at: $0, extent: .rows(.max), label: "a") }
    let (episodes, _) = Episode.list(of: far, end: 100)
    let found = EpisodeComparison(truth: episodes, test: episodes, rate: 1, length: 100, scoring: .init(learning: 0))
    #expect(episodes.count == 2 && found.statistics.isEmpty && found.matrix[nil, nil] == 100)
    #expect(LabelDifference(far, far).isEmpty && LabelDifference([far[0]], [far[1]]).onlyA.count == 1)
  }

  // MARK: reports

  @Test func `records are added up, and means are over those that have the label`() {
    let report = EpisodeReport(
      records: [("one", "aaaa....", "..aa...."), ("two", "....aa..", "........"), ("three", "........", "a.......")].map
      {
        .init(name: $0, comparison: compare($1, $2))
      })
    #expect(counts(report.gross["a"]) == [1, 2, 1, 2])
    #expect(report.mean(.sensitivity, of: "a") == 0.5 && report.mean(.positivePredictivity, of: "a") == 1)
    #expect(report.matrix[nil, nil] == 4 + 6 + 7)
    let lines = report.table.split(separator: "\n").map(String.init)
    #expect(lines[3].split(separator: " ").prefix(9) == ["a", "2", "1", "2", "1", "50.00", "50.00", "33.33", "66.67"])
  }

  @Test func `the JSON of a report has every figure, null where it is undefined`() throws {
    let report = EpisodeReport(records: [.init(name: "one", comparison: compare("..aaaa..", "...aa..b"))])
    var writer = JSONWriter()
    report.json(into: &writer)
    let json = try JSONValue(parsing: writer.text)
    #expect(json["gross"]?["a"]?["sensitivity"]?.number == 1 && json["gross"]?["b"]?["sensitivity"] == .null)
    #expect(json["gross"]?["a"]?["onset_error_s"]?["p50"]?.number == 1)
    #expect(json["records"]?.array?.first?["labels"]?["a"]?["true_s"]?.number == 4)
    #expect(json["records"]?.array?.first?["matrix_s"]?.array?.count == 9)
    #expect(json["matrix_s"]?.array?.count == 9 && json["scoring"]?["learning_s"]?.number == 300)
  }
}

extension String {
  fileprivate subscript(offset: Int) -> Character { self[index(startIndex, offsetBy: offset)] }
}
