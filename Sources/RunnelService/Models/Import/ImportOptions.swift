import RunnelCore

/// What the command line says of a stream in place of a spec, or over one.
public struct ImportOptions: Sendable {
  public var name: String?
  public var rate: Double?
  public var trainedRate: Double?
  public var labels: [String] = []
  public var activation: String?
  public var regime: String?
  public var pattern: String?
  public var window: Int?
  public var hop: Int?
  public var target: Int?
  public var delay: Double?
  public var warmUp: Double?
  public var inputs: [String] = []
  public var unit: String?
  public var ignore: [String] = []

  public init() {}
}

extension SpecFile {
  /// Options stand over the file.
  public mutating func apply(_ options: ImportOptions) {
    for (key, text) in [
      ("name", options.name), ("activation", options.activation), ("regime", options.regime),
      ("pattern", options.pattern),
    ] { set(key, text.map { .string($0) }) }
    for (key, number) in [
      ("rate", options.rate), ("trained_rate", options.trainedRate), ("delay", options.delay),
      ("warmup", options.warmUp),
    ] { set(key, number.map { .number($0) }) }
    set("hop", options.hop.map { .integer(Int64($0)) })
    if options.window != nil || options.target != nil {
      var members = spec["window"]?.members ?? []
      for (key, value) in [("length", options.window), ("target", options.target)] {
        guard let value else { continue }
        members.removeAll { $0.key == key }
        members.append(.init(key, .integer(Int64(value))))
      }
      set("window", .object(members))
    }
    if !options.labels.isEmpty {
      set("labels", .array(options.labels.map { .string($0) }))
      set("heads", nil as JSONValue?)
    }
    if !options.inputs.isEmpty {
      let items: [JSONValue] = options.inputs.map { name in
        .object([.init("name", .string(name))] + (options.unit.map { [.init("unit", .string($0))] } ?? []))
      }
      set("inputs", .array(items))
    }
    if !options.ignore.isEmpty { set("ignore", .array(options.ignore.map { .string($0) })) }
  }
}
