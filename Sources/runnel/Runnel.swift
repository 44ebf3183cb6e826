import ArgumentParser
import Glibc
import RunnelService

/// The command line. Results go to standard output, messages to standard error; errors are one sentence with the
/// remedy and an exit code of sysexits.h (see `ServiceError.Kind`).
@main
struct Runnel: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "runnel",
    abstract:
      "Turns live sample streams into live labels with recurrent networks whose state is carried, exact, and visible.",
    discussion: """
      Begin with `runnel demo`: synthetic ECG through the bundled model, labels on the terminal.

      The quickest kernels of this processor compute; RUNNEL_KERNELS=scalar (or neon, avx2, avx512) forces others, whose \
      labels have the same bits.

      Times and rates take a unit: 90s, 5min, 360Hz. A bare number is seconds where an option is called --seconds, --delay \
      or --warmup, and hertz where it is a rate.

      Exit codes: 0 good, 1 the answer is no, 64 usage, 65 bad data, 66 no such file, 69 unreachable or in use, \
      70 a bug, 73 and 74 output, 77 permission, 78 configuration.
      """,
    version: Version.text,
    subcommands: [
      DemoCommand.self,
      RunCommand.self,
      CheckCommand.self,
      StatusCommand.self,
      WindowCommand.self,
      DiscoverCommand.self,
      WatchCommand.self,
      RecordCommand.self,
      ReplayCommand.self,
      LabelCommand.self,
      ScoreCommand.self,
      DiffCommand.self,
      ConvertCommand.self,
      SynthCommand.self,
      DatasetCommand.self,
      BenchCommand.self,
      ModelCommand.self,
    ])

  static func main() {
    signal(SIGPIPE, SIG_IGN)
    // A file that may not grow further is an error like any other.
    signal(SIGXFSZ, SIG_IGN)
    // Whoever started this may block signals for itself, and a program inherits that: it would never hear SIGTERM.
    var none = sigset_t()
    sigemptyset(&none)
    pthread_sigmask(SIG_SETMASK, &none, nil)
    do {
      var command = try parseAsRoot()
      try KernelChoice.check()
      try command.run()
    } catch let error as ServiceError {
      end(error)
    } catch { end(error) }
  }

  /// Ends with what the parser says: help is a result like any other, and a mistake is told like any other.
  private static func end(_ error: any Error) -> Never {
    let words = CommandWords(CommandLine.arguments.dropFirst())
    let code = exitCode(for: error)
    switch code {
    case .success:
      // Help for a command that there is not.
      if let mistake = words.wrongCommand { end(ServiceError(.usage, mistake)) }
      Terminal.print(fullMessage(for: error))
      Glibc.exit(0)
    case .validationFailure:
      end(
        ServiceError(
          .usage, words.mistake ?? "\(message(for: error).asClause); `\(words.name) --help` shows what it takes"))
    default:
      // A code without words, or what no command expects.
      let text = message(for: error)
      if text.isEmpty { Glibc.exit(code.rawValue) }
      end(ServiceError(.software, text.asClause))
    }
  }

  private static func end(_ error: ServiceError) -> Never {
    Terminal.complain(error)
    Glibc.exit(error.kind.rawValue)
  }
}

extension String {
  /// A sentence of the parser's as the beginning of one: `Missing value for '-c'.` is `missing value for '-c'`.
  fileprivate var asClause: String {
    let text = hasSuffix(".") ? dropLast() : self[...]
    return text.prefix(1).lowercased() + text.dropFirst().replacing(". Please", with: "; please")
  }
}

enum Version {
  static let text = "0.1.0"
}
