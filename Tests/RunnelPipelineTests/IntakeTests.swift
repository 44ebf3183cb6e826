import RunnelCore
import RunnelPipeline
import RunnelWire
import Testing

@Suite struct IntakeTests {
  @Test func `without epochs two endpoints of one topic are two streams`() {
    let notebook = Publisher.Notebook()
    var streams = 0
    var policy = StreamPolicy(input: "in", rate: 100, channels: [Channel(name: "A")])
    policy.maxStreams = 3
    let intake = Intake(policy: policy) {
      defer { streams += 1 }
      return streams
    }
    for source in [0, 1, 0, 1, 2, 3] {
      withRows(10) { message in
        intake.admit(
          .samples(message), key: UnsafeRawBufferPointer(start: nil, count: 0), source: source,
          endpoint: "tcp://\(source)", now: 0, to: notebook
        ) { "in@\(source + 1)" }
      }
      #expect(intake.total.balances)
    }
    #expect(intake.streams.map(\.identity.stream) == ["in@1", "in@2", "in@3"])
    #expect(intake.streams.map(\.identity.endpoint) == ["tcp://0", "tcp://1", "tcp://2"])
    #expect(intake.streams.map(\.accounting.rowsUsed) == [20, 20, 10])
    #expect(intake.total.rejected[.tooManyStreams] == 1)
  }

  @Test func `what is held is in the total at every instant`() {
    let notebook = Publisher.Notebook()
    let intake = Intake(policy: StreamPolicy(input: "in"), numbering: { 0 })
    for _ in 0..<3 {
      withRows(10) { message in
        intake.admit(
          .samples(message), key: UnsafeRawBufferPointer(start: nil, count: 0), endpoint: "e", now: 0, to: notebook
        ) { "s" }
      }
    }
    #expect(intake.total.rowsHeld == 30 && intake.total.balances)
    intake.drain(to: notebook)
    #expect(intake.total.rowsHeld == 0 && intake.total.balances)
  }

  private func withRows(_ rows: Int, _ body: (SampleMessage) -> Void) {
    [Int16](repeating: 1, count: rows).withUnsafeBytes {
      body(SampleMessage(chunk: Chunk(payload: $0, element: .int16, rows: rows, channels: 1)))
    }
  }
}
