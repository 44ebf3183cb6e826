import RunnelService

/// Times and rates as options take them: with a unit, or bare where the option has one unit only.
///
///     @Option(help: "End after so long.", transform: Quantities.seconds("--seconds")) var seconds: Double?
enum Quantities {
  /// `30`, `30s`, `5min`, `150ms`
  static func seconds(_ option: String) -> @Sendable (String) throws -> Double {
    { try Double(duration: $0, option: option, countsSeconds: true) }
  }

  /// `360`, `360Hz`, `1.5kHz`
  static func hertz(_ option: String) -> @Sendable (String) throws -> Double {
    { try Double(frequency: $0, option: option) }
  }
}
