import Glibc
import RunnelCore
import RunnelLabels
import RunnelRecordings
import Synchronization
import Testing

@testable import RunnelService

/// Several recordings labelled side by side: each as it would be alone.
@Suite struct LabelRunTests {
  /// What was said, in its order.
  private final class Heard: Sendable {
    private let words = Mutex<[LabelRun.Word]>([])
    func take(_ word: LabelRun.Word) { words.withLock { $0.append(word) } }

    var output: [UInt8] {
      words.withLock { $0 }.flatMap { word in if case .output(let bytes) = word { bytes } else { [UInt8]() } }
    }
    var messages: [String] {
      words.withLock { $0 }.compactMap { word in
        switch word {
        case .message(let text): text
        case .failure(let error): "failed: \(error)"
        case .output: nil
        }
      }
    }
  }

  private func run(_ form: LabelRun.Form?) throws -> LabelRun {
    LabelRun(try Labeller(model: OfflineRig.model.get(), channels: ["MLII"]), form: form, library: "test")
  }

  private func label(
    _ run: LabelRun, _ paths: [String], to places: [String]? = nil, jobs: Int
  ) -> (heard: Heard, failures: [ServiceError]) {
    let heard = Heard()
    return (heard, run.label(run.recordings(paths), to: places, jobs: jobs, hear: heard.take))
  }

  @Test func `the output is that of each alone, whatever works at a time, a failing one left out`() throws {
    let rigs = try (0..<5).map { try OfflineRig(seconds: 8 + 3 * Double($0), seed: UInt64($0)) }
    let run = try run(.jsonl)
    let alone = rigs.flatMap { label(run, [$0.path], jobs: 1).heard.output }
    let paths = rigs.map(\.path)
    let withMissing = Array(paths[..<2]) + ["/nowhere/none.hea"] + paths[2...]
    for jobs in 1...4 {
      let (heard, failures) = label(run, withMissing, jobs: jobs)
      #expect(heard.output == alone, "\(jobs) at a time")
      #expect(failures.map(\.kind) == [.noInput] && heard.messages.count == 1)
      #expect(heard.messages[0].contains("/nowhere/none.hea"))
    }
  }

  @Test(arguments: LabelRun.Form.allCases)
  func `a file has the same bytes whatever is labelled beside it`(form: LabelRun.Form) throws {
    let rigs = try (0..<3).map { try OfflineRig(seconds: 10, seed: UInt64($0)) }
    let run = try run(form)
    func files(jobs: Int) throws -> [[UInt8]] {
      let places = rigs.map { "\($0.folder)/l.\(form.suffix)" }
      let (heard, failures) = label(run, rigs.map(\.path), to: places, jobs: jobs)
      #expect(failures.isEmpty && heard.messages.count == 3 && heard.output.isEmpty)
      #expect(zip(heard.messages, places).allSatisfy { $0.hasPrefix($1) }, "in the order of the recordings")
      return try places.map { try ByteFile.read($0, limit: 1 << 24) }
    }
    let (alone, beside) = (try files(jobs: 1), try files(jobs: 3))
    #expect(alone == beside && alone.allSatisfy { $0.count > 8 })
  }

  @Test func `one that fails leaves no file, and the others theirs`() throws {
    let (good, bad) = (try OfflineRig(seconds: 5), try OfflineRig(seconds: 5))
    var bytes = try ByteFile.read(bad.folder + "/syn.dat", limit: 1 << 20)
    bytes[100] ^= 1
    try ByteFile.write(bytes, to: bad.folder + "/syn.dat")
    let places = [good, bad].map { $0.folder + "/l.csv" }
    let failures = label(try run(.csv), [good.path, bad.path], to: places, jobs: 2).failures
    #expect(failures.map(\.kind) == [.data])
    #expect(access(places[0], F_OK) == 0 && access(places[1], F_OK) != 0)
  }

  @Test func `progress ends with every row of every recording`() throws {
    let rigs = try (0..<3).map { try OfflineRig(seconds: 20, seed: UInt64($0)) }
    let last = Mutex<[WorkProgress]>([])
    _ = try run(nil).label(rigs.map { WholeRecording($0.path) }, to: nil, jobs: 2, hear: { _ in }) { step in
      last.withLock { $0.append(step) }
    }
    let steps = last.withLock { $0 }
    #expect(steps.last?.rows == 3 * 20 * 360 && steps.last?.fraction == 1 && steps.last?.finished == 3)
    #expect(zip(steps, steps.dropFirst()).allSatisfy { $0.rows <= $1.rows })
  }

