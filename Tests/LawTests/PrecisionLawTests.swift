import RunnelInference
import RunnelKernels
import RunnelPipeline
import Testing

/// Reduced weights are another network with the same laws: 1, 2 and 7 of whole pipelines. (A resumed
/// state is one of RunnelInferenceTests/CompanyTests.)
@Suite struct PrecisionLawTests {
  /// Carried with strides, renewed by a shadow, windows side by side, windows whole.
  static let names = ["strided", "renewed", "side-by-side", "bidirectional"]
  static let reduced: [WeightPrecision] = [.bf16, .int8]

  private func labels(_ model: Model, _ signal: Signal, cuts: [Int]) throws -> [String: [String]] {
    let rig = Rig([try .everyStep(model)])
    try signal.send(cut: cuts) { rig.receive($0) }
    return rig.labels
  }

  @Test(arguments: names, reduced)
  func `cuts and kernel sets change no label, and the precision does`(
    name: String, precision: WeightPrecision
  ) throws {
    let made = try Regimes.made(name)
    let signal = Signal(rows: 2000, seed: 11)
    let whole = try labels(made.model(precision: precision), signal, cuts: [signal.rows])
    #expect(try whole != labels(made.model(), signal, cuts: [signal.rows]), "it is another network")
    for seed in 0..<4 as Range<UInt64> {
      #expect(try labels(made.model(precision: precision), signal, cuts: signal.cuts(seed: seed)) == whole)
    }
    for kernels in KernelSet.available {
      let model = try made.model(kernels: kernels, precision: precision)
      #expect(try labels(model, signal, cuts: [signal.rows]) == whole, "\(kernels)")
    }
  }

  @Test(arguments: names, reduced)
  func `a stream has the labels it has alone, beside others of any size`(
    name: String, precision: WeightPrecision
  ) throws {
    let model = try Regimes.made(name).model(precision: precision)
    let signals = (0..<5 as Range<UInt64>).map { number in
      var signal = Signal(name: "s\(number)", rows: 1500, seed: number)
      // Nothing, little and much: what one row holds must not touch how another is quantised.
      if number < 3 { signal.samples = signal.samples.map { $0 / [1000, 100, 1][Int(number)] } }
      return signal
    }
    let together = Rig([try .everyStep(model)])
    for signal in signals { try signal.send(cut: signal.cuts(seed: 3)) { together.receive($0) } }
    let company = together.labels
    for signal in signals {
      for (lane, lines) in try labels(model, signal, cuts: [signal.rows]) { #expect(company[lane] == lines, "\(lane)") }
    }
    #expect(company.count == 5)
  }
}
