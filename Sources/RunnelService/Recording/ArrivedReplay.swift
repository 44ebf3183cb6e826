import RunnelCore
import RunnelPipeline
import RunnelWire

/// A recording of what arrived, read as the daemon reads its sockets: decoded by the input's own decoder, admitted, and told
/// to lanes. Time is what the recording says of it, so that what a clock decides falls as it fell; the recording ends as a
/// daemon that is stopped.
final class ArrivedReplay: MessageReplay {
  private(set) var remarks: [String] = []
  var sessions: Int { Int(intakes.reduce(0) { $0 + $1.total.sessions }) }

  private let inputs: [InputConfiguration]
  private let lanes: any LaneOwner
  private let intakes: [Intake]
  /// Of each input, an endpoint each.
  private var readers: [[String: InputReader]]
  private var now = Int64.min
  private var nextTick = Int64.min
  private var rejected: (count: Int, first: DecodeError)?
  private var unclaimed = 0

  private static let tick: Int64 = 100_000_000
  /// Ticks in a silence before the rest of it is passed over: longer than anything but staleness waits.
  private static let mostTicks: Int64 = 100

  init(_ lanes: any LaneOwner, inputs: [InputConfiguration]) {
    self.lanes = lanes
    self.inputs = inputs
    intakes = inputs.map { Intake(policy: $0.policy, numbering: { lanes.addStream() }) }
    readers = inputs.map { _ in [:] }
  }

  func take(_ parts: MessageParts, _ message: RecordedMessages.Message) throws(DecodeError) {
    pass(until: message.time)
    guard let place = place(of: message) else { return unclaimed += 1 }
    let reader = reader(place, message.channel.metadata["endpoint"] ?? "")
    lanes.arrive(monotonic: now, unix: message.time)
    do throws(DecodeError) {
      let decoded = try reader.decode(parts) { _ in }
      switch decoded {
      case .kept: return intakes[place].take()
      case .ignored(let reason): return intakes[place].take(ignored: reason)
      default: break
      }
      let topic = decoded.topic ?? parts[0]
      guard reader.claims(topic) else { return unclaimed += 1 }
      admit(decoded, topic: topic, place, reader)
    } catch {
      intakes[place].reject(error)
      rejected = ((rejected?.count ?? 0) + 1, rejected?.first ?? error)
    }
  }

  private func admit(
    _ decoded: DecodedMessage, topic: UnsafeRawBufferPointer, _ place: Int, _ reader: InputReader,
    isCounted: Bool = false
  ) {
    _ = intakes[place].admit(
      decoded, key: reader.key(of: topic), source: reader.source, endpoint: reader.endpoint, now: now,
      isCounted: isCounted, to: lanes
    ) { reader.streamName(of: topic) }
  }

  func finish() -> Refusal? {
    for (place, all) in readers.enumerated() {
      for reader in all.values {
        if let decoded = reader.drain(), let topic = decoded.topic {
          admit(decoded, topic: topic, place, reader, isCounted: true)
        }
      }
      intakes[place].drain(to: lanes)
    }
    lanes.drain()
    let accounting = intakes.reduce(into: Accounting()) { $0 += $1.total }
    if accounting.dropped.total > 0 { remarks.append(AccountingLines(accounting).rows) }
    if let rejected {
      let error = rejected.first
      remarks.append(
        "\(rejected.count) message\(rejected.count == 1 ? " was" : "s were") not understood; of the first: expected "
          + "\(error.expected), found \(error.found)")
    }
    if unclaimed > 0 { remarks.append("\(unclaimed) messages belong to no input that is labelled") }
    return intakes.flatMap(\.streams).compactMap(\.refusal).first?.refusal
  }

  /// Ticks as the daemon does; of a long silence the beginning and the end.
  private func pass(until time: Int64) {
    guard time > now else { return }
    if nextTick == .min { nextTick = time }
    if time - nextTick > 2 * Self.mostTicks * Self.tick {
      let resumed = time - Self.mostTicks * Self.tick
      tick(until: nextTick + Self.mostTicks * Self.tick)
      nextTick = resumed
    }
    tick(until: time)
    now = time
  }

  private func tick(until time: Int64) {
    while nextTick <= time {
      for intake in intakes { intake.tick(now: nextTick, to: lanes) }
      nextTick += Self.tick
    }
  }

  /// The input that a message was recorded of; where none is called so, the first that claims its topic.
  private func place(of message: RecordedMessages.Message) -> Int? {
    if let name = message.channel.metadata["input"], let place = inputs.firstIndex(where: { $0.name == name }) {
      return place
    }
    return inputs.indices.first { place in
      var topic = message.channel.topic
      return topic.withUTF8 { reader(place, "").claims(UnsafeRawBufferPointer($0)) }
    }
  }

  private func reader(_ place: Int, _ endpoint: String) -> InputReader {
    if let known = readers[place][endpoint] { return known }
    let number = inputs[place].socket.endpoints.firstIndex { $0.text == endpoint } ?? 0
    let reader = InputReader(inputs[place], endpoint: endpoint, number: number)
    readers[place][endpoint] = reader
    return reader
  }
}
