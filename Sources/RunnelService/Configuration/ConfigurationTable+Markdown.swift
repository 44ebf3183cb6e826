/// The reference page: what the table says, for reading.
extension ConfigurationTable {
  /// GitHub's Markdown: a chapter per section, a row per key; keys of later versions are not in it.
  public static var markdown: String {
    var lines = [
      "# Configuration", "",
      "YAML, read strictly: an unknown key, a wrong unit, a repeated key or a contradiction is an error, and "
        + "`runnel check -c FILE` shows all of them at once. Durations (`us`, `ms`, `s`, `min`, `h`), rates (`Hz`, "
        + "`kHz`, `MHz`) and sizes (`B`, `KiB`, `MiB`, `GiB`, `kB`, `MB`, `GB`) carry their unit. `${NAME}` and "
        + "`${NAME:-default}` in a value are replaced from the environment after the YAML has been read; `$${` "
        + "stands for `${`. Anchors, aliases, tags and merge keys are not supported.",
      "",
    ]
    for key in children(of: []) where key.availability == .now {
      lines += ["## \(key.name)", "", key.documentation, ""]
      let keys = chapter(key.kind == .section ? key.path : key.path + ["*"])
      lines += keys.isEmpty ? ["Value: \(value(key)). Default: \(absence(key)).", ""] : keys
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func chapter(_ pattern: [String]) -> [String] {
    let keys = children(of: pattern).filter { $0.availability == .now }
    guard !keys.isEmpty else { return [] }
    var lines = ["| Key of `\(shown(pattern))` | Value | Default | Meaning |", "|---|---|---|---|"]
    for key in keys {
      lines.append("| `\(key.name)` | \(cell(value(key))) | \(cell(absence(key))) | \(cell(key.documentation)) |")
    }
    lines.append("")
    for key in keys {
      switch key.kind {
      case .section: lines += chapter(key.path)
      case .channels: lines += chapter(key.path + ["[]"])
      default: break
      }
    }
    return lines
  }

  private static func value(_ key: ConfigurationKey) -> String {
    key.kind.phrase + (key.example.isEmpty ? "" : "; example: `\(key.example)`")
  }

  private static func absence(_ key: ConfigurationKey) -> String {
    switch key.presence {
    case .required: "required"
    case .defaulted(let text): "`\(text)`"
    case .absent(let meaning): meaning
    }
  }

  /// `streams.NAME.channels[]`
  private static func shown(_ pattern: [String]) -> String {
    var text = ""
    for part in pattern {
      text += part == "[]" ? "[]" : (text.isEmpty ? "" : ".") + (part == "*" ? "NAME" : part)
    }
    return text
  }

  private static func cell(_ text: String) -> String {
    text.split(separator: "|", omittingEmptySubsequences: false).joined(separator: "\\|")
  }
}
