/// Reads protobuf's wire format field by field out of a range of a file, without copying.
///
///     var scanner = ProtobufScanner(file, file.indices)
///     while let field = try scanner.next() { … scanner.skip(field) … }
///
/// Written here for the eight messages of ONNX: generated code needs Foundation, copies every tensor, has no byte
/// offsets in its errors and allocates what a length says before it looks whether so many bytes are there. Unknown
/// fields are passed over by their type; groups, which ONNX never used, are refused (docs/cells.md §7).
struct ProtobufScanner {
  struct Field {
    var number: Int
    var type: WireType
    /// Of its key.
    var byteOffset: Int
  }

  enum WireType: UInt8 {
    case varint = 0
    case eightBytes = 1
    case length = 2
    case fourBytes = 5
  }

  /// A byte of the file can be an integer of eight in memory.
  private static let integerLimit = 1 << 22
  /// Of a name; what is longer is none.
  private static let textLimit = 1 << 16

  let bytes: [UInt8]
  private(set) var position: Int
  private let end: Int

  init(_ bytes: [UInt8], _ range: Range<Int>) {
    self.bytes = bytes
    position = range.lowerBound
    end = range.upperBound
  }

  /// The next field's key, nil at the end of the message.
  mutating func next() throws(ImportError) -> Field? {
    guard position < end else { return nil }
    let start = position
    let key = try varint()
    guard let type = WireType(rawValue: UInt8(key & 7)), key >> 3 > 0, key >> 3 < 1 << 29 else {
      throw error(start, "a field's key (\(key) is none): this is no ONNX file, or a damaged one")
    }
    return Field(number: Int(key >> 3), type: type, byteOffset: start)
  }

  /// The value of a varint field; negative numbers come as their two's complement in ten bytes.
  mutating func integer(_ field: Field) throws(ImportError) -> Int64 {
    guard field.type == .varint else { throw mismatch(field, "a varint") }
    return Int64(bitPattern: try varint())
  }

  /// The bytes of a length-delimited field.
  mutating func range(_ field: Field) throws(ImportError) -> Range<Int> {
    guard field.type == .length else { throw mismatch(field, "a length") }
    let start = position
    let length = try varint()
    guard length <= UInt64(end - position) else {
      throw error(
        start, "\(length) bytes, where the message has \(end - position) left: the file is cut off or damaged")
    }
    let range = position..<position + Int(length)
    position = range.upperBound
    return range
  }

  mutating func text(_ field: Field) throws(ImportError) -> String {
    let range = try range(field)
    guard range.count <= Self.textLimit else {
      throw error(field.byteOffset, "a text of at most \(Self.textLimit) bytes, found \(range.count)")
    }
    return String(decoding: bytes[range], as: UTF8.self)
  }

  /// Repeated integers, packed or one key each, no more than `limit` of them.
  mutating func integers(
    _ field: Field, into values: inout [Int64], limit: Int = integerLimit
  ) throws(ImportError) {
    var inner = ProtobufScanner(bytes, field.type == .length ? try range(field) : 0..<0)
    if field.type != .length { values.append(try integer(field)) }
    while inner.position < inner.end, values.count <= limit { values.append(Int64(bitPattern: try inner.varint())) }
    guard values.count <= limit else { throw error(field.byteOffset, "at most \(limit) integers in one field") }
  }

  /// Repeated four-byte floats, packed or one key each.
  mutating func floats(_ field: Field, into values: inout [Float]) throws(ImportError) {
    let range = try fixed(field, size: 4)
    bytes.withUnsafeBytes { raw in
      for place in stride(from: range.lowerBound, to: range.upperBound, by: 4) {
        let bits = UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: place, as: UInt32.self))
        values.append(Float(bitPattern: bits))
      }
    }
  }

  /// Repeated eight-byte floats, rounded to f32.
  mutating func doubles(_ field: Field, into values: inout [Float]) throws(ImportError) {
    let range = try fixed(field, size: 8)
    bytes.withUnsafeBytes { raw in
      for place in stride(from: range.lowerBound, to: range.upperBound, by: 8) {
        let bits = UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: place, as: UInt64.self))
        values.append(Float(Double(bitPattern: bits)))
      }
    }
  }

  mutating func skip(_ field: Field) throws(ImportError) {
    switch field.type {
    case .varint: _ = try varint()
    case .eightBytes: try advance(8)
    case .length: _ = try range(field)
    case .fourBytes: try advance(4)
    }
  }

  // MARK: bytes

  private mutating func fixed(_ field: Field, size: Int) throws(ImportError) -> Range<Int> {
    if field.type == .length {
      let range = try range(field)
      guard range.count % size == 0 else {
        throw error(range.lowerBound, "values of \(size) bytes, found \(range.count)")
      }
      return range
    }
    guard field.type == (size == 4 ? .fourBytes : .eightBytes) else { throw mismatch(field, "\(size) bytes") }
    let start = position
    try advance(size)
    return start..<position
  }

  private mutating func varint() throws(ImportError) -> UInt64 {
    let start = position
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while position < end {
      let byte = bytes[position]
      position += 1
      guard shift < 63 || byte <= 1 else { throw error(start, "a varint of at most 64 bits") }
      value |= UInt64(byte & 0x7F) << shift
      if byte & 0x80 == 0 { return value }
      shift += 7
    }
    throw error(start, "a varint that ends inside its message: the file is cut off or damaged")
  }

  private mutating func advance(_ count: Int) throws(ImportError) {
    guard end - position >= count else {
      throw error(position, "\(count) bytes more: the file is cut off or damaged")
    }
    position += count
  }

  private func mismatch(_ field: Field, _ expected: String) -> ImportError {
    error(field.byteOffset, "\(expected) for field \(field.number), found wire type \(field.type.rawValue)")
  }

  func error(_ offset: Int, _ expected: String) -> ImportError { ImportError("byte \(offset)", "expected \(expected)") }
}
