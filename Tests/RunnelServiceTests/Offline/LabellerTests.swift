import Glibc
import RunnelCore
import RunnelPipeline
import RunnelRecordings
import RunnelSignal
import RunnelTesting
import RunnelWire
import Testing

@testable import RunnelService

/// Law 4 between the daemon and `runnel label`, and what only a file has: places, missing values, damage.
@Suite struct LabellerTests {
  private let everyStep = "model: beats, channels: [MLII], decide: {emit: every}"

  @Test(arguments: 0..<6)
  func `a file gives the labels of its replay, byte for byte`(seed: UInt64) throws {
    let rig = try OfflineRig(seconds: 20, seed: seed)
    let text = rig.configuration(pipeline: everyStep)
    let labels = try rig.labels(labeller(text, rig))
    #expect(try labels == rig.replayed(text, seed: seed))
    // 42 steps of delay, and 2 by which the model's own smoothing (a mean of 50 ms, 6 steps) moves positions back.
    #expect(labels.count == 20 * 120 - 42 - 2 + 1, "a label per step that speaks of a row, and the end")
  }

  @Test func `by the model's own rules the labels are those of a configuration that adds nothing`() throws {
    let rig = try OfflineRig()
    let own = try Labeller(model: OfflineRig.model.get(), channels: ["MLII"], pipeline: "beats")
    #expect(try rig.labels(own) == rig.replayed(rig.configuration(), seed: 3))
  }

  @Test func `a pipeline made of a model has the model's name`() throws {
    let rig = try OfflineRig(seconds: 5)
    let labels = try rig.labels(Labeller(model: OfflineRig.model.get()))
    #expect(!labels.isEmpty && labels.allSatisfy { $0.contains(#""pipeline":"conv-lstm""#) })
  }

  @Test func `the format's missing value is missing without being told`() throws {
    let rig = try OfflineRig(missing: [1000..<1010, 3000..<3200, 6000..<7000])
    let text = rig.configuration(pipeline: everyStep)
    let told = rig.configuration(pipeline: everyStep, input: "missing: [-2048]")
    let labels = try rig.labels(labeller(text, rig))
    #expect(try labels == rig.replayed(told, seed: 1))
    #expect(labels.contains { $0.contains(#""status":"gap","reason":"sentinel""#) })
    #expect(labels.count { $0.contains(#""status":"reset","reason":"gap""#) } == 1)
  }

  @Test(arguments: 0..<4)
  func `gaps of a recording are those of a stream whose index jumps, byte for byte`(seed: UInt64) throws {
    let rig = try OfflineRig(seed: seed)
    // One that is filled, one that carries, one that resets.
    let gaps = [[3000..<3010, 6000..<6900], [1000..<1200, 5000..<5300]][Int(seed) % 2]
    let text = rig.configuration(pipeline: everyStep)
    let labels = try rig.labels(labeller(text, rig), of: try rig.segmented(gaps: gaps))
    #expect(try labels == rig.replayed(text, gaps: gaps, stream: "gap", seed: seed))
    #expect(labels.contains { $0.contains(#""status":"gap""#) })
  }

  @Test(arguments: ["x.mcap", "x.csv", "x.edf"])
  func `a recording gives the same labels in every format`(name: String) throws {
    let rig = try OfflineRig(seconds: 20)
    let result = try Converter().convert(rig.path, to: rig.folder + "/" + name)
    #expect(result.report.losses.isEmpty && result.report.annotations == rig.beats.count)
    let labeller = try labeller(rig.configuration(pipeline: everyStep), rig)
    let scores = { (lines: [String]) in
      lines.compactMap { line -> String? in
        guard let label = try? LabelDecoder().decode(line), let at = label.at, label.label != nil else { return nil }
        return "\(at) \(label.label ?? "") \(label.scores)"
      }
    }
    let other = try RecordingSource(rig.folder + "/" + name)
    var lines = OfflineRig.Lines()
    try labeller.label(other, into: &lines)
    let (own, found) = (scores(try rig.labels(labeller)), scores(lines.lines))
    #expect(!own.isEmpty && own.count == found.count)
    // EDF says a scaling by its limits, which differ in the last bits; the others are exact.
    #expect(name == "x.edf" || own == found)
  }

