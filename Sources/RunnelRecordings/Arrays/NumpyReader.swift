import RunnelCore

/// Reads the floats of a `.npy` file piece by piece: arrays of any size in bounded memory.
///
///     let reader = try NumpyReader("x.npy")         // shape [T, D]
///     try reader.read(0..<4096 * d, into: &values)
///
/// f32 is given as it is, f64 rounded to the nearest f32. Other types have no meaning as signals and are refused.
public struct NumpyReader: Sendable {
  public let header: NumpyHeader
  private let file: OpenFile

  public var path: String { file.path }
  public var shape: [Int] { header.shape }

  /// Throws `notFound`, `permission`, `notAFile`, `malformed`, `unsupported` or `length`.
  public init(_ path: String) throws(RecordingError) {
    file = try OpenFile(path, regularOnly: true)
    var head = [UInt8](repeating: 0, count: min(file.size, NumpyHeader.longest))
    let read = try head.fill(from: file, at: 0, count: head.count)
    head.removeLast(head.count - read)
    header = try NumpyHeader(parsing: head, fileSize: file.size, file: path)
    guard header.element.isFloat else {
      throw RecordingError(
        .unsupported, file: path, "expected <f4 or <f8, found an array of \(header.element.name)",
        remedy: "save x.astype('<f4')")
    }
  }

  /// The values of a range, counted in C order.
  ///
  /// - Throws: `length` where the file was cut since it was opened, `readFailed`.
  public func read(_ range: Range<Int>, into values: inout [Float]) throws(RecordingError) {
    precondition(range.lowerBound >= 0 && range.upperBound <= header.count, "the array has these values")
    let size = header.element.size
    var bytes = [UInt8](repeating: 0, count: range.count * size)
    let found = try bytes.fill(from: file, at: header.size + range.lowerBound * size, count: bytes.count)
    guard found == bytes.count else {
      throw RecordingError(
        .length, file: path, "expected \(bytes.count) more bytes, found \(found)",
        remedy: "leave it as it is while it is read")
    }
    values.removeAll(keepingCapacity: true)
    bytes.withUnsafeBytes { raw in
      for index in 0..<range.count {
        switch header.element {
        case .float32:
          let bits = raw.loadUnaligned(fromByteOffset: index * 4, as: UInt32.self)
          values.append(Float(bitPattern: UInt32(littleEndian: bits)))
        default:
          let bits = raw.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self)
          values.append(Float(Double(bitPattern: UInt64(littleEndian: bits))))
        }
      }
    }
  }
}
