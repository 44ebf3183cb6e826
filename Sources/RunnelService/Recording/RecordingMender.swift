import RunnelCore
import RunnelRecordings

/// What `runnel record --recover` does: a file whose recorder was killed, or that was damaged, made whole.
public enum RecordingMender {
  public struct Result: Sendable, Hashable {
    public var path: String
    public var report: MCAPRecovery.Report
    /// Whether the file was whole, and is as it was.
    public var isUntouched: Bool

    /// `ward.mcap: 1204 messages kept; …`
    public var sentence: String {
      isUntouched ? "\(path) was whole, and is as it was: \(report.sentence)" : "\(path): \(report.sentence)"
    }

    /// Its JSON, for programs.
    public func write(to writer: inout JSONWriter) {
      writer.beginObject()
      writer.pair("file", path)
      writer.pair("messages", Int64(clamping: report.messages))
      writer.pair("bytes_lost", report.bytesLost)
      writer.pair("messages_left_out", report.orphans)
      writer.pair("wrong_checksums", report.wrongChecksums)
      writer.pair("was_whole", report.isWhole)
      writer.endObject()
    }
  }

  /// - Parameter output: where the whole file goes; nil mends it where it lies.
  /// - Throws: `ServiceError`: 65 for what is no MCAP file, for one of which nothing can be kept, and for one that is damaged
  ///   in its middle and has no `output`; 69 for one that is being recorded; 66, 73, 74, 77.
  public static func mend(
    _ path: String, to output: String? = nil, library: String = "runnel",
    progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
  ) throws(ServiceError) -> Result {
    do throws(RecordingError) {
      if let output, output != path {
        let report = try MCAPRecovery.recover(path, to: output, library: library, progress: progress)
        return Result(path: output, report: report, isUntouched: false)
      }
      let report = try MCAPRecovery.mend(path, library: library, progress: progress)
      return Result(path: path, report: report, isUntouched: report.isWhole)
    } catch { throw ServiceError(error) }
  }
}
