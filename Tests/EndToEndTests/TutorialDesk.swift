import Glibc
import RunnelTesting
import Testing

/// Where the tutorial is typed: an empty folder that looks like a clone, with `runnel` and `python3` in the path.
final class TutorialDesk {
  static let limit = Duration.seconds(300)

  let folder = TemporaryFolder()
  let python: String
  /// Whether that Python has PyTorch, so that the training scripts run.
  let trains: Bool
  /// Endpoints of this folder in place of the ports of the document, which others may be using.
  private let endpoints: [(shown: String, real: String)]
  var labels: String { endpoints[1].real }

  init() throws {
    let folder = folder.path
    endpoints = [
      ("tcp://127.0.0.1:5556", "ipc://\(folder)/samples"), ("tcp://127.0.0.1:9872", "ipc://\(folder)/labels"),
    ]
    let named = getenv("RUNNEL_PYTHON").map { String(cString: $0) }
    let candidates = named.map { [$0] } ?? [Place.root + "/.build-python/bin/python", "python3", Place.python]
    let found = try candidates.first { try Self.shell("exec '\($0)' -c 'import torch, numpy'").ended() == 0 }
    if let named, found == nil { throw Program.Failed(description: "RUNNEL_PYTHON, \(named), has no torch and numpy") }
    (python, trains) = (found ?? Place.python, found != nil)
    // A link would lose a virtual environment.
    let path = "\(folder)/bin"
    let made = try Self.shell(
      """
      set -e; mkdir '\(path)'; ln -s '\(Place.root)/python' '\(folder)/python'; ln -s '\(Program.runnel)' '\(path)/runnel'
      printf '#!/bin/sh\\nexec "%s" "$@"\\n' "$(command -v '\(python)')" > '\(path)/python3'; chmod +x '\(path)/python3'
      """)
    guard try made.ended() == 0 else { throw Program.Failed(description: made.messages) }
  }

  private static func shell(_ text: String) throws -> Program { try Program("/bin/bash", ["-c", text]) }

  /// The command as it stands but for the endpoints. One that does not end by itself takes the shell's place, so that
  /// signals meet it.
  func start(_ command: TutorialCommand) throws -> Program {
    var text = command.text
    for each in endpoints { text.replace(each.shown, with: each.real) }
    if ["runnel run", "runnel watch"].contains(where: text.hasPrefix) { text = "exec " + text }
    let environment = "export PATH='\(folder.path)/bin':$PATH PYTHONPATH=python PYTHONDONTWRITEBYTECODE=1"
    return try Self.shell("cd '\(folder.path)'; \(environment)\n\(text)")
  }

  /// What `runnel label` says of the tutorial's record, in canonical form.
  func label(_ configuration: String) throws -> [String] {
    let text = "runnel label tutorial/bed7.hea -c tutorial/\(configuration) --canonical"
    let program = try start(TutorialCommand(text: text, shown: []))
    #expect(try program.ended(within: Self.limit) == 0, "\(program.messages)")
    return program.outputLines
  }

  func compare(_ program: Program, with command: TutorialCommand, at place: SourceLocation = #_sourceLocation) {
    let wanted = TutorialCommand(text: command.text, shown: command.shown.map(plain))
    let output = program.outputLines.map(plain)
    let messages = program.messages.split(separator: "\n").map { plain(String($0)) }
    if let line = wanted.missing(output: output, messages: messages) {
      Issue.record(
        "\(command.text)\nwas to print: \(line)\nand printed:\n\((output + messages).joined(separator: "\n"))",
        sourceLocation: place)
    }
  }

  /// Without what differs from run to run; where the network was trained here, without any number.
  private func plain(_ line: String) -> String {
    var line = line
    for each in endpoints { line.replace(each.real, with: each.shown) }
    line.replace(#/\d+(\.\d+)? s\b|\d+ µs/#, with: "(time)")
    guard trains else { return line }
    line.replace(#/\d+(\.\d+)?(e-?\d+)?/#, with: "#")
    line.replace(#/ +/#, with: " ")
    return line
  }
}
