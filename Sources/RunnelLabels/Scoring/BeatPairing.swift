import RunnelCore

/// Which beat of the truth is which beat of the test, for one record.
///
///     truth    N─────────V──────────N─────────          N
///     test      n─────────v────n─────n────────
///     pairs    Nn        Vv    On   Nn                  No
///
/// The two lists are walked together. The earlier of the two beats at hand looks at the other: they are a pair if they
/// are no farther apart than the window, unless the beat *after* the earlier one is as near or nearer to the other
/// beat, and has no still nearer partner there itself (that one annotation of look-ahead; the last clause since bxb of
/// 24 November 2002). A beat left alone is paired with a pseudo-beat. EC57:1998, and bxb of WFDB 10.7.0, whose rules for the edges
/// of the test period are kept:
///
/// - The last test beat of the learning period may still match the first truth beat after it.
/// - A first test beat within a window after the learning period is left out where the one after it is nearer to the
///   first truth beat: its own beat lies in the learning period.
/// - A beat after the end of the record counts only as a partner.
///
/// Test beats without a partner inside flutter of the truth are left out, and counted. Flutter that the test declares
/// hides test beats in it and excuses nothing.
///
/// Where it differs from bxb on purpose: flutter or shutdown that is never ended lasts to the end (bxb forgets it where
/// there was an earlier one), any number of such spans between two beats is known (bxb: two), a flutter wave `!`
/// outside flutter is no beat (bxb takes it for one without a class), and with no learning period a beat at sample 0
/// counts.
public struct BeatPairing: Sendable {
  public struct Pair: Sendable, Hashable {
    public var truth: BeatClass
    public var test: BeatClass
    /// Sample index of the beat of the truth; nil for a pseudo-beat.
    public var truthAt: Int64?
    public var testAt: Int64?
  }

  public private(set) var pairs: [Pair] = []
  /// Unmatched test beats inside flutter of the truth.
  public private(set) var ignoredInFlutter = 0

  private let truth: BeatTrack
  private let test: BeatTrack
  private let window: Int64
  /// The beats at hand.
  private var i = 0
  private var j = 0

  /// - Parameters:
  ///   - rate: samples per second, of both lists.
  ///   - length: samples in the record; nil where nobody knows, and then the last beat of the truth is the end.
  public init(
    truth: [Annotation], test: [Annotation], rate: Double, length: Int64?, scoring: BeatScoring = BeatScoring()
  ) {
    precondition(rate > 0, "a record has a rate")
    window = scoring.samples(scoring.window, at: rate)
    self.truth = BeatTrack(truth, classMap: scoring.classMap, window: window)
    self.test = BeatTrack(test, classMap: scoring.classMap, window: window)
    begin(at: scoring.samples(scoring.learning, at: rate))
    while goesOn(until: length) { advance() }
  }

  /// The pairs, counted.
  public var matrix: BeatMatrix {
    var matrix = BeatMatrix()
    for pair in pairs { matrix[pair.truth, pair.test] += 1 }
    return matrix
  }

  private mutating func begin(at start: Int64) {
    guard start > 0 else { return }
    while truth.at(i) < start { i += 1 }
    while test.at(j) < start { j += 1 }
    let first = truth.at(i)
    if j > 0, first - test.at(j - 1) < distance(first, test.at(j)), first - test.at(j - 1) <= window {
      j -= 1
      match()
    } else if test.at(j) - start <= window, distance(first, test.at(j + 1)) < distance(first, test.at(j)) {
      j += 1
    }
  }

  private func goesOn(until length: Int64?) -> Bool {
    guard let length, length > 0 else { return truth.at(i) != BeatTrack.never }
    return truth.at(i) <= length || test.at(j) <= length
  }

  private mutating func advance() {
    let (a, nextA) = (truth.at(i), truth.at(i + 1))
    let (b, nextB) = (test.at(j), test.at(j + 1))
    if b < a {
      let rival = distance(a, nextB)
      if a - b <= window, a - b < rival || distance(nextA, nextB) < rival { match() } else { leaveTest() }
    } else {
      let rival = distance(b, nextA)
      if b - a <= window, b - a < rival || distance(nextA, nextB) < rival { match() } else { leaveTruth() }
    }
  }

  private mutating func match() {
    let (a, b) = (truth.beats[i], test.beats[j])
    pairs.append(Pair(truth: a.beat, test: b.beat, truthAt: a.at, testAt: b.at))
    i += 1
    j += 1
  }

  private mutating func leaveTest() {
    let b = test.beats[j]
    if let pseudo = truth.pseudoBeat(at: b.at) {
      pairs.append(Pair(truth: pseudo, test: b.beat, truthAt: nil, testAt: b.at))
    } else {
      ignoredInFlutter += 1
    }
    j += 1
  }

  private mutating func leaveTruth() {
    let a = truth.beats[i]
    let pseudo: BeatClass = test.pseudoBeat(at: a.at) == .shutdown ? .shutdown : .nothing
    pairs.append(Pair(truth: a.beat, test: pseudo, truthAt: a.at, testAt: nil))
    i += 1
  }

  private func distance(_ a: Int64, _ b: Int64) -> Int64 { abs(a - b) }
}
