import Glibc
import RunnelTesting
import RunnelWire
import RunnelZeroMQ
import Testing

/// Debian's Python with pyzmq and NumPy: a publisher that knows nothing of runnel.
@Suite struct ArrayPublisherTests {
  static let hasPython =
    (try? Program(Place.python, ["-c", "import zmq, numpy"]).ended()) == 0

  @Test(.enabled(if: hasPython, "python3-zmq and python3-numpy are not installed"))
  func `ten lines of pyzmq, array format, get the labels of runnel label`() throws {
    let (folder, expected) = (TemporaryFolder(), try Expected.shared.get())
    let endpoint = "ipc://\(folder.path)/samples"
    let settings = Settings(
      input: "connect: \"\(endpoint)\"", format: "format: array, rate: 360 Hz, channels: [{name: MLII, unit: mV}]")
    let daemon = try RunningDaemon(settings, in: folder)
    let subscriber = try LabelSubscriber(daemon.labels)
    let publisher = try Program(Place.python, [Place.publisher, try LivePublisherTests.array.get(), endpoint])
    #expect(try publisher.ended() == 0, "\(publisher.messages)")
    // Everything it sent lies before the end of its connection.
    try daemon.program.line(containing: "is gone")
    let account = try daemon.end()
    #expect(account.used == Expected.rows && account.rejected == 0)
    let wanted = Expected.decisions(expected.labels)
    try subscriber.receive("the labels") { Expected.decisions($0).count >= wanted.count }
    #expect(Expected.decisions(subscriber.labels) == wanted)
    #expect(subscriber.labels.allSatisfy { $0.level == .unsequenced || $0.level == nil })
  }

  @Test func `the publisher shown to users has ten lines`() {
    let text = String(decoding: TemporaryFolder.read(Place.publisher), as: UTF8.self)
    let program = text.split(separator: "\"\"\"").last ?? ""
    #expect(program.split(separator: "\n").count == 10)
  }
}
