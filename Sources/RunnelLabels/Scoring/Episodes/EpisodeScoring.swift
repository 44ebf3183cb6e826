/// How two lists of episodes are compared: as ANSI/AAMI EC57 does with atrial and ventricular fibrillation, and epicmp of
/// the WFDB software, for any labels.
public struct EpisodeScoring: Sendable, Hashable {
  /// Seconds at the start that are not compared.
  public var learning: Double
  /// Labels that are no episode of anything.
  public var background: Set<String>
  /// The labels that are compared; empty compares all but the background.
  public var labels: [String]
  /// What labels of either side are called here, where that is something else.
  public var names: [String: String]
  /// Stretches of the truth with these labels are left out on both sides.
  public var ignored: Set<String>
  /// Seconds; shorter episodes are not counted, though they may find others, as with epicmp -i.
  public var shortest: Double
  /// The part of an episode that the other side's must cover, 0...1, for it to count as found; 0 is a single row.
  public var coverage: Double
  /// A record counts in a mean only with at least so many episodes of the label.
  public var fewestForMean: Int

  public init(
    learning: Double = 300, background: Set<String> = ["none", "unknown"], labels: [String] = [],
    names: [String: String] = [:], ignored: Set<String> = [], shortest: Double = 0, coverage: Double = 0,
    fewestForMean: Int = 1
  ) {
    self.learning = learning
    self.background = background
    self.labels = labels
    self.names = names
    self.ignored = ignored
    self.shortest = shortest
    self.coverage = coverage
    self.fewestForMean = fewestForMean
  }

  /// Under the names of this comparison, without the background and what is not compared; `ignored` stays.
  func compared(_ episodes: [Episode]) -> [Episode] {
    let named = episodes.compactMap { episode -> Episode? in
      var episode = episode
      episode.label = names[episode.label] ?? episode.label
      if ignored.contains(episode.label) { return episode }
      let isWanted = labels.isEmpty ? !background.contains(episode.label) : labels.contains(episode.label)
      return isWanted ? episode : nil
    }
    return named.joined()
  }

  /// Seconds as rows, rounded half up.
  func rows(_ seconds: Double, at rate: Double) -> Int64 { Int64((seconds * rate + 0.5).rounded(.down)) }
}
