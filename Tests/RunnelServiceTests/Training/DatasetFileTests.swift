import Glibc
import RunnelCore
import RunnelPipeline
import RunnelRecordings
import Testing

@testable import RunnelService

/// What a training set says of itself, and how it appears.
@Suite struct DatasetFileTests {
  private func manifest(_ rig: DatasetRig) throws -> JSONValue {
    try JSONValue(parsing: String(decoding: ByteFile.read(rig.path + "/manifest.json", limit: 1 << 20), as: UTF8.self))
  }

  @Test func `the manifest says what a model must be exported with`() throws {
    let rig = try DatasetRig(missing: [3000..<3200])
    try rig.write(.windows(WindowCut(length: 360, hop: 120, target: .frame(359))))
    let json = try manifest(rig)
    #expect(json["kind"]?.string == "windows" && json["made_by"]?.string == "test")
    #expect(json["model"]?["digest"]?.string == (try OfflineRig.model.get()).digest)
    #expect(json["rate"]?.number == 120 && json["delay"]?.number == 0.35)
    #expect(json["conditioning"]?["filters"]?.array?.first?["design"]?.string == "band-pass")
    #expect(json["window"]?["length"]?.integer == 360 && json["window"]?["target"]?.integer == 359)
    #expect(json["classes"]?.array?.compactMap(\.string) == ["none", "N", "S", "V", "F", "Q"])
    #expect(json["totals"]?["windows_left_out"]?.integer == 3)
    let record = json["records"]?.array?.first
    #expect(record?["gaps"]?.array?.first?["rows"]?.array?.compactMap(\.integer) == [3000, 3200])
    #expect(record?["gaps"]?.array?.first?["reset"]?.bool == false)
    #expect(record?["frames"]?.array?.compactMap(\.integer) == [0, 3600])
    #expect((record?["beats"]?["V"]?.integer ?? 0) > 0)
  }

  @Test func `without a model the conditioning is what a file says, and goes into the manifest as it is`() throws {
    let rig = try DatasetRig()
    let filters = try rig.offline.write(
      "other", #"{"filters":[{"design":"high-pass","order":2,"corner":0.5}],"normalisation":{"kind":"none"}}"#)
    let input = try TrainingInput(
      rate: 180, delay: 0, like: rig.offline.path, channels: ["MLII"], conditioningFile: filters)
    let labeller = try Labeller(model: input.standIn(), channels: ["MLII"])
    try rig.write(.whole, labeller: labeller, input: input)
    #expect(try rig.array("syn.x.npy").shape == [5400, 1])
    let json = try manifest(rig)
    #expect(json["model"] == .null && json["conditioning"] == input.conditioning)
    #expect(json["inputs"]?.array?.first?["unit"]?.string == "mV")
  }

  @Test func `a filter that is none is named with its file`() throws {
    let rig = try DatasetRig(seconds: 1)
    let filters = try rig.offline.write("other", #"{"filters":[{"design":"hi-pass","order":2,"corner":0.5}]}"#)
    let error = serviceError {
      _ = try TrainingInput(rate: 180, delay: 0, like: rig.offline.path, channels: [], conditioningFile: filters)
    }
    #expect(error?.kind == .data && error?.description.contains("/other: conditioning.filters[0].design") == true)
  }

  @Test func `a folder with something in it is 73 and stays as it is`() throws {
    let rig = try DatasetRig(seconds: 5)
    mkdir(rig.path, 0o777)
    try ByteFile.write([1], to: rig.path + "/mine")
    let error = serviceError { try rig.write(.whole) }
    #expect(error?.kind == .cannotCreate && rig.names(rig.path) == ["mine"] && rig.names(rig.folder) == ["set"])
  }

  @Test func `an empty folder is taken, and what goes wrong leaves nothing`() throws {
    let rig = try DatasetRig(seconds: 5)
    mkdir(rig.path, 0o777)
    unlink(rig.offline.folder + "/syn.atr")
    let error = serviceError { try rig.write(.whole) }
    #expect(error?.kind == .noInput && error?.description.contains("syn.atr") == true)
    #expect(rig.names(rig.folder) == ["set"] && rig.names(rig.path) == [])
    try AnnotationFile(rig.offline.beats).write(to: rig.offline.folder + "/syn.atr")
    try rig.write(.whole)
    #expect(rig.names(rig.path) == ["manifest.json", "syn.mask.npy", "syn.x.npy", "syn.y.npy"])
  }

  @Test func `a record of several lanes is 64 with their names`() throws {
    let rig = try DatasetRig(seconds: 5, leads: 2)
    let labeller = try Labeller(model: OfflineRig.model.get())
    let error = serviceError { try rig.write(.whole, labeller: labeller) }
    #expect(error?.kind == .usage && error?.description.contains("--channels") == true)
  }

  @Test(arguments: [
    ("0", "1", "last", "--window 0"), ("3", "0", "last", "--hop 0"), ("3", "1", "3", "--target 3"),
    ("3", "1", "first", "--target first"), ("3x", "1", "last", "--window 3x"), ("1ms", "1", "last", "--window 1ms"),
  ])
  func `a cut that cannot be is 64 and names the option`(
    window: String, hop: String, target: String, named: String
  ) throws {
    let error = serviceError { _ = try WindowCut(window: window, hop: hop, target: target, rate: 120) }
    #expect(error?.kind == .usage && error?.description.hasPrefix(named) == true)
  }

  @Test func `times are frames of the model's rate`() throws {
    let cut = try WindowCut(window: "3s", hop: "500ms", target: "last", rate: 120)
    #expect(cut == (try WindowCut(length: 360, hop: 60, target: .frame(359))))
    #expect(try WindowCut(window: "3", hop: "1", target: "last", rate: 120).target == .frame(2))
  }

  @Test func `classes that the map does not give are 64`() {
    #expect(serviceError { _ = try TargetRule(classes: ["none", "X"]) }?.kind == .usage)
    #expect(serviceError { _ = try TargetRule(classes: ["N"]) }?.kind == .usage)
    #expect(serviceError { _ = try TargetRule(classes: ["none", "N", "N"]) }?.kind == .usage)
  }

  @Test func `without a class for nothing, steps without a beat are unknown`() throws {
    let rig = try DatasetRig(annotations: [mark("V", at: 6000)])
    let manifest = try rig.write(.whole, rule: TargetRule(classes: ["N", "V"], width: 0))
    #expect(manifest.totals.classes == [0, 1] && manifest.totals.unknown == 3600 - 1200 - 1)
  }

  @Test func `the classes of a beat model are its labels in their order`() throws {
    let description = try OfflineRig.model.get().description
    #expect(TargetRule.classes(of: description)?.classes == ["none", "N", "S", "V", "F"])
  }
}
