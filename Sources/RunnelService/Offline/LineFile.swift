import RunnelPipeline
import RunnelRecordings
import RunnelWire

/// Label messages on their way into a file of lines. It appears with `finish`, or not at all.
final class LineFile: LabelSink {
  private var file: AtomicFile
  private var failure: RecordingError?
  private var lines: LabelLines?

  /// - Throws: `ServiceError` (73, 77).
  init(_ form: LabelLines.Form, _ path: String) throws(ServiceError) {
    do throws(RecordingError) { file = try AtomicFile(path) } catch { throw ServiceError(error) }
    lines = LabelLines(form) { [unowned self] bytes in
      guard failure == nil else { return }
      do throws(RecordingError) { try file.append(bytes) } catch { failure = error }
    }
  }

  func publish(_ label: LabelMessage, arrived: Int64) { lines?.publish(label, arrived: arrived) }

  /// - Returns: how many lines there are.
  /// - Throws: `ServiceError` (74).
  func finish() throws(ServiceError) -> Int {
    do throws(RecordingError) {
      if let failure { throw failure }
      try file.finish()
    } catch { throw ServiceError(error) }
    return lines?.count ?? 0
  }
}
