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
