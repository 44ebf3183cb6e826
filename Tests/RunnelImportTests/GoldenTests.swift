import RunnelCore
import RunnelImport
import RunnelInference
import Testing

/// Each fixture, imported, computes what the other program computes.
@Suite struct GoldenTests {
  static func isGood(_ fixture: Fixture) -> Bool { (try? fixture.record()["refused"]) == .some(nil) }

  @Test(arguments: Fixture.every.filter(isGood))
  func `an imported network computes what its framework does, whole and in every order`(fixture: Fixture) throws {
    let draft = try fixture.imported().draft()
    let bytes = try draft.finished(
      frames: try fixture.values("input"), scores: try fixture.values("output"), by: "the fixture")
    let report = try ModelFile(bytes: bytes).check()
    #expect(report.largestError < 1e-4)
  }

  @Test(arguments: Fixture.every.filter(isGood))
  func `every tensor of a file is accounted for`(fixture: Fixture) throws {
    let ledger = try fixture.imported().ledger
    #expect(!ledger.entries.isEmpty && ledger.entries.allSatisfy { !$0.isUnused })
  }

  @Test(arguments: Fixture.onnx.filter { !isGood($0) })
  func `a graph that fits no layers is refused with the reason`(fixture: Fixture) throws {
    let words = try #require(try fixture.record()["refused"]?.string)
    let error = #expect(throws: ImportError.self) { try fixture.imported() }
    #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
    #expect(error?.description.contains("\n") == false)
  }

  @Test func `fixtures of every exporter are there`() {
    let names = Set(Fixture.onnx.map(\.name))
    for name in ["lstm-last-script", "lstm-last-dynamo", "keras-lstm", "cell-lstm-peepholes", "refuse-loop"] {
      #expect(names.contains(name))
    }
    #expect(Fixture.rtneural.count >= 5 && Fixture.bare.count >= 2)
  }

  @Test func `outputs of another network are refused`() throws {
    let fixture = try #require(Fixture.onnx.first { $0.name == "gru-every-script" })
    var output = try fixture.values("output")
    output[7] += 0.01
    let frames = try fixture.values("input")
    let draft = try fixture.imported().draft()
    #expect(throws: ModelDraftError.self) { try draft.finished(frames: frames, scores: output, by: "another") }
  }
}
