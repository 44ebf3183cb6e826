import RunnelZeroMQ
import Testing

@Suite struct EndpointTests {
  @Test(arguments: [
    "tcp://127.0.0.1:5556", "tcp://*:5556", "tcp://127.0.0.1:*", "tcp://eth0:0", "tcp://[::1]:5556",
    "ipc:///run/runnel/labels", "ipc://@runnel", "ipc://*", "inproc://taps",
  ])
  func `an endpoint that can be bound is accepted`(text: String) throws {
    #expect(try Endpoint(text, for: .bind).description == text)
  }

  @Test(arguments: [
    ("tcp://127.0.0.1", "lacks a host or a port"), ("tcp://:5556", "lacks a host or a port"),
    ("127.0.0.1:5556", "is not an endpoint"), ("", "is not an endpoint"),
    ("tcp://127.0.0.1:70000", "a number from 1 to 65535"), ("tcp://127.0.0.1:+80", "a number from 1 to 65535"),
    ("tcp://127.0.0.1:*", "a number from 1 to 65535"), ("tcp://127.0.0.1:0", "a number from 1 to 65535"),
    ("tcp://*:5556", "names no machine"), ("tcp://::1:5556", "tcp://[::1]:5556"),
    ("tcp://local host:5556", "a space"), ("ipc://", "lacks a path"), ("inproc://", "lacks a name"),
    ("ipc:///" + String(repeating: "x", count: 107), "Linux allows 107"),
  ])
  func `an endpoint that cannot be connected to says what to write`(text: String, remedy: String) {
    #expect {
      try Endpoint(text, for: .connect)
    } throws: { error in
      let error = error as! ZeroMQError
      return error.reason == .badEndpoint && error.description.contains(remedy) && error.endpoint == text
    }
  }

  @Test(arguments: ["pgm://eth0;239.192.1.1:5555", "udp://127.0.0.1:1", "tipc://{1,2}", "http://x:80", "TCP://x:80"])
  func `a transport other than tcp, ipc and inproc is refused by name`(text: String) {
    #expect {
      try Endpoint(text, for: .bind)
    } throws: { error in
      let error = error as! ZeroMQError
      return error.reason == .unsupportedTransport && error.description.contains("use tcp, ipc or inproc")
    }
  }

  @Test func `loopback, ipc and inproc are local, the rest is not`() throws {
    for text in ["tcp://127.0.0.1:1", "tcp://localhost:1", "tcp://[::1]:1", "tcp://lo:1", "ipc://x", "inproc://x"] {
      #expect(try Endpoint(text, for: .bind).isLocal)
    }
    for text in ["tcp://*:1", "tcp://0.0.0.0:1", "tcp://10.0.0.1:1", "tcp://[::]:1"] {
      #expect(try !Endpoint(text, for: .bind).isLocal)
    }
  }
}
