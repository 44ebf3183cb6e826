import RunnelCore
import RunnelWire

/// Where a publisher's rows come from: a recording, a generator, a test.
///
///     let payload = try source.next(rows: 18)        // empty: the end
///     let rows = payload.count / source.bytesPerRow
///
/// A source knows no clock and no socket. It gives its rows in order, again from the first after `rewind`.
public protocol SampleSource: AnyObject {
  /// The stream's name, rate, channels, subject, device and whether the samples are made up. The publisher adds epoch
  /// and element.
  var description: StreamDescription { get }
  var element: ElementType { get }
  /// Sample index of the first row that `next` gives: not 0 where a recording is joined in its middle.
  var first: Int64 { get }
  /// Sample index of the first row of what `next` gives next. It jumps where the recording has a gap, and is the end
  /// when all rows were given.
  var nextIndex: Int64 { get }
  /// Rows that are given, gaps not counted; nil where there is no end.
  var rowCount: Int64? { get }
  /// When row 0 was sampled, in Unix nanoseconds; nil where nobody knows.
  var start: Int64? { get }

  /// The next rows without a gap between them, at most `count` (1 or more), interleaved and little-endian: rows × channels × element. Valid until
  /// the next call; empty only at the end.
  func next(rows count: Int) throws(ServiceError) -> UnsafeRawBufferPointer

  /// Back to the first row.
  func rewind() throws(ServiceError)
}

extension SampleSource {
  public var bytesPerRow: Int { description.channels.count * element.size }

  /// Hz, as the description states it.
  public var rate: Double { description.rate ?? 0 }
}
