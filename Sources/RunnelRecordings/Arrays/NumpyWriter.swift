import RunnelCore

/// Writes an array as `.npy` version 1.0, rows as they come; the shape is patched in at the end.
///
///     var writer = try NumpyWriter("conditioned.npy")                   // (T,) f32
///     var writer = try NumpyWriter("conditioned.npy", width: 3)         // (T, 3) f32
///     var writer = try NumpyWriter("y.npy", element: .int64)            // (T,) i64
///     try writer.append(values)
///     try writer.finish()
///
/// The file appears with `finish`, whole; left unfinished, nothing stays.
public struct NumpyWriter: ~Copyable, Sendable {
  public let element: ElementType
  /// Values in a row; nil writes a one-dimensional array.
  public let width: Int?
  private var file: AtomicFile
  /// Values written.
  public private(set) var count = 0

  /// Throws `permission` or `cannotCreate`.
  public init(_ path: String, element: ElementType = .float32, width: Int? = nil) throws(RecordingError) {
    precondition(width.map { $0 > 0 } ?? true, "a row has values")
    var output = try AtomicFile(path)
    try output.append(NumpyHeader.bytes(element, shape: [0]))
    self.element = element
    self.width = width
    file = output
  }

  /// Appends values (T, width); a row may be cut anywhere.
  public mutating func append(_ values: [Float]) throws(RecordingError) {
    try append(values.map(\.bitPattern), .float32)
  }

  public mutating func append(_ values: UnsafeBufferPointer<Float>) throws(RecordingError) {
    try append(values.map(\.bitPattern), .float32)
  }

  public mutating func append(integers values: [Int64]) throws(RecordingError) { try append(values, .int64) }
  public mutating func append(bytes values: [UInt8]) throws(RecordingError) { try append(values, .uint8) }

  private mutating func append(
    _ values: [some FixedWidthInteger], _ given: ElementType
  ) throws(RecordingError) {
    precondition(element == given, "values of the type that the writer was opened for")
    try file.append(NumpyFile.bytes(values))
    count += values.count
  }

  /// Writes the shape and gives the file its name. Nothing may be appended afterwards.
  ///
  /// - Parameter shape: nil is (T,), or (T, width).
  public mutating func finish(shape: [Int]? = nil) throws(RecordingError) {
    let rows = count / (width ?? 1)
    let shape = shape ?? [rows] + (width.map { [$0] } ?? [])
    precondition(shape.reduce(1, *) == count, "rows are whole")
    try file.patch(NumpyHeader.bytes(element, shape: shape), at: 0)
    try file.finish()
  }
}
