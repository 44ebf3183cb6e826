import Glibc
import RunnelCore
import RunnelLabels
import RunnelRecordings

/// A file of labels of whatever kind: label messages as JSON lines or MCAP, a table, annotations of the MIT format,
/// EDF+ and the other recordings that carry marks.
///
///     let labels = try MarkFile("119.rnl", rate: 360)
///     for mark in labels.marks { print(mark.at, mark.label, mark.p ?? 1) }
public struct MarkFile: Sendable {
  public let path: String
  public private(set) var marks: [LabelMark]

  /// - Parameter rate: rows a second, for a file that counts otherwise: in seconds, or in ticks of its own.
  /// - Throws: `ServiceError` (66, 77; 65 with the place; 64 where a rate is needed and none is given).
  public init(_ path: String, rate: Double?) throws(ServiceError) {
    self.path = path
    if LabelMessageFile.isOne(path) || Self.isPipe(path) {
      var list = MarkList()
      try LabelMessageFile.read(path) { label, _ in list.take(label) }
      marks = list.settled
      return
    }
    let counting: AnnotationReader.Counting
    do throws(RecordingError) {
      if let rows = try LabelTable.read(path) {
        marks = rows.map(LabelMark.init)
        return
      }
      counting = try AnnotationReader.counting(in: path)
    } catch { throw ServiceError(error) }
    let own: Double =
      switch counting {
      case .rows: 1
      case .ticks(let rate): rate
      case .seconds: .nan
      }
    guard let rate = rate ?? (own.isNaN ? nil : own) else {
      throw ServiceError(.usage, "\(path) counts in seconds: say how many rows one has, for example --rate 360Hz")
    }
    do throws(RecordingError) {
      marks = try AnnotationReader.annotations(in: path, rate: rate).map(LabelMark.init)
    } catch { throw ServiceError(error) }
  }

  static func isPipe(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFIFO
  }
}

extension LabelMark {
  init(_ row: LabelTable.Row) {
    self.init(
      at: row.first, extent: row.count > 0 ? .rows(row.count) : .point, label: row.label, id: row.id, p: row.p,
      time: row.time, lane: Lane(channel: row.channel.isEmpty ? nil : row.channel))
  }

  init(_ annotation: Annotation) {
    self.init(
      at: annotation.at, extent: annotation.length > 0 ? .rows(annotation.length) : .point, label: annotation.label)
  }
}
