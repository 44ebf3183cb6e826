import RunnelWire

/// One mapping of the configuration after it was held against the table: its values typed, its sections in it.
/// What was wrong has been reported and is absent here.
struct ConfigurationSection: Sendable {
  /// One value and where it came from.
  struct Value: Sendable {
    var value: ConfigurationValue
    var place: Place
    /// As `check --print` shows it; one line of YAML.
    var text: String
    var variables: [String]
    /// The places of the items of a list.
    var itemPlaces: [Place] = []
  }

  /// As users see it: `streams.beds`.
  var path: String
  /// In the table: `["streams", "*"]`.
  var pattern: [String]
  /// Where its key stands; what is missing in it is reported there.
  var place: Place
  /// It stands there, but as something else than a mapping, which has been reported.
  var isBroken = false
  var values: [String: Value] = [:]
  var sections: [String: ConfigurationSection] = [:]
  /// The entries of a section of names, or the items of a list of sections, in their order.
  var named: [(name: String, section: ConfigurationSection)] = []
  /// The keys that stand in the file, right or wrong, and where.
  var keyPlaces: [String: Place] = [:]

  /// Whether the file has the key, right, wrong or misspelt.
  func has(_ key: String) -> Bool { keyPlaces[key] != nil }

  /// The value in the file, else the table's default.
  subscript(key: String) -> ConfigurationValue? {
    if let value = values[key] { return value.value }
    guard let described = ConfigurationTable.key(pattern + [key]) else {
      preconditionFailure("the table has no \(key) in \(pattern)")
    }
    guard case .defaulted(let text) = described.presence else { return nil }
    do { return try described.kind.value(text, key: key, example: described.example) } catch {
      preconditionFailure("the default of \(described.path) is wrong: \(error.message)")
    }
  }

  func number(_ key: String) -> Double? { if case .number(let value) = self[key] { value } else { nil } }
  func integer(_ key: String) -> Int? { if case .integer(let value) = self[key] { value } else { nil } }
  func text(_ key: String) -> String? { if case .text(let value) = self[key] { value } else { nil } }
  func boolean(_ key: String) -> Bool? { if case .boolean(let value) = self[key] { value } else { nil } }
  func path(_ key: String) -> FieldPath? { if case .path(let value) = self[key] { value } else { nil } }
  func span(_ key: String) -> ClosedRange<Double>? { if case .span(let value) = self[key] { value } else { nil } }

  /// Where a key's value stands; the section's own place where it has none.
  func place(of key: String) -> Place { values[key]?.place ?? keyPlaces[key] ?? place }
}