  @Test(arguments: LabelOutput.Form.allCases)
  func `labels written to a file are read back as the beats they are`(form: LabelOutput.Form) throws {
    let rig = try OfflineRig(seconds: 20)
    let labeller = try labeller(rig.configuration(pipeline: "channels: [MLII], model: beats"), rig)
    let source = try RecordingSource(rig.path)
    var beats = BeatLabels()
    try labeller.label(source, into: &beats)
    var output = LabelOutput(
      form, rig.folder + "/l.\(form.rawValue)", rate: source.rate, start: source.start, library: "test")
    try labeller.label(try RecordingSource(rig.path), into: &output)
    _ = try output.finish()
    let read = try AnnotationReader.annotations(in: output.path, rate: source.rate)
    #expect(!read.isEmpty && read.map(\.at) == beats.annotations.map(\.at))
    #expect(read.map(\.label) == beats.annotations.map { String($0.code.symbol) })
  }

  /// They were left out, and counted as written.
  @Test func `labels that no topic can carry are an error of a file of messages, with the name`() throws {
    let rig = try OfflineRig(seconds: 1)
    var output = LabelOutput(.mcap, rig.folder + "/l.mcap", rate: 360, start: nil, library: "test")
    output.publish(
      LabelMessage(kind: .label, stream: "bed\u{7}", channel: "MLII", pipeline: "beats", sequence: 0), arrived: 0)
    let error = #expect(throws: ServiceError.self) { try output.finish() }
    #expect(error?.description.contains("'bed·'") == true && error?.description.contains("rename") == true)
    #expect(access(output.path, F_OK) != 0)
  }

  @Test func `gap rule, range and flat line of a configuration hold for a file too`() throws {
    let rig = try OfflineRig(missing: [2000..<2100])
    let text = rig.configuration(
      pipeline: everyStep + ", gap: {fill: linear 20ms, carry: 200ms}", input: "range: [-0.4, 0.9], flat: 30ms")
    let told = rig.configuration(
      pipeline: everyStep + ", gap: {fill: linear 20ms, carry: 200ms}",
      input: "range: [-0.4, 0.9], flat: 30ms, missing: [-2048]")
    let labels = try rig.labels(labeller(text, rig))
    #expect(try labels == rig.replayed(told, seed: 2))
    #expect(labels.contains { $0.contains("lead-off") })
  }

  @Test func `from a place in the middle a file gives the labels of a stream joined there`() throws {
    let rig = try OfflineRig()
    let text = rig.configuration(pipeline: everyStep)
    let labels = try rig.labels(labeller(text, rig), from: .seconds(10), until: .index(9001))
    #expect(try labels == rig.replayed(text, rows: 3600..<9001, seed: 4))
    #expect(labels.last?.contains(#""at":9001"#) == true, "the end lies after the last row that was read")
  }

  @Test func `labelling up to a place gives a beginning of the labels of the whole`() throws {
    let rig = try OfflineRig()
    let labeller = try labeller(rig.configuration(pipeline: everyStep), rig)
    let (part, whole) = (try rig.labels(labeller, until: .seconds(7.5)), try rig.labels(labeller))
    #expect(part.dropLast() == whole.prefix(part.count - 1))
  }

  @Test func `two runs give the same bytes, epochs and times included`() throws {
    let rig = try OfflineRig(seconds: 10)
    func run() throws -> [UInt8] {
      let bytes = Bytes()
      let source = try RecordingSource(rig.path)
      var lines = LabelLines(.json(canonical: false)) { bytes.all.append(contentsOf: $0) }
      try Labeller(model: OfflineRig.model.get()).label(source, into: &lines)
      return bytes.all
    }
    #expect(try run() == run())
  }

  @Test func `each channel is a lane with the labels it has alone`() throws {
    let rig = try OfflineRig(seconds: 15, leads: 2)
    let model = try OfflineRig.model.get()
    let both = try rig.labels(Labeller(model: model))
    for channel in ["MLII", "V5"] {
      let alone = try rig.labels(Labeller(model: model, channels: [channel]))
      #expect(both.filter { $0.contains("\"channel\":\"\(channel)\"") } == alone)
    }
  }

