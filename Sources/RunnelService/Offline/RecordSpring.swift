import RunnelCore
import RunnelPipeline
import RunnelRecordings

/// A WFDB record in place of a publisher: the rows from one place to another, as the session that a replay of them
/// would be.
///
///     var spring = try RecordSpring(open: "mitdb/119.hea", from: .seconds(0), until: .seconds(300))
///     while let rows = try spring.next() { … }
///
/// Opening reads the samples once and holds them against their checksums, so that no label is ever made of a damaged
/// file. Row 0 of the file is index 0 of the session, wherever reading begins.
public struct RecordSpring: Sendable {
  /// What labels call the stream; the record's name unless told otherwise.
  public let stream: String
  public let path: String
  public let rate: Double
  public let channels: [Channel]
  public let rows: Range<Int64>
  /// The raw values that mean "no sample here" in its storage format.
  public let missing: [Double]
  /// Row 0 as Unix ns; nil where the header gives no time and date.
  public let start: Int64?
  /// The header says that the signal was computed: a comment line that begins with `synthetic`.
  public let isSynthetic: Bool

  private var record: WFDBRecord
  private var samples: [Int16]

  /// Rows that are read at a time.
  private static let chunkRows = 4096

  /// - Throws: `ServiceError`: 66 no such file, 65 damaged or not a record, 64 a place outside it.
  public init(
    open path: String, stream: String? = nil, from: RecordPosition? = nil, until: RecordPosition? = nil
  ) throws(ServiceError) {
    do throws(RecordingError) {
      record = try WFDBRecord(open: path)
      try record.verifyChecksums()
    } catch { throw ServiceError(error) }
    self.path = record.path
    self.stream = stream ?? record.header.name
    rate = record.rate
    channels = record.channels
    missing = Set(record.missing).sorted().map(Double.init)
    start = record.start
    isSynthetic = record.header.information.contains { line in
      line.drop { $0 == " " }.lowercased().hasPrefix("synthetic")
    }
    rows = try Self.rows(of: record, from: from, until: until)
    samples = Array(repeating: 0, count: Self.chunkRows * record.channels.count)
    do throws(RecordingError) { try record.seek(to: Int(rows.lowerBound)) } catch { throw ServiceError(error) }
  }

  private static func rows(
    of record: WFDBRecord, from: RecordPosition?, until: RecordPosition?
  ) throws(ServiceError) -> Range<Int64> {
    let first = from?.row(rate: record.rate) ?? 0
    let end = min(until?.row(rate: record.rate) ?? record.rows, record.rows)
    let length =
      "\(record.path) has \(record.rows) rows (\(Dimension.duration.text(Double(record.rows) / record.rate)))"
    guard first <= record.rows else {
      throw ServiceError(.usage, "\(length), so there is nothing from row \(first) on: choose an earlier --from")
    }
    guard first <= end else {
      throw ServiceError(.usage, "--until (row \(end)) lies before --from (row \(first)): exchange them")
    }
    return Int64(first)..<Int64(end)
  }

  /// What the admission of a replay would make of it.
  ///
  /// - Parameter rate: what the configuration says, where it does.
  public func session(input: String, rate configured: Double? = nil) throws(ServiceError) -> Session {
    if let configured, abs(configured - rate) > 0.005 * max(configured, rate) {
      throw ServiceError(
        .data,
        """
        \(path) has \(Phrase.number(rate)) Hz where streams.\(input).rate says \(Phrase.number(configured)) Hz: \
        correct the one that is wrong
        """)
    }
    return Session(
      stream: StreamIdentity(input: input, endpoint: path, stream: stream),
      cause: rows.lowerBound == 0 ? .first : .joinedMidStream, start: rows.lowerBound, rate: configured ?? rate,
      channels: channels, level: .sequenced, synthetic: isSynthetic)
  }

  /// The index of the next row.
  public var position: Int64 { Int64(record.position) }

  /// When row `index` was recorded, in Unix ns.
  func time(of index: Int64) -> Int64? { start.map { $0 + Int64((Double(index) / rate * 1e9).rounded()) } }

  /// Lends the next rows as one chunk; false at the end.
  mutating func next(_ body: (Chunk) -> Void) throws(ServiceError) -> Bool {
    let count = min(Self.chunkRows, Int(rows.upperBound) - record.position)
    guard count > 0, !channels.isEmpty else { return false }
    let outcome: Result<Void, RecordingError> = samples.withUnsafeMutableBufferPointer { all in
      let part = UnsafeMutableBufferPointer(rebasing: all[..<(count * channels.count)])
      do throws(RecordingError) { _ = try record.read(into: part) } catch { return .failure(error) }
      body(
        Chunk(payload: UnsafeRawBufferPointer(part), element: .int16, rows: count, channels: channels.count))
      return .success(())
    }
    do throws(RecordingError) { try outcome.get() } catch { throw ServiceError(error) }
    return true
  }
}
