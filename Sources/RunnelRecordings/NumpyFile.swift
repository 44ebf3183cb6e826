import RunnelCore

/// An array in NumPy's file format (`.npy`), read back whole: small arrays, as tests and tools exchange them.
///
/// Versions 1 to 3 of the format, little-endian f32, f64 and i16 in C order (numpy/lib/format.py describes it: magic
/// `\x93NUMPY`, version, header length, a Python dictionary, the values).
public struct NumpyFile: Sendable, Equatable {
  public enum Values: Sendable, Equatable {
    case float32([Float])
    case float64([Double])
    case int16([Int16])
  }

  public var shape: [Int]
  public var values: Values

  public init(shape: [Int], values: Values) {
    self.shape = shape
    self.values = values
  }

  static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)

  /// Reads a file of at most 1 GiB. Throws `malformed`, `unsupported` or `length`.
  public init(contentsOf path: String) throws(RecordingError) {
    try self.init(parsing: try ByteFile.read(path, limit: 1 << 30), file: path)
  }

  /// Reads the bytes of a file; `file` is the name that errors give.
  public init(parsing bytes: [UInt8], file: String) throws(RecordingError) {
    guard bytes.count >= 12, Array(bytes[..<6]) == Self.magic, (1...3).contains(bytes[6]) else {
      throw Self.malformed(file, 0, "expected the first bytes of a .npy file, version 1 to 3")
    }
    let wide = bytes[6] > 1
    let length = (0..<(wide ? 4 : 2)).reduce(0) { $0 | Int(bytes[8 + $1]) << (8 * $1) }
    let start = wide ? 12 : 10
    guard start + length <= bytes.count else { throw Self.malformed(file, start, "expected \(length) bytes of header") }
    let header = HeaderLine.text(bytes[start..<start + length])
    guard let shape = Self.shape(header), let type = Self.entry("descr", of: header) else {
      throw Self.malformed(file, start, "expected 'descr' and 'shape' in the header, found \(header)")
    }
    guard Self.entry("fortran_order", of: header)?.hasPrefix("False") == true else {
      throw RecordingError(
        .unsupported, file: file, "the array is in Fortran order", remedy: "save numpy.ascontiguousarray(x)")
    }
    self.shape = shape
    values = try Self.values(type, bytes, from: start + length, shape: shape, file: file)
  }

  private static func values(_ type: Substring, _ bytes: [UInt8], from start: Int, shape: [Int], file: String)
    throws(RecordingError) -> Values
  {
    let element: ElementType
    switch type.prefix(5) {
    case "'<f4'": element = .float32
    case "'<f8'": element = .float64
    case "'<i2'": element = .int16
    default:
      throw RecordingError(
        .unsupported, file: file, "expected <f4, <f8 or <i2, found \(type.prefix(8))",
        remedy: "save x.astype('<f4'), for example")
    }
    var count = 1
    for length in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: length)
      guard !overflow, product <= bytes.count || length == 0 else {
        throw Self.length(file, "shape \(shape)", bytes.count - start)
      }
      count = product
    }
    guard bytes.count - start == count * element.size else {
      throw Self.length(file, "\(count * element.size) bytes of values", bytes.count - start)
    }
    return bytes.withUnsafeBytes { raw in
      func load<T>(_: T.Type) -> [T] {
        (0..<count).map { raw.loadUnaligned(fromByteOffset: start + $0 * MemoryLayout<T>.size, as: T.self) }
      }
      switch element {
      case .float32: return .float32(load(UInt32.self).map { Float(bitPattern: UInt32(littleEndian: $0)) })
      case .float64: return .float64(load(UInt64.self).map { Double(bitPattern: UInt64(littleEndian: $0)) })
      default: return .int16(load(Int16.self).map { Int16(littleEndian: $0) })
      }
    }
  }

  /// What follows `'key':` in the dictionary.
  private static func entry(_ key: String, of header: String) -> Substring? {
    let pieces = header.split(separator: "'\(key)':", maxSplits: 1, omittingEmptySubsequences: false)
    return pieces.count == 2 ? pieces[1].drop { $0 == " " } : nil
  }

  /// `(3, 4)`, `(3,)` or `()`.
  private static func shape(_ header: String) -> [Int]? {
    guard let text = entry("shape", of: header), text.first == "(", let end = text.firstIndex(of: ")") else {
      return nil
    }
    let parts = text[text.index(after: text.startIndex)..<end].split(separator: ",").map { part in
      Int(part.drop { $0 == " " }.prefix { $0 != " " })
    }
    let lengths = parts.compactMap { $0 }
    return lengths.count == parts.count && lengths.allSatisfy { $0 >= 0 } ? lengths : nil
  }

  private static func malformed(_ file: String, _ offset: Int, _ problem: String) -> RecordingError {
    RecordingError(.malformed, file: file, at: .byte(offset), problem, remedy: "write it with numpy.save")
  }

  private static func length(_ file: String, _ expected: String, _ found: Int) -> RecordingError {
    RecordingError(
      .length, file: file, "expected \(expected), found \(found) bytes", remedy: "copy the file again")
  }
}