  @Test func `a computed record makes labels that say so`() throws {
    let rig = try OfflineRig(seconds: 5, information: ["synthetic: true"])
    let labels = try rig.labels(Labeller(model: OfflineRig.model.get()))
    #expect(!labels.isEmpty && labels.allSatisfy { $0.contains(#""synthetic":true"#) })
  }

  @Test func `a stream is called what one wants`() throws {
    let rig = try OfflineRig(seconds: 5)
    let labels = try rig.labels(Labeller(model: OfflineRig.model.get()), stream: "bed7")
    #expect(labels.allSatisfy { $0.contains(#""stream":"bed7""#) })
  }

  // MARK: what the network sees

  @Test func `the conditioned file holds what the conditioner makes, frame by frame`() throws {
    let rig = try OfflineRig(seconds: 10)
    let array = try conditioned(rig, from: nil)
    #expect(array.count == 1200)
    #expect(array.map(\.bitPattern) == (try reference(rig, rows: 0..<3600)).map(\.bitPattern))
  }

  @Test func `an array of frames that would be little but a gap is refused before a byte is written`() throws {
    let rig = try OfflineRig(seconds: 1)
    let path = try rig.write("gap.csv", "sample,MLII [mV]\n0,1\n1,2\n\(Int64(1) << 52),3\n")
    let source = try RecordingSource(path, .init(rate: 360))
    let names = Set(TemporaryFolder.names(in: rig.folder))
    let error = serviceError {
      var file = try ConditionedFile(rig.folder + "/f.npy", of: source, modelRate: 120, width: 1)
      _ = try file.finish()
    }
    #expect(error?.kind == .data && error?.description.contains("rows of gaps would take") == true)
    #expect(Set(TemporaryFolder.names(in: rig.folder)) == names)
  }

  @Test func `frames that a gap left out are NaN and move no other`() throws {
    let rig = try OfflineRig(seconds: 10, missing: [1200..<1500, 3500..<3600])
    let array = try conditioned(rig, from: nil)
    #expect(array.count == 1200)
    #expect(array.indices.filter { array[$0].isNaN } == Array(400..<500) + Array(1167..<1200))
    #expect(array[..<400].map(\.bitPattern) == (try reference(rig, rows: 0..<1200)).map(\.bitPattern))
  }

  @Test func `from a place in the middle the first row is the first frame after it`() throws {
    let rig = try OfflineRig(seconds: 10)
    let array = try conditioned(rig, from: .index(601))
    #expect(array.count == 1200 - 201)
    #expect(array.map(\.bitPattern) == (try reference(rig, rows: 601..<3600)).map(\.bitPattern))
  }

  // MARK: mistakes of the world

