import Glibc
import RunnelCore
import RunnelLabels
import Testing

/// Random annotation pairs with the counts that another program gave them; the files say which, and
/// python/golden/make_ec57_pairs.py says how they are laid out.
@Suite struct EC57GoldenTests {
  @Test func `scores agree with bxb of the WFDB software`() throws {
    let cases = try goldenCases("bxb.json")
    #expect(cases.count >= 50)
    for each in cases { check(each) }
  }

  @Test(.enabled(if: hasExpectations("pairs.json"), "pairs.json has no results of the independent implementation"))
  func `scores agree with the independent implementation`() throws {
    for each in try goldenCases("pairs.json") { check(each) }
  }

  private func check(_ golden: JSONValue) {
    let seed = golden["seed"]?.integer ?? -1
    guard let rate = golden["rate"]?.number, let length = golden["length"]?.integer,
      let learning = golden["learning_s"]?.number, let expected = golden["expected"],
      let map = BeatClassMap(rawValue: golden["class_map"]?.string ?? "")
    else {
      Issue.record("case \(seed) is not laid out as the script says")
      return
    }
    let matrix = BeatPairing(
      truth: annotations(golden["truth"]), test: annotations(golden["test"]), rate: rate, length: length,
      scoring: BeatScoring(classMap: map, learning: learning)
    ).matrix
    for (truth, test) in BeatMatrix.places {
      let cell = truth.rawValue + test.column
      #expect(matrix[truth, test] == Int(expected["matrix"]?[cell]?.integer ?? 0), "\(cell) of case \(seed)")
    }
    for question in BeatStatistics.Question.allCases {
      guard let figures = expected[question.rawValue] else { continue }
      let statistics = BeatStatistics(question, of: matrix)
      #expect(statistics.truePositive == figures["true_positive"]?.integer.map(Int.init), "\(question) of \(seed)")
      #expect(statistics.falseNegative == figures["false_negative"]?.integer.map(Int.init), "\(question) of \(seed)")
      #expect(statistics.falsePositive == figures["false_positive"]?.integer.map(Int.init), "\(question) of \(seed)")
    }
  }

  private func annotations(_ list: JSONValue?) -> [Annotation] {
    (list?.array ?? []).map { entry in
      let fields = entry.array!
      return Annotation(
        at: fields[0].integer!, code: AnnotationCode(symbol: Character(fields[1].string!))!,
        subtype: fields.count > 2 ? Int8(fields[2].integer!) : 0)
    }
  }
}

func goldenCases(_ name: String) throws -> [JSONValue] {
  let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(2).joined(separator: "/")
  let json = try JSONValue(parsing: text(of: root + "/Golden/ec57/" + name))
  return json["cases"]?.array ?? []
}

private func hasExpectations(_ name: String) -> Bool {
  let cases = (try? goldenCases(name)) ?? []
  return !cases.isEmpty && cases.allSatisfy { $0["expected"] != nil }
}

private func text(of path: String) throws -> String {
  let file = try #require(fopen(path, "r"), "\(path) is missing")
  defer { fclose(file) }
  var bytes: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 65536)
  while true {
    let count = fread(&buffer, 1, buffer.count, file)
    if count == 0 { return String(decoding: bytes, as: UTF8.self) }
    bytes += buffer[..<count]
  }
}
