import RunnelCore
import RunnelKernels

/// What `runnel model bench` was asked for: a model by its file, or cells by their sizes, never both.
public enum BenchOrder: Sendable {
  case model(ModelBench)
  case cells(CellBench)

  /// - Throws: `ServiceError`: 64 for options that do not fit each other or this machine; 66, 77, 65 for the file.
  public init(
    model: String?, cell: String?, hidden: Int?, inputs: Int?, layers: Int?, precision: String?, kernels: String?,
    effort: BenchEffort
  ) throws(ServiceError) {
    let precision = try precision.map { (name) throws(ServiceError) in try WeightPrecision(named: name) } ?? .float32
    let set = try kernels.map { (name) throws(ServiceError) in try KernelSet(named: name) } ?? .best
    if let model {
      let strange = [
        ("--cell", cell != nil), ("--hidden", hidden != nil), ("--inputs", inputs != nil), ("--layers", layers != nil),
      ].filter(\.1).map(\.0)
      guard strange.isEmpty else {
        throw ServiceError(.usage, "\(model) says what is stepped; leave out \(Phrase.list(strange, "and"))")
      }
      self = .model(try ModelBench(model, kernels: set, precision: precision, effort: effort))
      return
    }
    guard let cell, let hidden, let inputs else {
      throw ServiceError(
        .usage, "what is to be measured? give a model file, or --cell, --hidden and --inputs")
    }
    let shape = try CellShape(
      Self.choice(cell, "--cell"), hidden: hidden, inputs: inputs, layers: layers ?? 1, precision: precision)
    self = .cells(CellBench(shape, kernels: set, effort: effort))
  }

  private static func choice<Choice: RawRepresentable & CaseIterable>(
    _ name: String, _ option: String
  ) throws(ServiceError) -> Choice where Choice.RawValue == String {
    guard let choice = Choice(rawValue: name) else {
      let there = Choice.allCases.map(\.rawValue)
      throw ServiceError(.usage, "\(option) \(name): give \(Phrase.list(there, "or"))")
    }
    return choice
  }

  /// - Parameter progress: hears what is being done.
  public func run(rows: [Int], progress: (String) -> Void = { _ in }) -> BenchReport {
    switch self {
    case .model(let bench): bench.run(rows: rows, progress: progress)
    case .cells(let bench): bench.run(rows: rows, progress: progress)
    }
  }
}
