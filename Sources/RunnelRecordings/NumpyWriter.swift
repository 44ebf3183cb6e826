/// Writes an array of f32 as `.npy` version 1.0, rows as they come; the header's length is patched in at the end.
///
///     var writer = try NumpyWriter("conditioned.npy")             // (T,)
///     var writer = try NumpyWriter("conditioned.npy", width: 3)   // (T, 3)
///     try writer.append(values)
///     try writer.finish()
///
/// The file appears with `finish`, whole; left unfinished, nothing stays.
public struct NumpyWriter: ~Copyable, Sendable {
  /// Values in a row; nil writes a one-dimensional array.
  public let width: Int?
  private var file: AtomicFile
  private var count = 0
  private var packed: [UInt8] = []

  /// Magic, version, length and dictionary: a multiple of 64, as the format asks, with room for any shape.
  private static let headerSize = 128

  /// Throws `permission` or `cannotCreate`.
  public init(_ path: String, width: Int? = nil) throws(RecordingError) {
    precondition(width.map { $0 > 0 } ?? true, "a row has values")
    var output = try AtomicFile(path)
    try output.append(Self.header(count: 0, width: width))
    self.width = width
    file = output
  }

  /// Appends values (T, width); a row may be cut anywhere.
  public mutating func append(_ values: [Float]) throws(RecordingError) {
    let outcome: Result<Void, RecordingError> = values.withUnsafeBufferPointer { buffer in
      do throws(RecordingError) { return .success(try append(buffer)) } catch { return .failure(error) }
    }
    try outcome.get()
  }

  public mutating func append(_ values: UnsafeBufferPointer<Float>) throws(RecordingError) {
    packed.removeAll(keepingCapacity: true)
    for value in values {
      let bits = value.bitPattern
      for shift in stride(from: UInt32(0), to: 32, by: 8) { packed.append(UInt8(truncatingIfNeeded: bits >> shift)) }
    }
    try file.append(packed)
    count += values.count
  }

  /// Writes the shape and gives the file its name. Nothing may be appended afterwards.
  public mutating func finish() throws(RecordingError) {
    precondition(count % (width ?? 1) == 0, "rows are whole")
    try file.patch(Self.header(count: count, width: width), at: 0)
    try file.finish()
  }

  private static func header(count: Int, width: Int?) -> [UInt8] {
    let shape = width.map { "(\(count / $0), \($0))" } ?? "(\(count),)"
    var text = Array("{'descr': '<f4', 'fortran_order': False, 'shape': \(shape), }".utf8)
    let length = headerSize - 10
    precondition(text.count < length, "a shape fits the header")
    text += Array(repeating: 0x20, count: length - 1 - text.count) + [0x0A]
    return NumpyFile.magic + [1, 0, UInt8(length), 0] + text
  }
}
