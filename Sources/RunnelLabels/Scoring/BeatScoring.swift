/// How two lists of beats are compared: ANSI/AAMI EC57, as bxb of the WFDB software carries it out.
public struct BeatScoring: Sendable, Hashable {
  public var classMap: BeatClassMap
  /// Seconds between two beats that may still be the same one.
  public var window: Double
  /// Seconds at the start in which a detector may learn; they are not scored.
  public var learning: Double
  /// A record counts in a mean only with at least so many beats of the class.
  public var fewestForMean: Int
  /// The test's beats lie where those of the truth do, so that classes alone are judged, and QRS says nothing.
  public var usesReferenceBeats: Bool

  public init(
    classMap: BeatClassMap = .aami, window: Double = 0.15, learning: Double = 300, fewestForMean: Int = 10,
    usesReferenceBeats: Bool = false
  ) {
    self.usesReferenceBeats = usesReferenceBeats
    self.classMap = classMap
    self.window = window
    self.learning = learning
    self.fewestForMean = fewestForMean
  }

  /// Seconds as samples, rounded half up as WFDB's strtim does.
  func samples(_ seconds: Double, at rate: Double) -> Int64 { Int64((seconds * rate + 0.5).rounded(.down)) }
}
