/// One label as files of any kind know it: where it is, how long it holds, what it says, and how surely.
public struct LabelMark: Sendable, Hashable {
  public enum Extent: Sendable, Hashable {
    /// A beat, a click.
    case point
    /// Until the next label of its lane.
    case untilNext
    /// So many rows from `at` on.
    case rows(Int64)
    /// Its end never came.
    case open
  }

  /// Whose label it is; nil where the file does not say.
  public struct Lane: Sendable, Hashable {
    public var stream: String?
    public var pipeline: String?
    public var channel: String?

    public init(stream: String? = nil, pipeline: String? = nil, channel: String? = nil) {
      self.stream = stream
      self.pipeline = pipeline
      self.channel = channel
    }
  }

  /// Row of the recording.
  public var at: Int64
  public var extent: Extent
  public var label: String
  /// Of the class.
  public var id: Int?
  /// The score of the label.
  public var p: Float?
  /// Unix nanoseconds of `at`.
  public var time: Int64?
  public var lane: Lane

  public init(
    at: Int64, extent: Extent = .point, label: String, id: Int? = nil, p: Float? = nil, time: Int64? = nil,
    lane: Lane = Lane()
  ) {
    self.at = Self.bounded(at)
    if case .rows(let count) = extent { self.extent = .rows(Self.bounded(count)) } else { self.extent = extent }
    self.label = label
    self.id = id
    self.p = p
    self.time = time
    self.lane = lane
  }

  /// A row as near to that one as a recording may have: what a damaged file says can still be reckoned with.
  public static func bounded(_ row: Int64) -> Int64 { min(max(row, -1 << 60), 1 << 60) }

  /// Rows that it holds, as a file of marks has room for: 0 of a point, and of what has no end of its own.
  public var length: Int64 { if case .rows(let count) = extent { count } else { 0 } }
}
