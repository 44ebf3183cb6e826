import Glibc
import RunnelCore
import RunnelLabels
import RunnelRecordings
import RunnelWire

@testable import RunnelService

/// Bytes given to the reader of a recording, through a file in memory: whatever it makes of them, it says so in a sentence
/// or gives rows.
enum RecordingFuzz {
  /// A folder of this process, where the readers find their files.
  private static let folder: String = {
    let path = "/dev/shm/runnel-fuzz-\(getpid())"
    mkdir(path, 0o700)
    atexit { RecordingFuzz.removeFolder() }
    // What headers may name.
    let samples = (0..<4096).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    for name in [
      "packed.8", "packed.61", "packed.80", "packed.160", "packed.310", "packed.311", "rates.dat", "wide.dat",
      "x.sigmf-data",
    ] { write(samples, name) }
    return path
  }()

  private static func removeFolder() {
    guard let folder = opendir("/dev/shm/runnel-fuzz-\(getpid())") else { return }
    while let entry = readdir(folder) {
      withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { _ = unlinkat(dirfd(folder), $0, 0) }
      }
    }
    closedir(folder)
    rmdir("/dev/shm/runnel-fuzz-\(getpid())")
  }

  /// - Returns: its path.
  private static func put(_ bytes: [UInt8], _ name: String) -> String {
    let path = "\(folder)/\(name)"
    write(bytes, name)
    return path
  }

  private static func write(_ bytes: [UInt8], _ name: String) {
    guard let file = fopen("/dev/shm/runnel-fuzz-\(getpid())/\(name)", "wb") else { fatalError("no file in memory") }
    fwrite(bytes, 1, bytes.count, file)
    fclose(file)
  }

  /// - Parameter name: of the file, whose extension counts where the content has no mark.
  static func feed(_ bytes: [UInt8], as name: String) {
    let path = put(bytes, name)
    guard let recording = try? RecordingFormat.open(path, rate: 100) else { return }
    for index in recording.tracks.indices {
      for run in recording.tracks[index].runs.prefix(4) {
        _ = try? recording.bytes(run.lowerBound..<min(run.upperBound, run.lowerBound + 300), of: index)
        _ = try? recording.bytes(max(run.lowerBound, run.upperBound - 3)..<run.upperBound, of: index)
      }
    }
    _ = try? recording.annotations(of: nil, on: recording.tracks.isEmpty ? nil : 0, rate: 100)
  }

  static func feedAnnotations(_ bytes: [UInt8]) {
    let path = put(bytes, "x.atr")
    _ = try? AnnotationReader.annotations(in: path, rate: 360)
    _ = try? AnnotationReader.counting(in: path)
    _ = try? LabelTable.read(path)
  }

  /// A file that may have been cut or damaged, recovered: the new one is whole and holds what was said, and its messages
  /// are those that are read of the old one.
  static func feedRecovery(_ bytes: [UInt8]) {
    let path = put(bytes, "cut.mcap")
    let mended = "\(folder)/mended.mcap"
    guard let report = try? MCAPRecovery.recover(path, to: mended) else { return }
    let again = try? MCAPRecovery.mend(mended)
    precondition(again?.isWhole == true && again?.messages == report.messages && again?.wrongChecksums == 0)
    precondition(messages(of: path).starts(with: messages(of: mended)))
  }

  /// The parts of each, up to the first that has none.
  private static func messages(of path: String) -> [[[UInt8]]] {
    guard var recorded = try? RecordedMessages([path]) else { return [] }
    var found: [[[UInt8]]] = []
    while let message = try? recorded.next() {
      let parts = try? message.withParts { parts in
        if message.encoding == .multipart {
          var packed: [UInt8] = []
          RecordedEncoding.pack(parts, into: &packed)
          precondition(packed[...] == message.recorded.data)
        }
        return (0..<parts.count).map { Array(parts[$0]) }
      }
      guard let parts else { break }
      found.append(parts)
    }
    return found
  }

  /// A file of labels, whatever kind its content makes it: read in all the ways in which labels are asked for. A file
  /// differs in nothing from itself.
  static func feedMarks(_ bytes: [UInt8]) {
    let path = put(bytes, "marks")
    if let comparison = try? LabelComparison(path, path, rate: 360) {
      precondition(comparison.isSame)
      _ = Annotation.list(of: comparison.a.marks)
    }
    if LabelMessageFile.isOne(path) {
      var encoder = LabelEncoder(inlinesSamples: true)
      let decoder = LabelDecoder()
      try? LabelMessageFile.read(path) { label, _ in
        precondition(DiscoveryFuzz.isPrintable(LabelLine.text(label)))
        // What was read once is written and read as it is.
        let text = encoder.text(label)
        guard let again = Array(text.utf8).withUnsafeBytes({ try? decoder.decode(json: $0) }) else {
          fatalError("no label: \(text)")
        }
        precondition(encoder.text(again) == text, "\(text)")
      }
    }
    if let comparison = try? CanonicalComparison(path, path) { precondition(comparison.sentences.isEmpty) }
    guard let file = try? LabelFile(contentsOf: path),
      let side = try? file.side(of: "bed7", record: "bed7.hea", rate: 360, isOnly: true)
    else { return }
    _ = side.episodes(end: nil)
    guard let beats = try? side.beats() else { return }
    let pairing = BeatPairing(truth: beats, test: beats, rate: 360, length: nil, scoring: BeatScoring())
    _ = ScoreReport(records: [ScoreReport.Record(name: "bed7", pairing: pairing)])
  }
}
