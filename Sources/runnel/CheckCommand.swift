import ArgumentParser
import Glibc
import RunnelCore
import RunnelService

/// A configuration, before anything runs.
struct CheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Check a configuration and the models it names: every mistake at once, no socket opened.",
    discussion: """
      Examples:
        runnel check -c runnel.yaml
        runnel check -c runnel.yaml --print
        runnel check -c runnel.yaml --json
        runnel check --reference > docs/configuration.md

      Mistakes are FILE:LINE:COLUMN, the line and a caret, on standard error; exit code 78.
      """)

  @Option(name: .shortAndLong, help: "The configuration file.")
  var config: String?

  @Flag(name: .customLong("print"), help: "Show the configuration as it will be used, each value with its origin.")
  var showsEffective = false

  @Flag(help: "The findings as JSON, on standard output.")
  var json = false

  @Flag(help: "Print every key of a configuration with its meaning and default, as Markdown, and check nothing.")
  var reference = false

  func run() throws {
    if reference { return Terminal.print(String(ConfigurationTable.markdown.dropLast())) }
    guard let config else { throw ServiceError(.usage, "which configuration? Name it with -c FILE") }
    let proof = try ConfigurationProof(config)
    if json {
      var writer = JSONWriter()
      proof.json(into: &writer)
      Terminal.print(writer.text)
      if let failure = proof.failure { Glibc.exit(failure.kind.rawValue) }
      return
    }
    if let failure = proof.failure { throw failure }
    for warning in proof.diagnostics { Terminal.say(warning.rendered) }
    if showsEffective {
      Terminal.print(String((proof.read?.effective ?? "").dropLast()))
    } else {
      Terminal.print("ok: \(proof.summary)")
    }
    if Terminal.isInteractive { Terminal.say("next: runnel run -c \(config)") }
  }
}
