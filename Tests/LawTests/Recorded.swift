import RunnelCore
import RunnelWire

/// Messages kept as bytes, to be sent again in any order and at any time.
struct Recorded {
  struct Message {
    var parts: [[UInt8]]

    init(parts: [[UInt8]]) { self.parts = parts }
    init(_ parts: MessageParts) { self.parts = (0..<parts.count).map { Array(parts[$0]) } }

    func replay(_ receive: (MessageParts) -> Void) {
      func with(_ rest: ArraySlice<[UInt8]>, _ buffers: [UnsafeRawBufferPointer]) {
        guard let next = rest.first else {
          return buffers.withUnsafeBufferPointer { receive(MessageParts($0.baseAddress!, count: buffers.count)) }
        }
        next.withUnsafeBytes { with(rest.dropFirst(), buffers + [$0]) }
      }
      with(parts[...], [])
    }
  }

  var messages: [Message] = []

  init(of signal: Signal, cut: [Int], epoch: UInt64) throws {
    var kept: [Message] = []
    try signal.send(cut: cut, epoch: epoch) { kept.append(Message($0)) }
    messages = kept
  }
}
