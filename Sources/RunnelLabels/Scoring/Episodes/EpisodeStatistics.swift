/// What came of the episodes of one label: counts, and the figures made of them. Counts of several records are added.
///
/// | figure | of | EC57 |
/// |---|---|---|
/// | sensitivity | episodes of the truth that an episode of the test overlaps, among all of the truth | ESe |
/// | positive predictivity | episodes of the test that one of the truth overlaps, among all of the test | E+P |
/// | duration sensitivity | time in both, of the time in the truth | DSe |
/// | duration predictivity | time in both, of the time in the test | D+P |
///
/// ANSI/AAMI EC57:1998, 4.6 (atrial and ventricular fibrillation), as epicmp of WFDB 10.7.0 carries it out: found is what
/// is overlapped at all (`EpisodeScoring.coverage` may ask for more, as EC57 asks for half of an ST episode). One
/// episode of the test may find several of the truth, and several find one.
public struct EpisodeStatistics: Sendable, Hashable {
  public var truthCount = 0
  /// Of those, found.
  public var truthFound = 0
  public var testCount = 0
  /// Of those, right.
  public var testRight = 0
  /// Seconds.
  public var truthSeconds = 0.0
  public var testSeconds = 0.0
  /// Of those, what the other side has too.
  public var truthCovered = 0.0
  public var testCovered = 0.0
  /// Seconds by which the test's onset comes late (before: negative), of each pair of episodes. A pair is an episode of
  /// the truth and the first of the test that overlaps it, if it is also the first of the truth which that one overlaps: an
  /// alarm that runs on through two episodes has one onset. Left out where either began before the comparison did.
  public var onsetErrors: [Double] = []

  public init() {}

  public static func += (sum: inout EpisodeStatistics, other: EpisodeStatistics) {
    sum.truthCount += other.truthCount
    sum.truthFound += other.truthFound
    sum.testCount += other.testCount
    sum.testRight += other.testRight
    sum.truthSeconds += other.truthSeconds
    sum.testSeconds += other.testSeconds
    sum.truthCovered += other.truthCovered
    sum.testCovered += other.testCovered
    sum.onsetErrors += other.onsetErrors
  }

  // MARK: fractions; nil where nothing is divided

  public var sensitivity: Double? { Self.fraction(Double(truthFound), Double(truthCount)) }
  public var positivePredictivity: Double? { Self.fraction(Double(testRight), Double(testCount)) }
  public var durationSensitivity: Double? { Self.fraction(truthCovered, truthSeconds) }
  public var durationPredictivity: Double? { Self.fraction(testCovered, testSeconds) }

  private static func fraction(_ part: Double, _ whole: Double) -> Double? { whole > 0 ? part / whole : nil }

  /// A quantile of the onset errors, 0...1, linear between the two values beside it (type 7 of Hyndman and Fan, Sample
  /// quantiles in statistical packages, 1996; the usual one of NumPy); nil where there is no pair.
  public func onsetError(quantile: Double) -> Double? {
    let sorted = onsetErrors.sorted()
    guard let last = sorted.last else { return nil }
    let place = quantile * Double(sorted.count - 1)
    let below = Int(place.rounded(.down))
    guard below + 1 < sorted.count else { return last }
    return sorted[below] + (sorted[below + 1] - sorted[below]) * (place - Double(below))
  }
}
