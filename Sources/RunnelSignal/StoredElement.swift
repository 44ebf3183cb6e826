/// A value as it lies in a payload, at any alignment, read as f64. Integers beyond 2⁵³ round to the nearest.
protocol StoredElement {
  static var isFloat: Bool { get }
  /// Bytes of one value.
  static var size: Int { get }
  static func value(at address: UnsafeRawPointer) -> Double
}

/// The little-endian numbers, and what reads the same type from the other byte order.
protocol SwappableElement: StoredElement {
  associatedtype Bits: FixedWidthInteger & BitwiseCopyable
  static func value(of bits: Bits) -> Double
}

extension SwappableElement {
  static var size: Int { MemoryLayout<Bits>.size }
  static func value(at address: UnsafeRawPointer) -> Double {
    value(of: Bits(littleEndian: address.loadUnaligned(as: Bits.self)))
  }
}

enum Swapped<Element: SwappableElement>: StoredElement {
  static var isFloat: Bool { Element.isFloat }
  static var size: Int { Element.size }
  static func value(at address: UnsafeRawPointer) -> Double {
    Element.value(of: Element.Bits(bigEndian: address.loadUnaligned(as: Element.Bits.self)))
  }
}

extension SwappableElement where Self: FixedWidthInteger, Bits == Self {
  static var isFloat: Bool { false }
  static func value(of bits: Self) -> Double { Double(bits) }
}

extension Int8: SwappableElement { typealias Bits = Int8 }
extension UInt8: SwappableElement { typealias Bits = UInt8 }
extension Int16: SwappableElement { typealias Bits = Int16 }
extension UInt16: SwappableElement { typealias Bits = UInt16 }
extension Int32: SwappableElement { typealias Bits = Int32 }
extension UInt32: SwappableElement { typealias Bits = UInt32 }
extension Int64: SwappableElement { typealias Bits = Int64 }

extension Float: SwappableElement {
  static var isFloat: Bool { true }
  static func value(of bits: UInt32) -> Double { Double(Float(bitPattern: bits)) }
}

extension Double: SwappableElement {
  static var isFloat: Bool { true }
  static func value(of bits: UInt64) -> Double { Double(bitPattern: bits) }
}

/// 24-bit two's complement in three bytes, the lowest first.
enum Int24Little: StoredElement {
  static var isFloat: Bool { false }
  static var size: Int { 3 }
  static func value(at address: UnsafeRawPointer) -> Double { int24(address, low: 0, high: 2) }
}

/// The highest byte first.
enum Int24Big: StoredElement {
  static var isFloat: Bool { false }
  static var size: Int { 3 }
  static func value(at address: UnsafeRawPointer) -> Double { int24(address, low: 2, high: 0) }
}

private func int24(_ address: UnsafeRawPointer, low: Int, high: Int) -> Double {
  let bytes =
    UInt32(address.load(fromByteOffset: low, as: UInt8.self)) << 8
    | UInt32(address.load(fromByteOffset: 1, as: UInt8.self)) << 16
    | UInt32(address.load(fromByteOffset: high, as: UInt8.self)) << 24
  return Double(Int32(bitPattern: bytes) >> 8)
}
