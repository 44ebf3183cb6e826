import RunnelCore
import RunnelKernels

/// Builds the typed configuration from what was read, and checks what concerns several keys at once: names that must
/// exist, keys that exclude each other, endpoints bound twice.
struct Assembler {
  let root: ConfigurationSection
  var findings: Findings

  init(root: ConfigurationSection, findings: Findings) {
    self.root = root
    self.findings = findings
  }

  /// Nil where a part could not be built; then there is an error.
  mutating func configuration() -> Configuration? {
    let inputs = entries("streams").compactMap { input($0, $1) }
    let models = entries("models").compactMap { model($0, $1) }
    let pipelines = entries("pipelines").compactMap { pipeline($0, $1) }
    let outputs = entries("outputs").compactMap { output($0, $1) }
    checkEndpoints()
    warnOfUnused()
    guard !inputs.isEmpty, !models.isEmpty, !pipelines.isEmpty, !outputs.isEmpty, let shards = root.integer("shards")
    else { return nil }
    return Configuration(
      inputs: inputs, models: models, pipelines: pipelines, outputs: outputs, shards: shards, control: control)
  }

  private var control: ControlSetting {
    switch root.sections["control"]?.text("socket") {
    case nil: .automatic
    case "none": .none
    case let path?: .path(resolved(path))
    }
  }

  /// The entries of a section at the top; none where it is missing, which has been reported.
  func entries(_ section: String) -> [(name: String, section: ConfigurationSection)] {
    root.sections[section]?.named ?? []
  }

  private mutating func model(_ name: String, _ section: ConfigurationSection) -> ModelReference? {
    guard let file = section.text("file") else { return nil }
    let precision = section.text("precision").flatMap(WeightPrecision.init) ?? .float32
    return ModelReference(
      name: name, path: resolved(file), sha256: section.text("sha256"), precision: precision)
  }

  /// Against the folder of the configuration file.
  private func resolved(_ path: String) -> String {
    let file = findings.source.file
    guard !path.hasPrefix("/"), let slash = file.lastIndex(of: "/") else { return path }
    var path = path[...]
    while path.hasPrefix("./") { path = path.dropFirst(2) }
    return "\(file[...slash])\(path)"
  }

  private mutating func output(_ name: String, _ section: ConfigurationSection) -> OutputConfiguration? {
    guard let socket = socket(section, preferred: "bind"), let kind = section.text("type"),
      let format = section.text("format"), let heartbeat = section.number("heartbeat"),
      let scores = section.boolean("scores"), let content = section.text("publish")
    else { return nil }
    if content == OutputConfiguration.Content.conditioned.rawValue { checkUse(ofConditioned: section) }
    return OutputConfiguration(
      name: name, content: OutputConfiguration.Content(rawValue: content)!, socket: socket,
      kind: OutputConfiguration.Kind(rawValue: kind)!,
      format: OutputConfiguration.Format(rawValue: format)!, heartbeat: heartbeat, scores: scores)
  }

  /// Conditioned samples are made for those who subscribe, so they must be known; and have no scores.
  private mutating func checkUse(ofConditioned section: ConfigurationSection) {
    for (key, unfit, remedy) in [
      ("type", ["pub", "push"], "only an xpub socket hears who subscribes: take 'type' out"),
      ("format", ["binary"], "'runnel' is binary for them, 'plotjuggler' JSON"),
    ] {
      guard let value = section.text(key), unfit.contains(value) else { continue }
      findings.error(
        .contradiction, at: section.place(of: key),
        "\(section.path) publishes conditioned samples, and '\(key)' is \(value); \(remedy)")
    }
    guard let place = section.keyPlaces["scores"] else { return }
    findings.error(
      .contradiction, at: place,
      "\(section.path) publishes conditioned samples, which have no scores; take 'scores' out")
  }

