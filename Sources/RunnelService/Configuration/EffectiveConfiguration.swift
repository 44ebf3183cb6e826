/// What `check --print` shows: the configuration as it will be used, defaults included, each value with its origin.
///
///     streams:
///       beds:
///         connect: tcp://127.0.0.1:5556           # runnel.yaml:3
///         max_streams: 256                        # default
///
/// It is YAML that reads back to the same configuration, from the same folder. What has no value (as the model has
/// it, as the description says) stands in a comment.
extension ReadConfiguration {
  public var effective: String {
    var writer = EffectiveWriter(file: source.file)
    writer.write(root, depth: 0)
    return writer.lines.joined(separator: "\n") + "\n"
  }
}

private struct EffectiveWriter {
  let file: String
  var lines: [String] = []

  mutating func write(_ section: ConfigurationSection, depth: Int) {
    for key in ConfigurationTable.children(of: section.pattern) where key.availability == .now {
      switch key.kind {
      case .section where isExcluded(key, section): break
      case .section:
        line(depth, "\(key.name):", "")
        let inner = section.sections[key.name]
        let empty = ConfigurationSection(path: "", pattern: key.path, place: section.place)
        let start = lines.count
        write(inner ?? empty, depth: depth + 1)
        // A key with only comments below it would be a key without a value.
        if lines[start...].allSatisfy({ $0.drop { $0 == " " }.hasPrefix("#") }) {
          lines[start - 1] = "\(indent(depth))# \(key.name):"
        }
      case .named:
        line(depth, "\(key.name):", "")
        for (name, entry) in section.sections[key.name]?.named ?? [] {
          line(depth + 1, "\(YAMLText.scalar(name)):", "")
          write(entry, depth: depth + 2)
        }
      case .channels: channels(section, key, depth)
      case .bindings: bindings(section, key, depth)
      default: value(section, key, depth)
      }
    }
  }

  private mutating func value(_ section: ConfigurationSection, _ key: ConfigurationKey, _ depth: Int) {
    if let value = section.values[key.name] {
      line(depth, "\(key.name): \(value.text)", origin(value))
    } else if case .defaulted(let text) = key.presence, !isExcluded(key, section) {
      line(depth, "\(key.name): \(text)", "default")
    } else if case .absent(let meaning) = key.presence, !isExcluded(key, section) {
      line(depth, "# \(key.name): \(meaning)", "default")
    }
  }

  /// Keys that may not stand beside the ones that do.
  private func isExcluded(_ key: ConfigurationKey, _ section: ConfigurationSection) -> Bool {
    if key.formats != nil, section.pattern == ["streams", "*"], !key.isOf(format: section.text("format") ?? "") {
      return true
    }
    return switch key.name {
    case "bind": section.has("connect")
    case "connect": section.has("bind")
    case "each", "channels": section.has("group")
    case "group": true
    default: false
    }
  }

  private mutating func channels(_ section: ConfigurationSection, _ key: ConfigurationKey, _ depth: Int) {
    guard let list = section.sections[key.name] else { return value(section, key, depth) }
    line(depth, "\(key.name):", "")
    for (_, channel) in list.named {
      let pairs = ConfigurationTable.children(of: channel.pattern).compactMap { key in
        channel.values[key.name].map { "\(key.name): \($0.text)" }
      }
      line(depth + 1, "- {\(pairs.joined(separator: ", "))}", "\(file):\(channel.place.line)")
    }
  }

  private mutating func bindings(_ section: ConfigurationSection, _ key: ConfigurationKey, _ depth: Int) {
    guard let table = section.sections[key.name] else { return }
    line(depth, "\(key.name):", "")
    for (name, binding) in table.named {
      guard let channel = binding.values["channel"] else { continue }
      line(depth + 1, "\(YAMLText.scalar(name)): \(channel.text)", origin(channel))
    }
  }

  private func origin(_ value: ConfigurationSection.Value) -> String {
    ([Printable.text("\(file):\(value.place.line)".unicodeScalars)] + value.variables.map { "${\($0)}" })
      .joined(separator: ", ")
  }

  private func indent(_ depth: Int) -> String { String(repeating: "  ", count: depth) }

  private mutating func line(_ depth: Int, _ text: String, _ comment: String) {
    let text = indent(depth) + text
    guard !comment.isEmpty else { return lines.append(text) }
    let gap = max(2, 48 - text.unicodeScalars.count)
    lines.append(text + String(repeating: " ", count: gap) + "# " + comment)
  }
}
