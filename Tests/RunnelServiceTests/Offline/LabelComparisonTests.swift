import RunnelCore
import RunnelRecordings
import Testing

@testable import RunnelService

/// `runnel diff`: files of labels of whatever kind. How labels are paired is tested in RunnelLabelsTests.
@Suite struct LabelComparisonTests {
  private func files(_ rig: OfflineRig) throws -> [String: String] {
    var files: [String: String] = [:]
    for form in LabelRun.Form.allCases where form != .text {
      let place = "\(rig.folder)/l.\(form.suffix)"
      let run = LabelRun(try Labeller(model: OfflineRig.model.get(), channels: ["MLII"]), form: form, library: "test")
      #expect(run.label([WholeRecording(rig.path)], to: [place], jobs: 1, hear: { _ in }).isEmpty)
      files[form.rawValue] = place
    }
    return files
  }

  @Test func `labels written in any form are the same in any other`() throws {
    let rig = try OfflineRig(seconds: 20)
    let files = try files(rig)
    for (form, place) in files {
      let comparison = try LabelComparison(files["jsonl"]!, place, rate: 360)
      #expect(comparison.isSame && comparison.difference.same > 10, "\(form): \(comparison.lines)")
      #expect(try LabelComparison(place, files["csv"]!, rate: 360).isSame, "\(form) and csv")
    }
  }

  @Test func `a file in seconds wants a rate, and so does a tolerance in seconds`() throws {
    let rig = try OfflineRig(seconds: 5)
    let files = try files(rig)
    for (name, tolerance) in [("edf", RecordingPosition.index(0)), ("csv", .seconds(0.01))] {
      let error = serviceError { _ = try LabelComparison(files["jsonl"]!, files[name]!, tolerance: tolerance) }
      #expect(error?.kind == .usage && error?.description.contains("--rate 360Hz") == true)
    }
    #expect(try LabelComparison(files["jsonl"]!, files["csv"]!, tolerance: .seconds(0.01), rate: 360).isSame)
  }

  @Test func `a header has no marks, and the file that has is named`() throws {
    let rig = try OfflineRig(seconds: 5)
    let error = serviceError { _ = try LabelComparison(rig.path, rig.folder + "/syn.atr") }
    #expect(error?.kind == .data && error?.description.hasSuffix("for example \(rig.folder)/syn.atr") == true)
    let tolerance = serviceError { _ = try RecordingPosition("10m", as: "tolerance") }
    #expect(tolerance?.description.contains("'10m' is no tolerance") == true)
    #expect(tolerance?.description.contains("us, ms, s, min or h") == true)
  }

  @Test func `what is changed, added and taken away is told line by line`() throws {
    let rig = try OfflineRig(seconds: 5)
    let head = "first,count,t_ns,channel,label,id,p\n"
    let a = try rig.write("l.csv", head + "100,0,,MLII,N,1,0.9\n200,0,,MLII,V,3,0.8\n300,0,,MLII,N,1,0.9\n")
    let b = try rig.write("x.csv", head + "100,0,,MLII,N,1,0.9\n200,0,,MLII,N,1,0.7\n400,5,,MLII,\"a,b\",,\n")
    let comparison = try LabelComparison(a, b)
    #expect(
      comparison.lines == [
        "~        200  MLII  V  0.8  →  200  MLII  N  0.7  (label and score)",
        "-        300  MLII  N  0.9", "+        400  MLII  a,b  5 rows",
      ])
    #expect(comparison.summary == "1 the same, 1 differ, 1 only in \(a), 1 only in \(b)")
    let json = try JSONValue(parsing: comparison.json)
    #expect(json["same"]?.integer == 1 && json["only_a"]?.array?.first?["at"]?.integer == 300)
    #expect(json["only_b"]?.array?.first?["rows"]?.integer == 5)
    #expect(json["differing"]?.array?.first?["differences"]?.array?.compactMap(\.string) == ["label", "score"])
  }

  @Test func `a line that is no label is told by its place`() throws {
    let rig = try OfflineRig(seconds: 5)
    let good = try rig.write("x.csv", "first,label\n1,N\n")
    let bad = try rig.write("l.csv", "first,count,t_ns,channel,label,id,p\n1,0,,MLII,N,1,0.9\n2,0,,MLII,N\n")
    let error = serviceError { _ = try LabelComparison(bad, good) }
    #expect(error?.kind == .data && error?.description.contains("l.csv:3") == true)
  }

  // MARK: byte for byte

  @Test func `canonical forms are the same though times, epochs and the order of lanes are not`() throws {
    let rig = try OfflineRig(seconds: 10, leads: 2)
    let labeller = try Labeller(model: OfflineRig.model.get())
    let lines = try rig.labels(labeller)
    let a = try rig.write("l.jsonl", lines.joined(separator: "\n"))
    let byLane = lines.filter { $0.contains("V5") } + lines.filter { !$0.contains("V5") }
    let b = try rig.write(
      "other", byLane.map { $0.replacing("\"seq\"", with: "\"epoch\":\"9\",\"seq\"") }.joined(separator: "\n"))
    let same = try CanonicalComparison(a, b)
    #expect(same.sentences.isEmpty && same.count == lines.count && same.lanes == 2)
  }

  @Test func `the first message that differs is shown of each lane, and one that is missing is counted`() throws {
    let rig = try OfflineRig(seconds: 10)
    let lines = try rig.labels(Labeller(model: OfflineRig.model.get()))
    let a = try rig.write("l.jsonl", lines.joined(separator: "\n"))
    let changed =
      [lines[0], lines[1].replacing("\"quality\":\"", with: "\"quality\":\"filled\",\"x\":\"")] + lines[2...]
    let b = try rig.write("other", changed.joined(separator: "\n"))
    #expect(try CanonicalComparison(a, b).sentences.map { $0.contains("message 2 differs") } == [true])
    let c = try rig.write("other", lines.dropLast().joined(separator: "\n"))
    #expect(try CanonicalComparison(a, c).sentences.map { $0.contains("has \(lines.count) messages") } == [true])
  }

  @Test func `a table has no canonical form`() throws {
    let rig = try OfflineRig(seconds: 5)
    let table = try rig.write("l.csv", "first,label\n1,N\n")
    #expect(serviceError { _ = try CanonicalComparison(table, table) }?.kind == .usage)
  }
}
