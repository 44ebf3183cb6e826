import RunnelCore
import RunnelTesting
import RunnelWire

/// Messages kept as bytes, to be sent again in any order and at any time.
struct Recorded {
  typealias Message = OwnedMessage

  var messages: [Message] = []

  init(of signal: Signal, cut: [Int], epoch: UInt64) throws {
    var kept: [Message] = []
    try signal.send(cut: cut, epoch: epoch) { kept.append(Message($0)) }
    messages = kept
  }
}
