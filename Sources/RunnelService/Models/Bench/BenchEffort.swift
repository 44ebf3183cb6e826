/// How much time a bench may take.
public struct BenchEffort: Sendable, Hashable {
  public var secondsPerPoint: Double
  public var secondsForLimits: Double

  public init(secondsPerPoint: Double, secondsForLimits: Double) {
    self.secondsPerPoint = secondsPerPoint
    self.secondsForLimits = secondsForLimits
  }

  public static let usual = BenchEffort(secondsPerPoint: 1, secondsForLimits: 1)
  public static let quick = BenchEffort(secondsPerPoint: 0.1, secondsForLimits: 0.2)

  /// What reading so many weights takes on this machine.
  public func secondsToRead(_ bytes: Int, _ clock: Clock = .system) -> Double {
    MachineLimits.secondsToRead(bytes, Stopwatch(clock, seconds: secondsForLimits / 5))
  }

  public static let rowLimit = 65536
  public static let usualRows = [1, 4, 16, 64, 256]

  /// Row counts as an option gives them: `1,8,64`.
  ///
  /// - Throws: `ServiceError` (64).
  public static func rows(_ text: String) throws(ServiceError) -> [Int] {
    var counts: [Int] = []
    for word in text.split(separator: ",", omittingEmptySubsequences: false) {
      guard let count = Int(word), (1...rowLimit).contains(count) else {
        throw ServiceError(.usage, "--rows \(text): give counts of 1 to \(rowLimit) with commas between, as in 1,8,64")
      }
      counts.append(count)
    }
    return counts
  }
}