  /// Endpoints and options of an input or output; `preferred` is the key to propose where none is given.
  mutating func socket(_ section: ConfigurationSection, preferred: String) -> SocketConfiguration? {
    guard !section.isBroken else { return nil }
    let (connect, bind) = (section.keyPlaces["connect"], section.keyPlaces["bind"])
    if let connect, let bind {
      findings.error(
        .contradiction, at: max(connect, bind),
        "\(section.path) has both 'connect' and 'bind'; a socket does one of them")
      return nil
    }
    guard connect != nil || bind != nil else {
      let other = preferred == "bind" ? "connect" : "bind"
      let example = ConfigurationTable.key(section.pattern + [preferred])?.example ?? ""
      findings.error(
        .missingKey, at: section.place,
        "\(section.path) has no endpoint; add \(preferred): \(example) (or \(other))")
      return nil
    }
    let key = connect != nil ? "connect" : "bind"
    guard case .endpoints(let endpoints) = section[key], let ipv6 = section.boolean("ipv6"),
      let keepalive = section.boolean("keepalive"), let reconnect = section.span("reconnect"),
      let queue = section.number("queue")
    else { return nil }
    if !ipv6, let index = endpoints.firstIndex(where: \.isIPv6) {
      findings.error(
        .contradiction, at: place(of: index, in: section, key),
        "\(Printable.quoted(endpoints[index].text)) is an IPv6 address, and ipv6 is false; add ipv6: true to \(section.path)"
      )
    }
    return SocketConfiguration(
      attachment: connect != nil ? .connect : .bind, endpoints: endpoints, ipv6: ipv6, keepalive: keepalive,
      reconnect: reconnect, queueBytes: Int(queue))
  }

  /// The place of one item of a list, or of the scalar that stands for a list of one.
  func place(of index: Int, in section: ConfigurationSection, _ key: String) -> Place {
    guard let value = section.values[key] else { return section.place(of: key) }
    return value.itemPlaces.indices.contains(index) ? value.itemPlaces[index] : value.place
  }

  /// That no endpoint is used twice where once is meant.
  private mutating func checkEndpoints() {
    var bound: [(endpoint: EndpointAddress, path: String, place: Place)] = []
    for (_, section) in entries("streams") + entries("outputs") {
      guard case .endpoints(let endpoints) = section.values["bind"]?.value else { continue }
      for (index, endpoint) in endpoints.enumerated() {
        let place = place(of: index, in: section, "bind")
        if let other = bound.first(where: { $0.endpoint.collides(with: endpoint) }) {
          findings.error(
            .contradiction, at: place,
            "\(Printable.quoted(endpoint.text)) is already bound by \(other.path) on line \(other.place.line); give one of them another \(endpoint.isTCP ? "port" : "name")"
          )
        } else {
          bound.append((endpoint, section.path, place))
        }
      }
    }
    for (_, section) in entries("streams") + entries("outputs") {
      guard case .endpoints(let endpoints) = section.values["connect"]?.value else { continue }
      for (index, endpoint) in endpoints.enumerated() where endpoints[..<index].contains(endpoint) {
        findings.error(
          .contradiction, at: place(of: index, in: section, "connect"),
          "\(Printable.quoted(endpoint.text)) stands twice in this list; every message would come twice")
      }
    }
    warnOfLoops()
  }

  /// An input that listens to our own labels was probably meant for the publisher's port.
  private mutating func warnOfLoops() {
    var published: [(path: String, endpoint: EndpointAddress)] = []
    for (_, section) in entries("outputs") {
      guard case .endpoints(let endpoints) = section.values["bind"]?.value else { continue }
      published += endpoints.map { (section.path, $0) }
    }
    for (_, section) in entries("streams") {
      guard case .endpoints(let endpoints) = section.values["connect"]?.value else { continue }
      for (index, endpoint) in endpoints.enumerated() {
        guard let own = published.first(where: { $0.endpoint == endpoint }) else { continue }
        findings.warn(
          .contradiction, at: place(of: index, in: section, "connect"),
          "\(Printable.quoted(endpoint.text)) is where \(own.path) publishes labels; connect to the publisher of the samples"
        )
      }
    }
  }

  private mutating func warnOfUnused() {
    let pipelines = entries("pipelines").map(\.section)
    guard !pipelines.isEmpty, !pipelines.contains(where: \.isBroken) else { return }
    for (key, section, consequence) in [
      ("from", "streams", "its rows will be received and dropped"),
      ("model", "models", "it will be loaded for nothing"),
    ] {
      let used = Set(pipelines.compactMap { $0.text(key) })
      // A misspelt reference has been reported, and probably meant one of them.
      let isWhole = used.isSubset(of: entries(section).map(\.name)) && pipelines.allSatisfy { $0.values[key] != nil }
      for (name, entry) in entries(section) where isWhole && !used.contains(name) && !entry.isBroken {
        findings.warn(.unused, at: entry.place, "no pipeline uses \(entry.path); \(consequence)")
      }
    }
  }
}

extension EndpointAddress {
  var isTCP: Bool { if case .tcp = transport { true } else { false } }
}