  // MARK: places

  @Test func `a folder or a pattern gives each recording a file of its name`() throws {
    let rig = try OfflineRig(seconds: 5)
    #expect(
      try LabelPlaces.list(rig.folder, of: WholeRecording.list(["x/a.hea", "b.edf"]), ending: "csv")
        == ["a", "b"].map { "\(rig.folder)/\($0).csv" })
    #expect(
      try LabelPlaces.list("o-{}.x", of: WholeRecording.list(["x/a.hea", "b.b.edf"]), ending: "csv") == [
        "o-a.x", "o-b.b.x",
      ])
    #expect(try LabelPlaces.list("one.csv", of: [WholeRecording("a.hea")], ending: "csv") == ["one.csv"])
  }

  @Test func `two recordings of one name, one file for two, and the recording itself are refused`() throws {
    let rig = try OfflineRig(seconds: 5)
    for (output, files) in [
      ("{}.csv", ["x/a.hea", "y/a.hea"]), ("one.csv", ["a.hea", "b.hea"]), (rig.folder + "/{}.hea", [rig.path]),
    ] {
      #expect(
        serviceError { _ = try LabelPlaces.list(output, of: WholeRecording.list(files), ending: "csv") }?.kind
          == .usage, "\(output)")
    }
  }

  @Test func `labels that hold until the next reach it in a table, and make an annotation where they change`() throws {
    let rig = try OfflineRig(seconds: 20)
    var labeller = try Labeller(model: OfflineRig.model.get(), channels: ["MLII"])
    labeller.plans[0].rule.emit = .every
    let places = ["l.csv", "l.rnl"].map { rig.folder + "/" + $0 }
    for (form, place) in zip([LabelRun.Form.csv, .atr], places) {
      let run = LabelRun(labeller, form: form, library: "test")
      #expect(run.label([WholeRecording(rig.path)], to: [place], jobs: 1, hear: { _ in }).isEmpty)
    }
    let rows = try #require(try LabelTable.read(places[0]))
    #expect(rows.count > 2000 && zip(rows, rows.dropFirst()).allSatisfy { $0.first + $0.count == $1.first })
    let changes = zip(rows, rows.dropFirst()).filter { $0.label != $1.label }.map { "\($1.first)(\($1.label)" }
    let found = try AnnotationFile(contentsOf: places[1]).annotations
    #expect(
      found.allSatisfy { $0.code == .rhythm }
        && found.dropFirst().map { "\($0.at)\($0.text)" }.dropLast() == changes[...])
    #expect(found.last?.text == "(none", "at the end of the stream")
  }

  // MARK: annotations of the MIT format

  @Test func `points, states and labels that hold until the next are annotations in their own way`() {
    func mark(_ at: Int64, _ label: String, _ extent: LabelMark.Extent = .point) -> LabelMark {
      LabelMark(at: at, extent: extent, label: label)
    }
    func words(_ marks: [LabelMark]) -> [String] {
      Annotation.list(of: marks).map { "\($0.at)\($0.code.symbol)\($0.text)" }
    }
    #expect(words([mark(5, "N"), mark(9, "unknown"), mark(12, "click")]) == ["5N", "9Q", "12\"click"])
    #expect(
      words([mark(5, "AF", .rows(10)), mark(30, "VT", .rows(5))]) == ["5+(AF", "15+(none", "30+(VT", "35+(none"])
    #expect(words([mark(5, "AF", .rows(10)), mark(15, "VT", .open)]) == ["5+(AF", "15+(VT"])
    #expect(
      words([mark(0, "a", .rows(3)), mark(3, "a", .rows(3)), mark(6, "b", .rows(2))]) == ["0+(a", "6+(b", "8+(none"])
    #expect(words([mark(0, "a", .untilNext), mark(3, "a", .untilNext), mark(6, "b", .untilNext)]) == ["0+(a", "6+(b"])
    #expect(words([mark(5, "AF", .rows(10)), mark(7, "V")]) == ["5+(AF", "7V", "15+(none"])
  }
}
