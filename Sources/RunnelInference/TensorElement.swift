/// The types a safetensors file may hold; runnel reads the four float types and passes over the others.
public enum TensorElement: String, Sendable, CaseIterable {
  case bool = "BOOL"
  case uint8 = "U8"
  case int8 = "I8"
  case int16 = "I16"
  case uint16 = "U16"
  case int32 = "I32"
  case uint32 = "U32"
  case int64 = "I64"
  case uint64 = "U64"
  case float16 = "F16"
  case bfloat16 = "BF16"
  case float32 = "F32"
  case float64 = "F64"
  case complex64 = "C64"
  case float8e5m2 = "F8_E5M2"
  case float8e4m3 = "F8_E4M3"
  case float8e8m0 = "F8_E8M0"
  case float8e4m3fnuz = "F8_E4M3FNUZ"
  case float8e5m2fnuz = "F8_E5M2FNUZ"
  case float4 = "F4"
  case float6e2m3 = "F6_E2M3"
  case float6e3m2 = "F6_E3M2"

  /// Of one value.
  public var bits: Int {
    switch self {
    case .float4: 4
    case .float6e2m3, .float6e3m2: 6
    case .bool, .uint8, .int8, .float8e5m2, .float8e4m3, .float8e8m0, .float8e4m3fnuz, .float8e5m2fnuz: 8
    case .int16, .uint16, .float16, .bfloat16: 16
    case .int32, .uint32, .float32: 32
    case .int64, .uint64, .float64, .complex64: 64
    }
  }

  var isFloat: Bool { self == .float32 || self == .float16 || self == .bfloat16 || self == .float64 }

  /// One little-endian value at any address; f64 is rounded to nearest.
  func float(_ file: UnsafeRawBufferPointer, at offset: Int) -> Float {
    switch self {
    case .float16:
      Float(Float16(bitPattern: UInt16(littleEndian: file.loadUnaligned(fromByteOffset: offset, as: UInt16.self))))
    case .bfloat16:
      Float(bitPattern: UInt32(UInt16(littleEndian: file.loadUnaligned(fromByteOffset: offset, as: UInt16.self))) << 16)
    case .float32:
      Float(bitPattern: UInt32(littleEndian: file.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
    case .float64:
      Float(Double(bitPattern: UInt64(littleEndian: file.loadUnaligned(fromByteOffset: offset, as: UInt64.self))))
    default: preconditionFailure("only float types are read")
    }
  }
}
