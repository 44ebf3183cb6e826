/// Reads a configuration: YAML in, typed and checked values out, or every mistake at once.
///
///     let read = try ConfigurationReader.read(text: text, file: "runnel.yaml", environment: environment)
///     for warning in read.warnings { print(warning.rendered) }
///
/// It opens no file and no socket, and knows no environment but the one it is given.
public enum ConfigurationReader {
  /// `file` is the path as the user knows it: it stands in diagnostics, and relative paths in the configuration
  /// count from its folder.
  public static func read(
    text: String, file: String, environment: [String: String] = [:]
  ) throws(ConfigurationErrors) -> ReadConfiguration {
    let source = SourceText(file: file, text: text)
    var findings = Findings(source: source)
    guard let tree = YAMLDocument.read(text, environment: environment, into: &findings) else {
      throw ConfigurationErrors(findings.sorted)
    }
    if case .mapping(let entries, _) = tree, entries.isEmpty, !findings.hasErrors {
      findings.error(
        .missingKey, at: Place(line: 1, column: 1),
        "the file holds no configuration; `runnel discover ENDPOINT` prints one to start from")
      throw ConfigurationErrors(findings.sorted)
    }
    var reader = SectionReader(findings: findings)
    let root = reader.root(tree)
    var assembler = Assembler(root: root, findings: reader.findings)
    let configuration = assembler.configuration()
    guard let configuration, !assembler.findings.hasErrors else {
      precondition(assembler.findings.hasErrors, "a configuration that cannot be built says why")
      throw ConfigurationErrors(assembler.findings.sorted)
    }
    return ReadConfiguration(
      configuration: configuration, warnings: assembler.findings.sorted, root: root, source: source)
  }
}

/// A configuration that may be used, and where everything in it came from.
public struct ReadConfiguration: Sendable {
  public let configuration: Configuration
  /// In the order of the file.
  public let warnings: [Diagnostic]
  let root: ConfigurationSection
  let source: SourceText

  /// A mistake that only who opens things can find, at the value that is to blame: a model file that is not there, a
  /// channel that the model does not have.
  ///
  ///     throw read.diagnostic(.value, at: "models", "beats", "file", message: "no such file; …")
  ///
  /// The path goes as deep as the file does; what is not written in it (a default) is reported at the key around it.
  public func diagnostic(
    _ kind: Diagnostic.Kind, severity: Diagnostic.Severity = .error, at path: String..., message: String
  ) -> Diagnostic {
    diagnostic(kind, severity: severity, at: path, message: message)
  }

  func diagnostic(
    _ kind: Diagnostic.Kind, severity: Diagnostic.Severity = .error, at path: [String], message: String
  ) -> Diagnostic {
    source.diagnostic(severity, kind, at: place(of: path), message)
  }

  /// Where a value stands, or the nearest key around it.
  func place(of path: [String]) -> Place {
    var section = root
    for name in path {
      if let inner = section.sections[name] ?? section.named.first(where: { $0.name == name })?.section {
        section = inner
      } else {
        return section.place(of: name)
      }
    }
    return section.place
  }
}
