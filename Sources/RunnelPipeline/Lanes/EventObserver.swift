/// An event as the event stage is told of it, before it is judged.
public struct ObservedEvent: Sendable, Equatable {
  /// The input index it speaks of.
  public var at: Int64
  /// Whether its label would be `warming`.
  public var isWarming: Bool
  /// (De)
  public var features: [Float]
}

/// Hears the events of a lane: `runnel dataset --events` writes them down.
///
/// - Parameter channel: the lane's.
public typealias EventObserver = (_ channel: String, _ event: ObservedEvent) -> Void
