import RunnelCore
import RunnelRecordings
import RunnelWire

/// The rows of a WFDB record, as they were stored: i16, with gain, baseline and unit in the description.
///
///     let source = try RecordingSource("mitdb/119.hea", from: .seconds(60))
///     source.first    // 21600: the record's own index goes on the wire, so a subscriber joins mid-stream
///
/// A stored value that means "no sample here" (−2048 in format 212) becomes −32768, and the description says so. The
/// record's checksums are verified before the first row is given, since what was sent cannot be taken back.
public final class RecordingSource: SampleSource {
  public let description: StreamDescription
  public let element = ElementType.int16
  /// Rows of the record that are given.
  public let range: Range<Int>
  public let start: Int64?
  /// Of channels that had to be renamed, one sentence each, for the operator.
  public let remarks: [String]

  private var record: WFDBRecord
  private var buffer: UnsafeMutableBufferPointer<Int16>

  /// On the wire.
  static let missing: Int16 = -32768
  /// Comment line of a header that says: these samples were computed.
  static let syntheticMark = "synthetic: true"

  /// - Parameters:
  ///   - path: of the header, `.hea` may be left out.
  ///   - from, until: nil is the record's first row, and its end.
  ///   - stream: nil names it after the record.
  ///   - subject: whose signal it is, opaque.
  /// - Throws: `noInput`, `data` and so on for the record; `usage` for positions it does not have.
  public init(
    _ path: String, from: RecordingPosition? = nil, until: RecordingPosition? = nil, stream: String? = nil,
    subject: String? = nil
  ) throws(ServiceError) {
    do throws(RecordingError) {
      record = try WFDBRecord(open: path)
      try record.verifyChecksums()
    } catch { throw ServiceError(error) }
    let name = record.header.name
    guard WireLimits.rates.contains(record.rate), !record.channels.isEmpty else {
      throw ServiceError(
        .data, "\(record.path): a record of \(record.channels.count) signals at \(record.rate) Hz cannot be sent")
    }
    let first = try from?.row(rate: record.rate, rows: record.rows, of: name) ?? 0
    let end = try until?.row(rate: record.rate, rows: record.rows, of: name) ?? record.rows
    guard first < end else {
      throw ServiceError(.usage, "no row of \(name) lies between \(from ?? .index(0)) and \(until ?? .index(end))")
    }
    range = first..<end
    start = record.start
    let (channels, remarks) = Self.distinct(record.channels)
    self.remarks = remarks
    description = StreamDescription(
      stream: stream ?? name, rate: record.rate,
      channels: channels.map { channel in
        var channel = channel
        channel.missing = Double(Self.missing)
        return channel
      }, subject: subject, synthetic: record.header.information.contains(Self.syntheticMark) ? true : nil)
    buffer = .allocate(capacity: channels.count)
    try rewind()
  }

  deinit { buffer.deallocate() }

  public var first: Int64 { Int64(range.lowerBound) }
  public var rowCount: Int64? { Int64(range.count) }

  public func next(rows count: Int) throws(ServiceError) -> UnsafeRawBufferPointer {
    let channels = description.channels.count
    let wanted = min(count, range.upperBound - record.position)
    guard wanted > 0 else { return UnsafeRawBufferPointer(start: nil, count: 0) }
    if buffer.count < wanted * channels {
      buffer.deallocate()
      buffer = .allocate(capacity: wanted * channels)
    }
    let rows = UnsafeMutableBufferPointer(rebasing: buffer[..<(wanted * channels)])
    do throws(RecordingError) {
      let read = try record.read(into: rows)
      precondition(read == wanted, "the record has these rows")
    } catch { throw ServiceError(error) }
    for (channel, missing) in record.missing.enumerated() where missing != Self.missing {
      var index = channel
      while index < rows.count {
        if rows[index] == missing { rows[index] = Self.missing }
        index += channels
      }
    }
    return UnsafeRawBufferPointer(rows)
  }

  public func rewind() throws(ServiceError) {
    do throws(RecordingError) { try record.seek(to: range.lowerBound) } catch { throw ServiceError(error) }
  }

  /// Channels are bound by name, and records exist whose signals share one: the second `ECG` becomes `ECG-2`.
  private static func distinct(_ channels: [Channel]) -> ([Channel], [String]) {
    var seen: Set<String> = []
    var remarks: [String] = []
    let renamed = channels.map { channel in
      var channel = channel
      channel.name = String(String.UnicodeScalarView(channel.name.unicodeScalars.map { plain($0) ? $0 : "_" }))
      var number = 2
      let base = channel.name
      while !seen.insert(channel.name).inserted {
        channel.name = "\(base)-\(number)"
        number += 1
      }
      return channel
    }
    for (old, new) in zip(channels, renamed) where old.name != new.name {
      remarks.append("a second signal named '\(old.name)' is sent as channel '\(new.name)'")
    }
    return (renamed, remarks)
  }

  private static func plain(_ scalar: Unicode.Scalar) -> Bool {
    scalar.value >= 0x20 && !(0x7F..<0xA0).contains(scalar.value)
  }
}
