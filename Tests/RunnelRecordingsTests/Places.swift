import Glibc
import RunnelCore
import Testing

@testable import RunnelRecordings

/// Where tests find files, and a folder of their own.
enum Places {
  /// The folder of Package.swift, from this file's path.
  static let root: String = {
    var parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
    parts.removeLast(3)
    return parts.joined(separator: "/")
  }()

  static let golden = root + "/Tests/Golden/wfdb"

  /// The folder of recorded signals: beside the package, or where RUNNEL_DATA says; nil where there is none.
  static let data: String? = {
    var candidates = [root + "/../shared/data"]
    if let named = getenv("RUNNEL_DATA") { candidates.append(String(cString: named)) }
    return candidates.first { access($0 + "/README.md", R_OK) == 0 }
  }()

  static let hasData = data != nil
}

/// The error of a body that must fail.
func failure(_ body: () throws(RecordingError) -> Void) -> RecordingError? {
  do throws(RecordingError) {
    try body()
    return nil
  } catch { return error }
}

/// Every frame of a record, read in chunks of `chunk` frames.
func samples(of path: String, chunk: Int = 64) throws(RecordingError) -> [Int32] {
  var record = try WFDBRecord(open: path)
  return try frames(&record, 0..<record.rows, chunk: chunk)
}

/// Frames of an open record, so many at a time.
func frames(_ record: inout WFDBRecord, _ range: Range<Int>, chunk: Int) throws(RecordingError) -> [Int32] {
  var all: [Int32] = []
  for first in stride(from: range.lowerBound, to: range.upperBound, by: chunk) {
    let part = first..<min(first + chunk, range.upperBound)
    var frames = [Int32](repeating: 0, count: part.count * record.width)
    let outcome: Result<Void, RecordingError> = frames.withUnsafeMutableBufferPointer { buffer in
      do throws(RecordingError) { return .success(try record.read(part, into: buffer)) } catch {
        return .failure(error)
      }
    }
    try outcome.get()
    all += frames
  }
  return all
}

/// Every row of a track that is there, as physical values; NaN where a sample is missing.
func physical(_ recording: any Recording, _ track: Int = 0) throws -> [[Double]] {
  let channels = recording.tracks[track].channels
  var rows: [[Double]] = []
  try RawRows(recording: recording, track: track).forEach { _, values in
    for first in stride(from: 0, to: values.count, by: channels.count) {
      rows.append(channels.indices.map { channels[$0].scaling.physical(values[first + $0]) })
    }
  }
  return rows
}
