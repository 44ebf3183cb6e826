import Glibc
import RunnelRecordings

/// Bytes given to the reader of a recording, through a file in memory: whatever it makes of them, it says so in a sentence
/// or gives rows.
enum RecordingFuzz {
  /// A folder of this process, where the readers find their files.
  private static let folder: String = {
    let path = "/dev/shm/runnel-fuzz-\(getpid())"
    mkdir(path, 0o700)
    // What headers may name.
    let samples = (0..<4096).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    for name in [
      "packed.8", "packed.61", "packed.80", "packed.160", "packed.310", "packed.311", "rates.dat", "wide.dat",
      "x.sigmf-data",
    ] { write(samples, name) }
    return path
  }()

  private static func write(_ bytes: [UInt8], _ name: String) {
    guard let file = fopen("/dev/shm/runnel-fuzz-\(getpid())/\(name)", "wb") else { fatalError("no file in memory") }
    fwrite(bytes, 1, bytes.count, file)
    fclose(file)
  }

  /// - Parameter name: of the file, whose extension counts where the content has no mark.
  static func feed(_ bytes: [UInt8], as name: String) {
    let path = "\(folder)/\(name)"
    write(bytes, name)
    guard let recording = try? RecordingFormat.open(path, rate: 100) else { return }
    for index in recording.tracks.indices {
      for run in recording.tracks[index].runs.prefix(4) {
        _ = try? recording.bytes(run.lowerBound..<min(run.upperBound, run.lowerBound + 300), of: index)
        _ = try? recording.bytes(max(run.lowerBound, run.upperBound - 3)..<run.upperBound, of: index)
      }
    }
    _ = try? recording.annotations(of: nil, on: recording.tracks.isEmpty ? nil : 0, rate: 100)
    if recording.format == .mcap { _ = try? MCAPLabels.read(path) { _, _ in } }
    if recording.format == .mcap { _ = try? MCAPRecovery.recover(path, to: "\(folder)/mended.mcap") }
  }

  static func feedAnnotations(_ bytes: [UInt8]) {
    write(bytes, "x.atr")
    let path = "\(folder)/x.atr"
    _ = try? AnnotationReader.annotations(in: path, rate: 360)
    _ = try? AnnotationReader.counting(in: path)
    _ = try? LabelTable.read(path)
  }
}
