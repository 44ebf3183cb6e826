import RunnelCore

/// The head of an array in NumPy's file format (`.npy`, numpy/lib/format.py): magic `\x93NUMPY`, version, header length,
/// a Python dictionary. Behind it lie the values, in C order and little-endian.
///
/// Versions 1 to 3 of the format are read, version 1 is written.
public struct NumpyHeader: Sendable, Hashable {
  public let element: ElementType
  public let shape: [Int]
  /// Bytes before the first value.
  public let size: Int
  /// Values of the array: the product of its shape.
  public let count: Int

  /// Bytes with which any header ends that is read here.
  static let longest = 1 << 16
  /// NumPy's own bound.
  private static let longestShape = 64

  /// - Parameters:
  ///   - bytes: of the file, `longest` of them or all.
  ///   - fileSize: bytes of the whole file; there are exactly as many as the shape asks for.
  /// - Throws: `malformed`, `unsupported` or `length`.
  init(parsing bytes: [UInt8], fileSize: Int, file: String) throws(RecordingError) {
    guard bytes.count >= 12, bytes[..<6].elementsEqual(Self.magic), (1...3).contains(bytes[6]) else {
      throw Self.malformed(file, 0, "expected the first bytes of a .npy file, version 1 to 3")
    }
    let wide = bytes[6] > 1
    let length = (0..<(wide ? 4 : 2)).reduce(0) { $0 | Int(bytes[8 + $1]) << (8 * $1) }
    let start = wide ? 12 : 10
    guard start + length <= bytes.count else { throw Self.malformed(file, start, "expected \(length) bytes of header") }
    let text = HeaderLine.text(bytes[start..<start + length])
    guard let shape = Self.shape(text), let type = Self.entry("descr", of: text) else {
      throw Self.malformed(file, start, "expected 'descr' and 'shape' in the header, found \(Quoted.name(text))")
    }
    guard Self.entry("fortran_order", of: text)?.hasPrefix("False") == true else {
      throw RecordingError(
        .unsupported, file: file, "the array is in Fortran order", remedy: "save numpy.ascontiguousarray(x)")
    }
    guard let element = Self.elements.first(where: { type.hasPrefix("'\($0.value)'") })?.key else {
      let found = type.prefix { $0 != "," }
      throw RecordingError(
        .unsupported, file: file, "expected \(Self.elements.values.sorted().joined(separator: ", ")), found \(found)",
        remedy: "save x.astype('<f4'), for example")
    }
    self.element = element
    self.shape = shape
    size = start + length
    count = try Self.count(shape, element, room: fileSize - size, file)
  }

  /// What numpy calls the types that are read and written here.
  private static let elements: [ElementType: String] = [
    .float32: "<f4", .float64: "<f8", .int16: "<i2", .int32: "<i4", .int64: "<i8", .uint8: "|u1",
  ]

  private static func count(
    _ shape: [Int], _ element: ElementType, room: Int, _ file: String
  ) throws(RecordingError) -> Int {
    var count = shape.contains(0) ? 0 : 1
    for length in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: length)
      guard !overflow, product <= room else { throw Self.length(file, "shape \(shape)", room) }
      count = product
    }
    guard room == count * element.size else { throw Self.length(file, "\(count * element.size) bytes of values", room) }
    return count
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
    var parts = text[text.index(after: text.startIndex)..<end].split(separator: ",", omittingEmptySubsequences: false)
    // Python writes a comma behind the last of one, and none between none.
    if parts.last?.allSatisfy({ $0 == " " }) == true { parts.removeLast() }
    let lengths = parts.compactMap { part in
      let digits = part.drop { $0 == " " }
      return digits.utf8.allSatisfy { (48...57).contains($0) } ? Int(digits) : nil
    }
    return lengths.count == parts.count && lengths.count <= longestShape ? lengths : nil
  }

  private static func malformed(_ file: String, _ offset: Int, _ problem: String) -> RecordingError {
    RecordingError(.malformed, file: file, at: .byte(offset), problem, remedy: "write it with numpy.save")
  }

  private static func length(_ file: String, _ expected: String, _ found: Int) -> RecordingError {
    RecordingError(.length, file: file, "expected \(expected), found \(found) bytes", remedy: "copy the file again")
  }
}

/// The same as bytes.
extension NumpyHeader {
  static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
  /// Of what is written: a multiple of 64, as the format asks, with room for any shape, so that the shape may be patched
  /// in when all values are there.
  static let writtenSize = 128

  static func bytes(_ element: ElementType, shape: [Int]) -> [UInt8] {
    guard let type = elements[element] else { preconditionFailure("numpy has no \(element.name)") }
    let lengths = shape.count == 1 ? "\(shape[0])," : shape.map(String.init).joined(separator: ", ")
    var text = Array("{'descr': '\(type)', 'fortran_order': False, 'shape': (\(lengths)), }".utf8)
    let length = writtenSize - 10
    precondition(text.count < length, "a shape fits the header")
    text += Array(repeating: 0x20, count: length - 1 - text.count) + [0x0A]
    return magic + [1, 0, UInt8(length), 0] + text
  }
}
