import Glibc
import RunnelCore
import RunnelPipeline
import RunnelRecordings
import RunnelSignal
import RunnelTesting
import RunnelWire
import Testing

@testable import RunnelService

/// A folder with a synthetic record in it, and the ways to label that record.
final class OfflineRig {
  private let place = TemporaryFolder()
  /// Beats of the record as the generator knows them.
  private(set) var beats: [Annotation] = []
  /// rows × channels, as stored.
  private(set) var samples: [Int16] = []
  private(set) var channels: [Channel] = []

  static let modelPath = root + "/Tests/Golden/models/conv-lstm.safetensors"
  static let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(4)
    .joined(separator: "/")

  static let model: Result<Model, ServiceError> = {
    do throws(ServiceError) { return .success(try ModelLoader.load(modelPath)) } catch { return .failure(error) }
  }()

  /// - Parameter missing: rows that are stored as "no sample here".
  init(
    seconds: Double = 30, leads: Int = 1, missing: [Range<Int>] = [], seed: UInt64 = 1, information: [String] = []
  ) throws {
    var ecg = try SyntheticECG(.init(seconds: seconds, seed: seed, ventricularFraction: 0.15, leads: leads))
    let rows = ecg.settings.rows ?? 0
    var millivolts = [Float](repeating: 0, count: rows * leads)
    ecg.next(rows: rows, into: &millivolts)
    beats = ecg.takeAnnotations()
    samples = millivolts.map { Int16(($0 * 200).rounded()) + 100 }
    for row in missing.joined() { for lead in 0..<leads { samples[row * leads + lead] = -2048 } }
    channels = ecg.settings.channels.map {
      Channel(name: $0.name, unit: "mV", scaling: .gain(200, baseline: 100))
    }
    var writer = try WFDBWriter(path, channels: channels, rate: 360, format: .format212, information: information)
    try writer.append(samples)
    try writer.finish()
    try AnnotationFile(beats).write(to: folder + "/syn.atr")
  }

  func remove(_ name: String) throws { unlink(folder + "/" + name) }

  var folder: String { place.path }
  var path: String { folder + "/syn.hea" }

  /// The record in segments, without some of its rows: `gap.hea`.
  func segmented(gaps: [Range<Int>]) throws -> String {
    var (lines, row, number) = (["gap/\(2 * gaps.count + 1) \(channels.count) 360 \(rows)"], 0, 0)
    for gap in gaps + [rows..<rows] {
      var writer = try WFDBWriter(folder + "/part\(number)", channels: channels, rate: 360, format: .format16)
      try writer.append(samples[row * channels.count..<gap.lowerBound * channels.count])
      try writer.finish()
      lines.append("part\(number) \(gap.lowerBound - row)")
      if !gap.isEmpty { lines.append("~ \(gap.count)") }
      (row, number) = (gap.upperBound, number + 1)
    }
    return try write("gap.hea", lines.map { $0 + "\n" }.joined())
  }
  var rows: Int { samples.count / channels.count }

  func write(_ name: String, _ text: String) throws -> String {
    try ByteFile.write(Array(text.utf8), to: folder + "/" + name)
    return folder + "/" + name
  }

  /// Canonical lines, in their order.
  struct Lines: LabelSink {
    var lines: [String] = []
    private var encoder = LabelEncoder(canonical: true)
    mutating func publish(_ label: LabelMessage, arrived: Int64) {
      if label.isCanonical { lines.append(encoder.text(label)) }
    }
  }

  /// The labels of another recording in the folder.
  func labels(_ labeller: Labeller, of file: String) throws -> [String] {
    var lines = Lines()
    try labeller.label(try RecordingSource(file), into: &lines)
    return lines.lines
  }

  func labels(
    _ labeller: Labeller, from: RecordingPosition? = nil, until: RecordingPosition? = nil, stream: String? = nil
  ) throws -> [String] {
    let source = try RecordingSource(path, from: from, until: until, stream: stream)
    var lines = Lines()
    try labeller.label(source, into: &lines)
    return lines.lines
  }

  /// The labels that the daemon would make of a replay of these rows: messages of the wire, cut at random, decoded and
  /// admitted as the daemon does.
  ///
  /// - Parameter gaps: rows that are not sent: the index jumps.
  func replayed(
    _ text: String, rows range: Range<Int>? = nil, gaps: [Range<Int>] = [], stream: String = "syn", seed: UInt64
  ) throws -> [String] {
    let configuration = try ConfigurationReader.read(text: text, file: folder + "/c.yaml").configuration
    let models = try ModelLoader.load(configuration.models)
    let input = configuration.inputs[0]
    let shard = Shard(
      claims: try configuration.plans(models: models).filter { $0.input == input.name }.map {
        .init(input: $0.input, pipeline: Pipeline(plan: $0.plan, epoch: 77))
      }, sink: Lines())
    let intake = Intake(policy: input.policy, numbering: { shard.addStream() })
    let decoder = RunnelDecoder()
    func receive(_ parts: MessageParts) {
      shard.arrive(monotonic: 1, unix: nil)
      guard let message = try? decoder.decode(parts) else { return }
      intake.admit(
        message, key: UnsafeRawBufferPointer(rebasing: parts[0].dropFirst()), endpoint: "test", now: 1, to: shard
      ) { (try? Topic(parts[0]))?.stream ?? "?" }
    }
    let range = range ?? 0..<rows
    var encoder = try RunnelEncoder(
      StreamDescription(stream: stream, rate: 360, channels: channels), epoch: 5, element: .int16)
    encoder.nextIndex = Int64(range.lowerBound)
    encoder.withDescription(receive)
    var random = SeededGenerator(seed: seed)
    var row = range.lowerBound
    while row < range.upperBound {
      if let gap = gaps.first(where: { $0.contains(row) }) {
        row = gap.upperBound
        encoder.nextIndex = Int64(row)
      }
      let next = gaps.map(\.lowerBound).filter { $0 > row }.min() ?? range.upperBound
      let end = min(range.upperBound, next, row + random.below(700))
      samples[row * channels.count..<end * channels.count].withUnsafeBytes { payload in
        encoder.withSamples(payload, rows: end - row) { receive($0) }
      }
      if random.below(3) == 0 { shard.step() }
      row = end
    }
    encoder.withEnd(receive)
    shard.step()
    return shard.sink.lines
  }

  func configuration(pipeline: String = "channels: [MLII], model: beats", input: String = "") -> String {
    """
    streams:
      beds: {connect: "tcp://127.0.0.1:5556"\(input.isEmpty ? "" : ", " + input)}
    models:
      beats: {file: \(Self.modelPath)}
    pipelines:
      beats: {from: beds, \(pipeline)}
    outputs:
      labels: {bind: "tcp://127.0.0.1:9872"}

    """
  }
}

/// The error of a body that must fail.
func serviceError(_ body: () throws -> Void) -> ServiceError? {
  do {
    try body()
    return nil
  } catch { return error as? ServiceError }
}
