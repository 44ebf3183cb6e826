import RunnelCore
import RunnelRecordings
import RunnelWire

/// A file of label messages: one JSON object a line, as `runnel label --format jsonl` and `runnel watch --json` write it,
/// or MCAP with topics `l/…`.
enum LabelMessageFile {
  private static let sizeLimit = 1 << 30

  /// Whether a file begins as one does: with an object of JSON that is no metadata of a recording, or as MCAP. Of a pipe
  /// nobody knows before it is read.
  static func isOne(_ path: String) -> Bool { isLines(path) || isMCAP(path) }

  static func isLines(_ path: String) -> Bool {
    guard let first = try? ByteFile.beginning(of: path, count: 64) else { return false }
    return first.first { $0 > 0x20 } == UInt8(ascii: "{") && !path.hasSuffix(".sigmf-meta")
  }

  static func isMCAP(_ path: String) -> Bool { (try? RecordingFormat.detect(path)) == .mcap }

  /// - Parameter take: hears each message with its place, `FILE:LINE` or `FILE: byte N`, and may refuse it.
  /// - Throws: `ServiceError` (66, 77; 65 with the place).
  static func read(
    _ path: String, _ take: (LabelMessage, _ place: @autoclosure () -> String) throws(ServiceError) -> Void
  ) throws(ServiceError) {
    if isMCAP(path) { try readMessages(path, take) } else { try readLines(path, take) }
  }

  private static func readLines(
    _ path: String, _ take: (LabelMessage, @autoclosure () -> String) throws(ServiceError) -> Void
  ) throws(ServiceError) {
    let bytes: [UInt8]
    do throws(RecordingError) { bytes = try ByteFile.read(path, limit: sizeLimit) } catch { throw ServiceError(error) }
    let decoder = LabelDecoder()
    for (index, line) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
      if line.allSatisfy({ $0 == 0x20 || $0 == 0x0D || $0 == 0x09 }) { continue }
      let outcome: Result<LabelMessage, DecodeError> = line.withUnsafeBytes { json in
        do throws(DecodeError) { return .success(try decoder.decode(json: json)) } catch { return .failure(error) }
      }
      switch outcome {
      case .success(let label): try take(label, "\(path):\(index + 1)")
      case .failure(let error):
        throw ServiceError(
          .data,
          "\(path):\(index + 1):\(error.byteOffset + 1): no label message: expected \(error.expected), found \(error.found)"
        )
      }
    }
  }

  private static func readMessages(
    _ path: String, _ take: (LabelMessage, @autoclosure () -> String) throws(ServiceError) -> Void
  ) throws(ServiceError) {
    var refusal: ServiceError?
    do throws(RecordingError) {
      try MCAPLabels.read(path) { label, place in
        guard refusal == nil else { return }
        do throws(ServiceError) { try take(label, "\(path): byte \(place)") } catch { refusal = error }
      }
    } catch { throw ServiceError(error) }
    if let refusal { throw refusal }
  }
}
