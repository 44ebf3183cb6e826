import Glibc
import RunnelTesting
import Testing

/// `runnel run`, ready: what it listens at and publishes at.
final class RunningDaemon {
  let program: Program
  let samples: String
  let labels: String
  /// Its control socket.
  let control: String

  init(
    _ settings: Settings, in folder: TemporaryFolder, input: String = "/dev/null", environment: [String: String] = [:],
    shards: Int = 1
  ) throws {
    let configuration = folder.write(settings.text + (shards > 1 ? "shards: \(shards)\n" : ""), to: "runnel.yaml")
    program = try Program(
      Program.runnel, ["run", "-c", configuration], input: input,
      environment: environment.merging(["XDG_RUNTIME_DIR": folder.path]) { given, _ in given })
    samples = try Self.endpoint(program.line(containing: "input 'beds'"))
    labels = try Self.endpoint(program.line(containing: "publishes labels at"))
    control = String(try program.line(containing: "answers `runnel status` at").split(separator: " ").last ?? "")
  }

  private static func endpoint(_ line: String) throws -> String {
    guard let word = line.split(separator: " ").first(where: { $0.contains("://") }) else {
      throw Program.Failed(description: "no endpoint in: \(line)")
    }
    return String(word)
  }

  /// `runnel replay` of the minute to this daemon.
  func replay(_ expected: Expected, speed: String = "max") throws -> Program {
    try Program(Program.runnel, ["replay", expected.record, "--to", samples, "--connect", "--speed", speed])
  }

  /// SIGTERM, and then: exit code 0, and sums that are right.
  func end(at place: SourceLocation = #_sourceLocation) throws -> Account {
    program.signal(SIGTERM)
    let code = try program.ended()
    #expect(code == 0, "\(program.messages)", sourceLocation: place)
    let account = try #require(Account(program.messages), "\(program.messages)", sourceLocation: place)
    #expect(account.received == account.decoded + account.rejected, sourceLocation: place)
    #expect(account.rows == account.used + account.dropped + account.held, sourceLocation: place)
    #expect(account.held == 0, sourceLocation: place)
    return account
  }
}

/// The figures of the accounting as the daemon says them.
struct Account {
  let received, decoded, rejected: Int
  let rows, used, dropped, held: Int
  let lost: Int

  init?(_ text: String) {
    guard
      let messages = text.firstMatch(of: /messages: (\d+) received = (\d+) decoded \+ (\d+) rejected/),
      let rows = text.firstMatch(of: /rows: (\d+) received = (\d+) used \+ (\d+) dropped.* \+ (\d+) held/),
      let lost = text.firstMatch(of: /lost: (\d+) rows/)
    else { return nil }
    func number(_ digits: Substring) -> Int { Int(digits) ?? -1 }
    received = number(messages.1)
    decoded = number(messages.2)
    rejected = number(messages.3)
    self.rows = number(rows.1)
    used = number(rows.2)
    dropped = number(rows.3)
    held = number(rows.4)
    self.lost = number(lost.1)
  }
}
