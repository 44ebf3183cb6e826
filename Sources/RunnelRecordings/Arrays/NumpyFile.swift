import RunnelCore

/// An array in NumPy's file format (`.npy`), whole: small arrays, as tests, states and tools exchange them. A large one
/// is read with `NumpyReader` and written with `NumpyWriter`.
public struct NumpyFile: Sendable, Hashable {
  public enum Values: Sendable, Hashable {
    case float32([Float])
    case float64([Double])
    case int16([Int16])
    case int32([Int32])
    case int64([Int64])
    case uint8([UInt8])
  }

  public var shape: [Int]
  public var values: Values

  public init(shape: [Int], values: Values) {
    self.shape = shape
    self.values = values
  }

  /// Reads a file of at most 1 GiB. Throws `malformed`, `unsupported` or `length`.
  public init(contentsOf path: String) throws(RecordingError) {
    try self.init(parsing: try ByteFile.read(path, limit: 1 << 30), file: path)
  }

  /// Reads the bytes of a file; `file` is the name that errors give.
  public init(parsing bytes: [UInt8], file: String) throws(RecordingError) {
    let header = try NumpyHeader(parsing: bytes, fileSize: bytes.count, file: file)
    shape = header.shape
    values = bytes.withUnsafeBytes { raw in
      func load<Value, Bits: FixedWidthInteger>(_ make: (Bits) -> Value) -> [Value] {
        (0..<header.count).map { index in
          let offset = header.size + index * MemoryLayout<Bits>.size
          return make(Bits(littleEndian: raw.loadUnaligned(fromByteOffset: offset, as: Bits.self)))
        }
      }
      switch header.element {
      case .float32: return .float32(load(Float.init(bitPattern:)))
      case .float64: return .float64(load(Double.init(bitPattern:)))
      case .int16: return .int16(load { (value: Int16) in value })
      case .int32: return .int32(load { (value: Int32) in value })
      case .int64: return .int64(load { (value: Int64) in value })
      default: return .uint8(load { (value: UInt8) in value })
      }
    }
  }

  /// The bytes of the file.
  public var encoded: [UInt8] {
    switch values {
    case .float32(let values): head(.float32) + Self.bytes(values.map(\.bitPattern))
    case .float64(let values): head(.float64) + Self.bytes(values.map(\.bitPattern))
    case .int16(let values): head(.int16) + Self.bytes(values)
    case .int32(let values): head(.int32) + Self.bytes(values)
    case .int64(let values): head(.int64) + Self.bytes(values)
    case .uint8(let values): head(.uint8) + values
    }
  }

  /// Writes the file as one act: whole or not at all.
  public func write(to path: String) throws(RecordingError) { try ByteFile.write(encoded, to: path) }

  private func head(_ element: ElementType) -> [UInt8] { NumpyHeader.bytes(element, shape: shape) }

  /// Little-endian, one after the other.
  static func bytes(_ values: some Collection<some FixedWidthInteger>) -> [UInt8] {
    values.map(\.littleEndian).withUnsafeBytes { Array($0) }
  }
}
