/// Pairs counted: rows are the truth (N S V F Q O X), columns what was detected (n s v f q o x).
///
/// `matrix[.ventricular, .normal]` is what EC57 writes Vn: ventricular beats that were called normal.
public struct BeatMatrix: Sendable, Hashable {
  private var counts = [Int](repeating: 0, count: BeatClass.allCases.count * BeatClass.allCases.count)

  public init() {}

  public subscript(truth: BeatClass, test: BeatClass) -> Int {
    get { counts[Self.index(truth, test)] }
    set { counts[Self.index(truth, test)] = newValue }
  }

  public static func += (sum: inout BeatMatrix, other: BeatMatrix) {
    for index in sum.counts.indices { sum.counts[index] += other.counts[index] }
  }

  /// Row by row; the four places where both sides have nothing do not exist.
  public static let places: [(truth: BeatClass, test: BeatClass)] = BeatClass.allCases.flatMap { truth in
    BeatClass.allCases.filter { truth.isBeat || $0.isBeat }.map { (truth: truth, test: $0) }
  }

  /// The sum over all pairs of these rows and columns.
  func sum(_ truths: some Sequence<BeatClass>, _ tests: some Sequence<BeatClass>) -> Int {
    truths.reduce(0) { sum, truth in tests.reduce(sum) { $0 + self[truth, $1] } }
  }

  private static func index(_ truth: BeatClass, _ test: BeatClass) -> Int {
    ordinal(truth) * BeatClass.allCases.count + ordinal(test)
  }

  private static func ordinal(_ beat: BeatClass) -> Int {
    switch beat {
    case .normal: 0
    case .supraventricular: 1
    case .ventricular: 2
    case .fusion: 3
    case .unclassified: 4
    case .nothing: 5
    case .shutdown: 6
    }
  }
}
