import RunnelCore
import RunnelLabels
import RunnelPipeline

/// Which class a network is to give at each step: what the annotations say of the moment that the step speaks of.
///
///     annotation       │V at 1000
///     position(step)   …  990  993  996  999  1002  1005  1008  1011 …     (360 Hz → 120 Hz)
///     target           …   V    V    V    V     V     V     V     V  …     (width 80ms: ±14.4 samples)
///
/// A step's position is that of the label it would give, delay and lag of the conditioning taken off. Steps farther from
/// every beat than half the width are `none`. Between `[` and `]` (flutter) nobody annotated beats: nothing is known.
public struct TargetRule: Sendable, Hashable {
  public var map: BeatClassMap
  /// In the order of the network's outputs; y counts from 0.
  public var classes: [String]
  /// The class of steps without a beat; where it is none of `classes`, such steps are unknown.
  public var none: String
  /// Seconds around a beat in which it is the target.
  public var width: Double

  /// Every class that a map knows.
  public static let allClasses = ["N", "S", "V", "F", "Q"]

  /// - Throws: `ServiceError` (64) for classes that the map does not give.
  public init(
    map: BeatClassMap = .aami, classes: [String]? = nil, none: String = "none", width: Double = 0.08
  ) throws(ServiceError) {
    let classes = classes ?? [none] + Self.allClasses
    guard Set(classes).count == classes.count, classes.count > 1 else {
      throw ServiceError(
        .usage, "--classes \(classes.joined(separator: ",")): name two or more, each once")
    }
    if let stranger = classes.first(where: { $0 != none && !Self.allClasses.contains($0) }) {
      throw ServiceError(
        .usage,
        "the map \(map.rawValue) gives no class '\(stranger)': name some of \(([none] + Self.allClasses).joined(separator: ",")) with --classes"
      )
    }
    guard width >= 0, width.isFinite else {
      throw ServiceError(.usage, "--target-width \(Phrase.number(width)) s: give 0 s or more")
    }
    self.map = map
    self.classes = classes
    self.none = none
    self.width = width
  }

  /// The number of a class; nil for one that is not asked for.
  public func number(of beat: BeatClass) -> Int? { classes.firstIndex(of: beat.rawValue) }

  /// What is to be learned at a step; nil where nobody knows, or what is there is none of the classes.
  struct Truth {
    private let beats: [(at: Int64, number: Int?)]
    private let flutter: [ClosedRange<Int64>]
    private let none: Int?
    private let reach: Double
    /// The first beat that is not too early for the positions to come.
    private var next = 0

    /// - Parameters:
    ///   - annotations: of the record, in rows.
    ///   - rate: rows per second.
    init(_ annotations: [Annotation], rule: TargetRule, rate: Double) {
      let ordered = annotations.enumerated().sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }
      beats = ordered.compactMap { annotation in
        rule.map[annotation.element.code].map { (annotation.element.at, rule.number(of: $0)) }
      }
      var flutter: [ClosedRange<Int64>] = []
      var start: Int64?
      for (_, annotation) in ordered {
        if annotation.code.symbol == "[" { start = start ?? annotation.at }
        if annotation.code.symbol == "]", let first = start {
          flutter.append(first...annotation.at)
          start = nil
        }
      }
      if let start { flutter.append(start...Int64.max) }
      self.flutter = flutter
      none = rule.classes.firstIndex(of: rule.none)
      // A hair more, so that a width that is a whole number of samples reaches the last of them.
      reach = rule.width / 2 * rate + 1e-9
    }

    /// The class at a position; positions come in order. Of two beats the nearer counts, the earlier where they are as near.
    mutating func target(at position: Int64) -> Int? {
      if flutter.contains(where: { $0.contains(position) }) { return nil }
      while next < beats.count, Double(position - beats[next].at) > reach { next += 1 }
      var nearest: (distance: Int64, number: Int?)?
      var index = next
      while index < beats.count, Double(beats[index].at - position) <= reach {
        let distance = abs(beats[index].at - position)
        if nearest.map({ distance < $0.distance }) ?? true { nearest = (distance, beats[index].number) }
        index += 1
      }
      guard let nearest else { return none }
      return nearest.number
    }
  }

  /// Beats of each class that is asked for.
  func counts(_ annotations: [Annotation]) -> [Int] {
    var counts = [Int](repeating: 0, count: classes.count)
    for annotation in annotations {
      if let number = map[annotation.code].flatMap({ number(of: $0) }) { counts[number] += 1 }
    }
    return counts
  }
}
