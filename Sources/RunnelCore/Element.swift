/// The type of one stored value, as on the wire (docs/wire-format.md §3, header byte 6) and in files.
public enum ElementType: UInt8, Sendable, CaseIterable {
  case int8 = 1
  case uint8 = 2
  case int16 = 3
  case uint16 = 4
  case int32 = 5
  case uint32 = 6
  case int64 = 7
  case float32 = 8
  case float64 = 9
  /// 24-bit two's complement, packed in three bytes.
  case int24 = 10

  /// Bytes of one value.
  public var size: Int {
    switch self {
    case .int8, .uint8: 1
    case .int16, .uint16: 2
    case .int24: 3
    case .int32, .uint32, .float32: 4
    case .int64, .float64: 8
    }
  }

  /// Float input counts as physical already; integers are raw until a description scales them.
  public var isFloat: Bool { self == .float32 || self == .float64 }

  /// The short name used in descriptions, configurations and errors: `i16`, `f32`, `i24`.
  public var name: String {
    switch self {
    case .int8: "i8"
    case .uint8: "u8"
    case .int16: "i16"
    case .uint16: "u16"
    case .int32: "i32"
    case .uint32: "u32"
    case .int64: "i64"
    case .float32: "f32"
    case .float64: "f64"
    case .int24: "i24"
    }
  }

  public init?(name: String) {
    guard let match = Self.allCases.first(where: { $0.name == name }) else { return nil }
    self = match
  }
}

/// The order of the bytes inside one value.
public enum ByteOrder: UInt8, Sendable {
  case little
  case big
}

/// How the rows and channels of a chunk lie in its payload.
public enum SampleLayout: UInt8, Sendable {
  /// Row after row: all channels of one instant are neighbours.
  case interleaved = 0
  /// Channel after channel: all samples of one channel are neighbours.
  case planar = 1
}
