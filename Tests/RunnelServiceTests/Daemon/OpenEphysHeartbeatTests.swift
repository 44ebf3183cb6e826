import Logging
import RunnelCore
import RunnelZeroMQ
import Testing

@testable import RunnelService

/// The heartbeat that Open Ephys's GUI hears at the port after that of the data.
@Suite struct OpenEphysHeartbeatTests {
  /// A configuration of which only the input matters.
  private func input(_ endpoint: String, _ keys: String = "") throws -> InputConfiguration {
    let text = ConfigurationExample.nineLines.replacing(
      #"{connect: "tcp://127.0.0.1:5556"}"#,
      with: #"{connect: "\#(endpoint)", format: openephys, channels: [MLII]\#(keys)}"#)
    return try ConfigurationReader.read(text: text, file: "e.yaml").configuration.inputs[0]
  }

  @Test func `a request comes every two seconds, whether or not it is answered`() throws {
    let context = ZeroMQContext()
    let gui = try Socket(.router, in: context)
    let bound = try gui.bind("tcp://127.0.0.1:*")
    let port = try #require(UInt16(bound.split(separator: ":").last ?? ""))
    let input = try input("tcp://127.0.0.1:\(port - 1)")
    let heartbeat = try #require(try OpenEphysHeartbeat(of: input.socket.endpoints[0], input: input, context: context))
    var receiver = MultipartReceiver()
    var poller = Poller()
    _ = poller.add(gui)
    var requests: [JSONValue] = []
    var now: Int64 = 0
    while requests.count < 3 {
      try heartbeat.beat(now: now)
      try poller.wait(milliseconds: 20)
      while case .message(let parts) = try receiver.receive(from: gui) {
        #expect(parts.count == 3 && parts[1].isEmpty, "address, delimiter, request")
        requests.append(try JSONValue(parsing: parts[2]))
      }
      now += 2_000_000_000
      // Before the connection stands nothing is sent; a bound keeps a failing test from hanging.
      try #require(now < 2_000_000_000 * 1000, "no heartbeat came")
    }
    for request in requests {
      #expect(request["application"]?.string == "runnel" && request["type"]?.string == "heartbeat")
      let uuid = try #require(request["uuid"]?.string)
      #expect(
        uuid.wholeMatch(of: /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/) != nil, "\(uuid)")
    }
    #expect(Set(requests.map { $0["uuid"]?.string }).count == 1)
  }

  @Test func `there is none where no port follows, or where it is not wanted`() throws {
    let context = ZeroMQContext()
    for endpoint in ["ipc:///tmp/data", "tcp://127.0.0.1:65535"] {
      let input = try input(endpoint)
      #expect(try OpenEphysHeartbeat(of: input.socket.endpoints[0], input: input, context: context) == nil)
    }
    #expect(try input("tcp://127.0.0.1:1", ", heartbeat: false").heartbeat == false)
  }
}
