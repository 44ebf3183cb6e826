import RunnelCore

/// The five beat classes of AAMI EC57 and the two pseudo-beats that stand where one side has nothing.
public enum BeatClass: String, Sendable, CaseIterable {
  case normal = "N"
  case supraventricular = "S"
  case ventricular = "V"
  case fusion = "F"
  case unclassified = "Q"
  /// No beat: the partner of a missed beat, or of a detection without one.
  case nothing = "O"
  /// The same where the other side had declared that its signal could not be read.
  case shutdown = "X"

  public var isBeat: Bool { self != .nothing && self != .shutdown }

  /// As the columns of the matrix name it.
  public var column: String { rawValue.lowercased() }
}

/// Which annotation codes make which class; the report names it, because papers differ.
public enum BeatClassMap: String, Sendable, CaseIterable {
  /// The five groups that papers use: escape beats of the atria and the node (e, j) are N.
  case aami
  /// That of bxb, the comparator of the WFDB software: e and j are S.
  case bxb

  /// The class of a beat; nil for an annotation that is not one.
  public subscript(code: AnnotationCode) -> BeatClass? {
    switch code.symbol {
    case "e", "j": self == .bxb ? .supraventricular : .normal
    case "N", "L", "R", "B": .normal
    case "A", "a", "J", "S", "n": .supraventricular
    case "V", "E", "r": .ventricular
    case "F": .fusion
    case "/", "f", "Q", "?": .unclassified
    default: nil
    }
  }

  /// The symbols of each class, in words for the report: `N L R B e j`.
  public func symbols(of beat: BeatClass) -> String {
    "NLRBejAaJSnVErF/fQ?".filter { symbol in AnnotationCode(symbol: symbol).flatMap { self[$0] } == beat }
      .map(String.init).joined(separator: " ")
  }
}
