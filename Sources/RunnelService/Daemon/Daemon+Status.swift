import Glibc
import RunnelCore
import RunnelPipeline
import RunnelWire

/// What the daemon says of itself over the control socket (docs/control.md).
extension Daemon {
  func answer(_ request: ControlRequest, to connection: ControlConnection) {
    switch request {
    case .status: connection.answer(status)
    case .record: tap?.add(connection)
    case .window(let lane, let last): answer(windowOf: lane, last: last, to: connection)
    }
  }

  /// Streams and lanes that an answer lists; of more it says how many.
  private static let most = 4096

  /// `{"pid":…,"configuration":…,…}`: the accounting of law 6, and how every input, stream and lane is.
  var status: [UInt8] {
    let report = report()
    var json = JSONWriter(capacity: 16 << 10)
    json.beginObject()
    json.pair("pid", Int(getpid()))
    json.pair("configuration", origin)
    json.number("uptime", Double(clock.monotonic() - startedAt) / 1e9)
    json.pair("shards", configuration.shards)
    json.pair("shard_waits", Int(report.shardWaits))
    json.pair(report.accounting.members)
    json.pair("labels", Int(report.labels))
    if let median = report.latencies.microseconds(atPercentile: 50),
      let slow = report.latencies.microseconds(atPercentile: 99)
    {
      json.key("latency_us")
      json.beginObject()
      json.number("p50", median)
      json.number("p99", slow)
      json.endObject()
    }
    json.key("per_second")
    json.beginObject()
    json.number("messages", throughput.messages)
    json.number("rows", throughput.rows)
    json.number("labels", throughput.labels)
    json.endObject()
    writeSockets(into: &json)
    writeStreams(into: &json)
    publisher.writeLanes(into: &json, most: Self.most)
    json.endObject()
    return json.bytes
  }

  private func writeSockets(into json: inout JSONWriter) {
    json.key("inputs")
    json.beginArray()
    for input in inputs {
      json.beginObject()
      json.pair("input", input.input.name)
      json.pair("endpoint", input.endpoint)
      json.pair("format", input.format.rawValue)
      let counts = input.monitor.counts.values
      json.key("connections")
      json.beginObject()
      json.pair("made", counts.reduce(0) { $0 + Int($1.handshakesSucceeded) })
      json.pair("failed", counts.reduce(0) { $0 + Int($1.handshakesFailed) })
      json.pair("lost", counts.reduce(0) { $0 + Int($1.disconnected) })
      json.endObject()
      json.endObject()
    }
    json.endArray()
    json.key("outputs")
    json.beginArray()
    for (output, endpoint) in zip(configuration.outputs, outputEndpoints) {
      json.beginObject()
      json.pair("output", output.name)
      json.pair("endpoint", endpoint)
      json.pair("publish", output.content.rawValue)
      json.pair("format", output.format.rawValue)
      if let dropped = publisher.dropped[output.name] { json.pair("dropped", Int(dropped)) }
      json.endObject()
    }
    json.endArray()
    if host.framesDropped > 0 { json.pair("conditioned_dropped", Int(host.framesDropped)) }
  }

  private func writeStreams(into json: inout JSONWriter) {
    json.key("streams")
    json.beginArray()
    let streams = intakes.flatMap(\.streams)
    for stream in streams.prefix(Self.most) { write(stream, into: &json) }
    json.endArray()
    if streams.count > Self.most { json.pair("streams_left_out", streams.count - Self.most) }
  }

  private func write(_ stream: StreamAdmission, into json: inout JSONWriter) {
    json.beginObject()
    json.pair("stream", stream.identity.stream)
    json.pair("input", stream.identity.input)
    json.pair("endpoint", stream.identity.endpoint)
    json.pair("phase", stream.phase.rawValue)
    if let session = stream.session {
      json.pair("level", session.level.rawValue)
      json.number("rate", session.rate)
      if let measured = stream.measuredRate { json.number("measured_rate", measured) }
      json.pair("next", Int(stream.nextIndex))
    }
    json.pair(stream.accounting.rowMembers)
    json.endObject()
  }
}

extension LabelPublisher {
  /// Every lane that has published, and its last label.
  func writeLanes(into json: inout JSONWriter, most: Int) {
    json.key("lanes")
    json.beginArray()
    for lane in lanes.prefix(most) {
      json.beginObject()
      json.pair("lane", lane.name)
      json.pair("next", Int(lane.next))
      if let label = lane.label { json.pair("label", label) }
      if let at = lane.at { json.pair("at", Int(at)) }
      json.endObject()
    }
    json.endArray()
    if laneCount > most { json.pair("lanes_left_out", laneCount - most) }
  }
}

extension JSONWriter {
  fileprivate mutating func pair(_ members: [JSONValue.Member]) {
    for member in members {
      key(member.key)
      write(member.value)
    }
  }

  /// A measured number, five digits of it.
  mutating func number(_ key: String, _ value: Double) {
    self.key(key)
    write(Figure.rounded(value, digits: 5))
  }
}
