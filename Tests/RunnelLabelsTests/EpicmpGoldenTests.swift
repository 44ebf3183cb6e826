import RunnelCore
import RunnelLabels
import Testing

/// Random lists of episodes with the counts that epicmp gave them; python/golden/make_epicmp_pairs.py says how the file
/// is laid out.
@Suite struct EpicmpGoldenTests {
  @Test func `episodes are counted as epicmp of the WFDB software does`() throws {
    let cases = try goldenCases("epicmp.json")
    #expect(cases.count >= 50)
    for each in cases { check(each) }
  }

  private func check(_ golden: JSONValue) {
    let seed = golden["seed"]?.integer ?? -1
    guard let rate = golden["rate"]?.number, let length = golden["length"]?.integer,
      let learning = golden["learning_s"]?.number, let shortest = golden["shortest_s"]?.number
    else {
      Issue.record("case \(seed) is not laid out as the script says")
      return
    }
    let (truth, test) = (episodes(golden["truth"], length), episodes(golden["test"], length))
    for label in ["AFIB", "VF"] {
      let comparison = EpisodeComparison(
        truth: truth, test: test, rate: rate, length: length,
        scoring: EpisodeScoring(
          learning: learning, labels: [label], shortest: shortest))
      let found = comparison.statistics[label] ?? EpisodeStatistics()
      let counts = [
        "found": found.truthFound, "missed": found.truthCount - found.truthFound, "right": found.testRight,
        "wrong": found.testCount - found.testRight,
      ]
      let seconds = ["covered_s": found.testCovered, "true_s": found.truthSeconds, "called_s": found.testSeconds]
      let expected = golden["expected"]?[label]
      for (key, count) in counts {
        #expect(expected?[key]?.integer == Int64(count), "\(key) of \(label) in case \(seed)")
      }
      for (key, value) in seconds {
        #expect(abs((expected?[key]?.number ?? -1) - value) < 0.0015, "\(key) of \(label) in case \(seed)")
      }
    }
  }

  private func episodes(_ list: JSONValue?, _ length: Int64) -> [Episode] {
    let annotations = (list?.array ?? []).map { entry in
      let fields = entry.array!
      return Annotation(
        at: fields[0].integer!, code: AnnotationCode(symbol: Character(fields[1].string!))!,
        text: fields.count > 2 ? fields[2].string! : "")
    }
    return Episode.list(of: LabelMark.list(annotations), end: length).episodes
  }
}
