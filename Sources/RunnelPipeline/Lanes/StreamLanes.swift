/// The lanes of one stream, while its session lasts, and what they share: looked up once a message, without a reference
/// counted for each of them.
final class StreamLanes {
  let lanes: [Lane]
  let composer: SharedComposer
  /// Rows of a message that are worked on at a time.
  let blockRows: Int
  private let lent: [Unmanaged<Lane>]

  init(_ lanes: [Lane], composer: SharedComposer, blockRows: Int) {
    self.lanes = lanes
    self.composer = composer
    self.blockRows = blockRows
    lent = lanes.map { .passUnretained($0) }
  }

  var count: Int { lent.count }

  @inline(__always) func withLane(_ number: Int, _ body: (Lane) -> Void) { lent[number]._withUnsafeGuaranteedRef(body) }
}