  @Test func `a channel that is not there is answered with those that are`() throws {
    let rig = try OfflineRig(seconds: 5, leads: 2)
    let error = serviceError { _ = try rig.labels(Labeller(model: OfflineRig.model.get(), channels: ["II"])) }
    #expect(error?.kind == .data)
    #expect(
      error?.description.hasSuffix("no channel 'II' (it has: MLII, V5): name one of those with --channels CHANNEL")
        == true)
  }

  @Test func `a unit that a file does not say is asked for, and may be said as the sentence tells`() throws {
    let rig = try OfflineRig(seconds: 10)
    _ = try Converter().convert(rig.path, to: rig.folder + "/unit.csv")
    let table = String(decoding: TemporaryFolder.read(rig.folder + "/unit.csv"), as: UTF8.self)
    let bare = try rig.write("bare.csv", table.replacing("MLII [mV]", with: "MLII"))
    func labels(_ name: String, _ labeller: Labeller) throws -> [String] {
      var lines = OfflineRig.Lines()
      try labeller.label(RecordingSource(name, .init(stream: "syn")), into: &lines)
      return lines.lines
    }
    func network(_ unit: String?) throws -> Labeller {
      try Labeller(model: OfflineRig.model.get(), channels: ["MLII"], pipeline: "beats", unit: unit)
    }
    let error = serviceError { _ = try labels(bare, network(nil)) }
    #expect(error?.kind == .data && error?.description.hasSuffix("for example --unit mV") == true)
    let declared = try labels(rig.folder + "/unit.csv", network(nil))
    #expect(!declared.isEmpty)
    #expect(try labels(bare, network("mV")) == declared)
    let told = try labeller(rig.configuration(input: "channels: [{name: MLII, unit: mV}]"), rig)
    #expect(try labels(bare, told) == declared)
    let untold = serviceError { _ = try labels(bare, labeller(rig.configuration(), rig)) }
    #expect(untold?.description.contains("streams.beds.channels: [{name: MLII, unit: …}]") == true)
    let wrong = serviceError { _ = try labels(rig.path, network("µV")) }
    #expect(wrong?.description.contains("declares mV where µV was said") == true)
  }

  @Test func `a missing file is 66`() throws {
    let error = serviceError { _ = try RecordingSource("/nowhere/119.hea") }
    #expect(error?.kind == .noInput)
  }

  @Test func `a truncated header is 65`() throws {
    let rig = try OfflineRig(seconds: 5)
    _ = try rig.write("syn.hea", "syn 1 360 1800\n")
    #expect(serviceError { _ = try RecordingSource(rig.path) }?.kind == .data)
  }

  @Test func `a sample that is not what was recorded is 65, before any label`() throws {
    let rig = try OfflineRig(seconds: 5)
    var bytes = try ByteFile.read(rig.folder + "/syn.dat", limit: 1 << 20)
    bytes[900] ^= 4
    try ByteFile.write(bytes, to: rig.folder + "/syn.dat")
    let error = serviceError { _ = try rig.labels(Labeller(model: OfflineRig.model.get()), until: .index(10)) }
    #expect(error?.kind == .data)
    #expect(error?.description.contains("checksum") == true)
  }

  @Test func `a rate other than the configuration's is refused with both`() throws {
    let rig = try OfflineRig(seconds: 5)
    let error = serviceError { _ = try rig.labels(labeller(rig.configuration(input: "rate: 250 Hz"), rig)) }
    #expect(error?.kind == .data)
    #expect(error?.description.contains("360 Hz") == true && error?.description.contains("250 Hz") == true)
  }

  @Test func `a pipeline that is not there is answered with the nearest`() throws {
    let rig = try OfflineRig(seconds: 5)
    let error = serviceError { _ = try labeller(rig.configuration(), rig, pipeline: "beat") }
    #expect(error?.kind == .usage && error?.description.contains("did you mean 'beats'?") == true)
  }

  // MARK: driving

  private final class Bytes { var all: [UInt8] = [] }

  private func labeller(_ text: String, _ rig: OfflineRig, pipeline: String? = nil) throws -> Labeller {
    let configuration = try ConfigurationReader.read(text: text, file: rig.folder + "/c.yaml").configuration
    return try Labeller(configuration, models: ModelLoader.load(configuration.models), pipeline: pipeline)
  }

  private func conditioned(_ rig: OfflineRig, from: RecordingPosition?) throws -> [Float] {
    final class Frames {
      var file: ConditionedFile
      init(_ file: consuming ConditionedFile) { self.file = file }
    }
    let source = try RecordingSource(rig.path, from: from)
    let path = rig.folder + "/f.npy"
    let frames = Frames(
      try ConditionedFile(path, of: source, modelRate: 120, width: 1))
    var lines = OfflineRig.Lines()
    try Labeller(model: OfflineRig.model.get()).label(
      source, into: &lines, frames: { frames.file.append($1, $2) })
    let count = try frames.file.finish()
    let bytes = try ByteFile.read(path, limit: 1 << 24)
    #expect(bytes.count == 128 + 4 * count)
    return bytes.dropFirst(128).withUnsafeBytes { raw in
      (0..<count).map { Float(bitPattern: raw.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self)) }
    }
  }

  private func reference(_ rig: OfflineRig, rows: Range<Int>) throws -> [Float] {
    let model = try OfflineRig.model.get().description
    let conditioner = try Conditioner(model.conditioning, inputRate: 360, modelRate: model.rate)
    var state = conditioner.makeState()
    let physical = rig.samples[rows].map { Float((Double($0) - 100) / 200) }
    var frames = [Float](repeating: 0, count: physical.count)
    let produced = physical.withUnsafeBufferPointer {
      conditioner.push($0, at: Int64(rows.lowerBound), state: &state, into: &frames)
    }
    return Array(frames[..<produced.count])
  }
}
