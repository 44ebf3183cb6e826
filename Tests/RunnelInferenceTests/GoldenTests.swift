import Foundation
import RunnelInference
import RunnelKernels
import Testing

@Suite struct GoldenTests {
  @Test(arguments: Models.all)
  func `every kernel set computes what the training framework computed, in every order, with the same errors`(
    name: String
  ) throws {
    let model = try Models.file(name)
    let reports = try KernelSet.allCases.filter(\.isAvailable).map { try model.check(kernels: $0) }
    #expect(reports[0].results.count >= 2 && reports[0].largestError.isFinite)
    #expect(reports.allSatisfy { $0.results == reports[0].results })
  }

  @Test(arguments: Models.all, [WeightPrecision.bf16, .int8])
  func `reduced weights have the same scores and states in every order and every kernel set, and they are near`(
    name: String, precision: WeightPrecision
  ) throws {
    let model = try Models.file(name)
    let reports = try KernelSet.available.map { try model.check(kernels: $0, precision: precision) }
    #expect(reports.allSatisfy { $0.results == reports[0].results })
    for result in reports[0].results {
      let scores = result.scores
      #expect(scores.mean <= scores.rms && scores.rms <= scores.largest && scores.largest < 0.2)
      if let labels = result.labels { #expect(0 <= labels.agreed && labels.agreed <= labels.total) }
    }
  }

  @Test func `reduced weights are held to what the file promises of them, each to its own`() throws {
    func check(_ promises: String, _ precision: WeightPrecision) throws {
      let bytes = try Models.edited(
        "conv-lstm",
        text: { $0.replacingOccurrences(of: #""float32": 1e-05"#, with: #""float32": 1e-05,\#(promises)"#) })
      _ = try ModelFile(bytes: bytes).check(precision: precision)
    }
    try check(#""int8":0.5,"bf16":1e-9"#, .int8)
    try check(#""int8":1e-9,"bf16":0.5"#, .bf16)
    #expect(throws: GoldenError.self) { try check(#""int8":1e-9,"bf16":0.5"#, .int8) }
    #expect(throws: GoldenError.self) { try check(#""int8":0.5,"bf16":1e-9"#, .bf16) }
  }

  @Test func `there are fixtures of both regimes`() throws {
    #expect(Models.all.count >= 60)
    #expect(Models.names.allSatisfy(Models.all.contains))
  }

  /// Gates swapped, a tap shifted, a bias lost: what an exporter could get wrong and nobody would see.
  @Test(arguments: ["head.bias", "lstm.weight_ih_l0", "lstm.weight_hh_l0", "lstm.bias_hh_l0", "conv.weight"])
  func `a weight that was changed fails the golden check`(tensor: String) throws {
    let bytes = try Models.edited(
      "conv-lstm", tensors: { $0.tensors[$0[tensor]].values.withUnsafeMutableBufferPointer { $0.reverse() } })
    let model = try ModelFile(bytes: bytes)
    #expect(throws: GoldenError.self) { try model.check() }
  }

  @Test func `a wrong score names its step and a wrong state its unit`() throws {
    var bytes = try Models.edited("conv-lstm", tensors: { $0.tensors[$0["golden.output"]].values[5 * 7 + 2] += 0.01 })
    var model = try ModelFile(bytes: bytes)
    #expect(throws: GoldenError.self) { try model.check() }
    do { _ = try model.check() } catch {
      #expect(error.place == .score(step: 7) && error.way == .whole)
      #expect(error.description.contains("the score at step 7 is wrong: expected"))
    }
    bytes = try Models.edited("lstm-odd", tensors: { $0.tensors[$0["golden.0.c_l0"]].values[6] += 0.01 })
    model = try ModelFile(bytes: bytes)
    #expect(throws: GoldenError.self) { try model.check() }
    do { _ = try model.check() } catch {
      #expect(error.place == .state(name: "golden.0.c_l0", unit: 6))
    }
  }
}
