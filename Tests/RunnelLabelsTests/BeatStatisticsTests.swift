import RunnelCore
import RunnelLabels
import Testing

/// A matrix whose every place has its own power of two, so that a sum tells which places are in it.
private func distinctMatrix() -> BeatMatrix {
  var matrix = BeatMatrix()
  for (index, place) in BeatMatrix.places.enumerated() { matrix[place.truth, place.test] = 1 << index }
  return matrix
}

private func places(_ sum: Int) -> String {
  BeatMatrix.places.enumerated().filter { sum & 1 << $0.offset != 0 }
    .map { $0.element.truth.rawValue + $0.element.test.column }.joined(separator: " ")
}

@Suite struct BeatStatisticsTests {
  @Test func `a matrix has 45 places and four that cannot be`() {
    #expect(BeatMatrix.places.count == 45)
    #expect(BeatMatrix.places.allSatisfy { $0.truth.isBeat || $0.test.isBeat })
  }

  @Test func `QRS asks whether there was a beat`() {
    let qrs = BeatStatistics(.qrs, of: distinctMatrix())
    #expect(
      places(qrs.truePositive)
        == "Nn Ns Nv Nf Nq Sn Ss Sv Sf Sq Vn Vs Vv Vf Vq Fn Fs Fv Ff Fq Qn Qs Qv Qf Qq")
    #expect(places(qrs.falseNegative) == "No Nx So Sx Vo Vx Fo Fx Qo Qx")
    #expect(places(qrs.falsePositive) == "On Os Ov Of Oq Xn Xs Xv Xf Xq")
  }

  @Test func `F and Q called V are no false positives of V`() {
    let v = BeatStatistics(.ventricular, of: distinctMatrix())
    #expect(places(v.truePositive) == "Vv")
    #expect(places(v.falseNegative) == "Vn Vs Vf Vq Vo Vx")
    #expect(places(v.falsePositive) == "Nv Sv Ov Xv")
  }

  @Test func `Q called S is no false positive of S`() {
    let s = BeatStatistics(.supraventricular, of: distinctMatrix())
    #expect(places(s.truePositive) == "Ss")
    #expect(places(s.falseNegative) == "Sn Sv Sf Sq So Sx")
    #expect(places(s.falsePositive) == "Ns Vs Fs Os Xs")
  }

  @Test func `N counts as S does`() {
    let n = BeatStatistics(.normal, of: distinctMatrix())
    #expect(places(n.truePositive) == "Nn")
    #expect(places(n.falseNegative) == "Ns Nv Nf Nq No Nx")
    #expect(places(n.falsePositive) == "Sn Vn Fn On Xn")
  }

  @Test func `figures are fractions and undefined where nothing is divided`() {
    var matrix = BeatMatrix()
    matrix[.ventricular, .ventricular] = 3
    matrix[.ventricular, .nothing] = 1
    matrix[.normal, .supraventricular] = 2
    let v = BeatStatistics(.ventricular, of: matrix)
    #expect(v.sensitivity == 0.75 && v.positivePredictivity == 1)
    let s = BeatStatistics(.supraventricular, of: matrix)
    #expect(s.sensitivity == nil && s.positivePredictivity == 0)
    #expect(BeatStatistics(.qrs, of: BeatMatrix()).sensitivity == nil)
  }
}

@Suite struct ScoreReportTests {
  private func matrix(_ counts: [(BeatClass, BeatClass, Int)]) -> BeatMatrix {
    var matrix = BeatMatrix()
    for (truth, test, count) in counts { matrix[truth, test] = count }
    return matrix
  }

  private var report: ScoreReport {
    ScoreReport(records: [
      .init(
        name: "100",
        matrix: matrix([(.normal, .normal, 90), (.ventricular, .ventricular, 5), (.ventricular, .normal, 5)]),
        ignoredInFlutter: 2),
      .init(
        name: "101",
        matrix: matrix([(.normal, .normal, 8), (.ventricular, .ventricular, 1), (.nothing, .ventricular, 3)]),
        ignoredInFlutter: 1),
      .init(name: "102", matrix: matrix([(.ventricular, .normal, 20)]), ignoredInFlutter: 0),
    ])
  }

  @Test func `gross figures are those of the added matrices`() {
    let v = BeatStatistics(.ventricular, of: report.gross)
    #expect(v.truePositive == 6 && v.falseNegative == 25 && v.falsePositive == 3)
    #expect(report.ignoredInFlutter == 3)
  }

  @Test func `a mean is over records with at least ten such beats`() {
    let v = report.mean(.ventricular)
    #expect(v.records == 2)
    #expect(v.sensitivity == 0.25)
    // Record 102 called nothing V, so its predictivity is undefined and not in the mean.
    #expect(v.positivePredictivity == 1)
    #expect(report.mean(.normal).records == 1)
    #expect(report.mean(.supraventricular).records == 0 && report.mean(.supraventricular).sensitivity == nil)
    #expect(report.mean(.qrs).records == 2)
  }

  @Test func `the JSON has gross, records and mean with null where a figure is undefined`() throws {
    var writer = JSONWriter()
    report.json(into: &writer)
    let json = try JSONValue(parsing: writer.text)
    #expect(json["gross"]?["V"]?["true_positive"]?.integer == 6)
    #expect(json["gross"]?["V"]?["sensitivity"]?.number == 6.0 / 31)
    #expect(json["gross"]?["S"]?["sensitivity"] == .null)
    #expect(json["gross"]?["matrix"]?["Vn"]?.integer == 25)
    #expect(json["gross"]?["matrix"]?.members?.count == 45)
    #expect(json["gross"]?["ignored_in_flutter"]?.integer == 3)
    #expect(json["records"]?.array?.compactMap { $0["record"]?.string } == ["100", "101", "102"])
    #expect(json["records"]?.array?[1]["V"]?["positive_predictivity"]?.number == 0.25)
    #expect(json["mean"]?["V"]?["records"]?.integer == 2)
    #expect(json["scoring"]?["class_map"]?.string == "aami")
    #expect(json["scoring"]?["classes"]?["N"]?.string == "N L R B e j")
  }

  @Test func `the table names the class map and aligns its columns`() {
    let lines = report.table.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    #expect(lines[1] == "class map aami: N = N L R B e j, S = A a J S n, V = V E r, F = F, Q = / f Q ?")
    #expect(lines[4] == "truth       n       s       v       f       q       o       x   (detected as)")
    #expect(lines[5] == "    N      98       0       0       0       0       0       0")
    #expect(lines[7] == "    V      25       0       6       0       0       0       0")
    #expect(lines[10] == "    O       0       0       3       0       0")
    #expect(lines[17] == "  V        19.35         66.67         6        25         3     25.00    100.00  of 2")
    #expect(lines[20] == "100      100.00   100.00   100.00    94.74        -        -    50.00   100.00")
  }
}
