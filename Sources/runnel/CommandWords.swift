import ArgumentParser
import RunnelService

/// The words of a command line as far as they name a command, for sentences about those that name none.
///
///     CommandWords(["model", "chek", "x"]).mistake     // there is no command 'chek' of runnel model; did you mean 'check'?
///
/// Asked only when the parser has refused a line, or shows help: what it accepts is right whatever this would say.
struct CommandWords {
  /// Of the command that the words lead to: `runnel model`.
  private(set) var name = "runnel"
  private var command: any ParsableCommand.Type = Runnel.self
  /// What stands where a command's name should.
  private var stranger: String?
  private var rest: ArraySlice<String>

  init(_ words: some Collection<String>) {
    rest = Array(words)[...]
    if rest.first == "help" { rest.removeFirst() }
    while let word = rest.first, !word.hasPrefix("-"), !subcommands.isEmpty {
      guard let next = subcommands.first(where: { $0.configuration.commandName == word }) else {
        stranger = word
        return
      }
      command = next
      name += " \(word)"
      rest.removeFirst()
    }
  }

  /// What is said of a command that there is not.
  var wrongCommand: String? {
    guard let stranger else { return nil }
    let names = subcommands.compactMap { $0.configuration.commandName }
    let problem = "there is no command '\(stranger)'\(name == "runnel" ? "" : " of \(name)")"
    return sentence(problem, Suggestion.nearest(to: stranger, among: names))
  }

  /// What is misspelt: a command, or an option, which the parser would not tell of where a required one is missing.
  var mistake: String? {
    if let wrongCommand { return wrongCommand }
    let options = options
    let given = rest.prefix { $0 != "--" }.compactMap { $0.hasPrefix("--") ? $0.prefix { $0 != "=" } : nil }
    guard let unknown = given.first(where: { !options.contains(String($0)) }) else { return nil }
    let near = Suggestion.nearest(to: String(unknown.dropFirst(2)), among: options.map { String($0.dropFirst(2)) })
    return sentence("\(name) has no option '\(unknown)'", near.map { "--\($0)" })
  }

  private func sentence(_ problem: String, _ near: String?) -> String {
    problem + (near.map { "; did you mean '\($0)'?" } ?? ": `\(name) --help` shows those there are")
  }

  private var subcommands: [any ParsableCommand.Type] { command.configuration.subcommands }

  /// As its help lists them, `--bind/--connect` in one place.
  private var options: [String] {
    Runnel.helpMessage(for: command, includeHidden: true, columns: 200)
      .matches(of: /(?m)^  (?:-\w, )?(--[\w\/-]+)/)
      .flatMap { $0.1.split(separator: "/").map(String.init) } + ["--generate-completion-script"]
  }
}
