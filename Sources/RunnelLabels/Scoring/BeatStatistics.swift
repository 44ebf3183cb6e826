/// Sensitivity and positive predictivity of one question asked of a matrix.
///
/// | question | true positives | false negatives | false positives |
/// |---|---|---|---|
/// | QRS: is there a beat? | any beat paired with any beat | columns o, x | rows O, X |
/// | V: is it ventricular? | Vv | rest of row V | Nv + Sv + Ov + Xv |
/// | S: is it supraventricular? | Ss | rest of row S | Ns + Vs + Fs + Os + Xs |
/// | N: is it normal? | Nn | rest of row N | Sn + Vn + Fn + On + Xn |
///
/// QRS, V and S as EC57 and bxb define them: a fusion beat or an unclassifiable one called V is no false positive, nor
/// is an unclassifiable one called S. EC57 has no figure for N; it follows S here.
public struct BeatStatistics: Sendable, Hashable {
  public enum Question: String, Sendable, CaseIterable {
    case qrs = "QRS"
    case normal = "N"
    case supraventricular = "S"
    case ventricular = "V"
  }

  public var truePositive: Int
  public var falseNegative: Int
  public var falsePositive: Int

  public init(_ question: Question, of matrix: BeatMatrix) {
    let beats = BeatClass.allCases.filter(\.isBeat)
    let pseudo: [BeatClass] = [.nothing, .shutdown]
    switch question {
    case .qrs:
      self.init(
        truePositive: matrix.sum(beats, beats), falseNegative: matrix.sum(beats, pseudo),
        falsePositive: matrix.sum(pseudo, beats))
    case .normal: self.init(.normal, mistakenFrom: [.supraventricular, .ventricular, .fusion], of: matrix)
    case .supraventricular: self.init(.supraventricular, mistakenFrom: [.normal, .ventricular, .fusion], of: matrix)
    case .ventricular: self.init(.ventricular, mistakenFrom: [.normal, .supraventricular], of: matrix)
    }
  }

  private init(_ beat: BeatClass, mistakenFrom others: [BeatClass], of matrix: BeatMatrix) {
    let right = matrix[beat, beat]
    self.init(
      truePositive: right, falseNegative: matrix.sum([beat], BeatClass.allCases) - right,
      falsePositive: matrix.sum(others + [.nothing, .shutdown], [beat]))
  }

  private init(truePositive: Int, falseNegative: Int, falsePositive: Int) {
    self.truePositive = truePositive
    self.falseNegative = falseNegative
    self.falsePositive = falsePositive
  }

  /// Beats of this kind in the truth.
  public var truthCount: Int { truePositive + falseNegative }

  /// A fraction; nil where the truth has no such beat.
  public var sensitivity: Double? { Self.fraction(truePositive, truthCount) }
  /// A fraction; nil where nothing was called so.
  public var positivePredictivity: Double? { Self.fraction(truePositive, truePositive + falsePositive) }

  private static func fraction(_ part: Int, _ whole: Int) -> Double? {
    whole > 0 ? Double(part) / Double(whole) : nil
  }
}
