import Glibc
import RunnelCore
import RunnelTesting
import RunnelZeroMQ
import Testing

/// docs/bring-your-model.md, typed as it stands.
@Suite struct TutorialTests {
  private static let document = String(
    decoding: TemporaryFolder.read(Place.root + "/docs/bring-your-model.md"), as: UTF8.self)
  private static let commands = TutorialCommand.all(in: document)
  private static let scripts = ["bring_your_model.py", "bring_your_windows.py", "wrong_regime.py"]
  private static let models = ["bring_your_model.py": "beats", "bring_your_windows.py": "alarm"]

  private static func script(_ name: String) -> [UInt8] {
    TemporaryFolder.read(Place.root + "/python/examples/" + name)
  }
  private static func model(_ name: String) -> String { Place.root + "/Tests/Golden/tutorial/\(name).safetensors" }

  @Test func `every piece of Python in the tutorial stands in a committed script`() {
    let pieces = Self.document.components(between: "```python\n", and: "```")
    #expect(!pieces.isEmpty)
    for piece in pieces {
      #expect(
        Self.scripts.contains { String(decoding: Self.script($0), as: UTF8.self).contains(piece) },
        "no script of python/examples has:\n\(piece)")
    }
  }

  /// Where there is no PyTorch the committed models stand in for the training: they must be what the scripts make.
  @Test(arguments: models)
  func `a model of the tutorial is made by the script as it is`(script: String, model: String) {
    let digest = Self.script(script).withUnsafeBytes { SHA256.hex($0) }
    #expect(
      String(decoding: TemporaryFolder.read(Self.model(model)), as: UTF8.self).contains(digest),
      "\(script) changed since it made Tests/Golden/tutorial/\(model).safetensors: run the tutorial with PyTorch, copy both"
    )
  }

  @Test func `the tutorial names no more than five commands from a network to its labels`() throws {
    let five = try #require(Self.document.components(between: "## Five commands", and: "Is it good?").first)
    let numbers = (1...6).filter { five.contains("**\($0).**") }
    #expect(numbers == [1, 2, 3, 4, 5])
  }

  @Test func `its commands run in order and print what it shows, and its live labels are those of runnel label`() throws
  {
    let desk = try TutorialDesk()
    print(
      "tutorial: \(desk.trains ? "trained here by \(desk.python)" : "no PyTorch here, so the committed models stand in for the two trainings")"
    )
    var (daemon, watch, subscriber) = (Program?.none, Program?.none, LabelSubscriber?.none)
    #expect(Self.commands.count > 12)
    for command in Self.commands where !command.text.hasPrefix("export ") {
      let training = Self.models.first { command.text.hasSuffix("python/examples/" + $0.key) }
      if let training, !desk.trains {
        desk.folder.write(
          TemporaryFolder.read(Self.model(training.value)), to: "tutorial/\(training.value).safetensors")
        continue
      }
      let program = try desk.start(command)
      if command.text.hasPrefix("runnel run") {
        try program.line(containing: "publishes labels at")
        daemon = program
        subscriber = try LabelSubscriber(desk.labels)
        continue
      }
      if command.text.hasPrefix("runnel watch") {
        try program.line(containing: "connected to")
        watch = program
        continue
      }
      #expect(try program.ended(within: TutorialDesk.limit) == 0, "\(command.text): \(program.messages)")
      desk.compare(program, with: command)
      if command.text.hasSuffix("wrong_regime.py") {
        let right = program.output.matches(of: #/: (\d+) % right/#).compactMap { Int($0.1) }
        #expect(right.count == 2 && right[0] >= 90 && right[0] > right[1], "\(program.output)")
      }
      guard command.text.hasPrefix("runnel replay"), let live = subscriber, let run = daemon, let seen = watch else {
        continue
      }
      try live.receive("the end") { $0.contains(where: \.isEnd) }
      #expect(live.canonical.count > 100)
      #expect(try live.canonical == desk.label("beats.yaml"))
      #expect(try seen.ended() == 0, "\(seen.messages)")
      desk.compare(seen, with: try #require(Self.commands.first { $0.text.hasPrefix("runnel watch") }))
      run.signal(SIGTERM)
      #expect(try run.ended() == 0, "\(run.messages)")
      desk.compare(run, with: try #require(Self.commands.first { $0.text.hasPrefix("runnel run") }))
      subscriber = nil
    }
    #expect(daemon != nil && watch != nil && subscriber == nil)
  }
}
