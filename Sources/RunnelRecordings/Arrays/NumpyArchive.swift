/// Several arrays by name in NumPy's archive format (`.npz`): a zip file of `.npy` files (numpy.savez, PKWARE APPNOTE
/// 6.3). Small: a state, a set of golden tensors.
///
///     try NumpyArchive([("lstm.h_l0", h), ("lstm.c_l0", c)]).write(to: "state.npz")
///     let h = try NumpyArchive(contentsOf: "state.npz")["lstm.h_l0"]
///
/// Stored, not compressed: what numpy.savez writes is read; of numpy.savez_compressed the error says what to do.
public struct NumpyArchive: Sendable {
  /// In the order of the file; no name twice.
  public private(set) var arrays: [(name: String, array: NumpyFile)]

  public init(_ arrays: [(name: String, array: NumpyFile)]) {
    precondition(Set(arrays.map(\.name)).count == arrays.count, "each name once")
    self.arrays = arrays
  }

  public subscript(name: String) -> NumpyFile? { arrays.first { $0.name == name }?.array }

  /// Entries that an archive may have.
  static let entryLimit = 4096
  static let suffix = ".npy"

  /// Reads a file of at most 1 GiB. Throws `malformed`, `unsupported`, `checksum` or `length`.
  public init(contentsOf path: String) throws(RecordingError) {
    try self.init(parsing: try ByteFile.read(path, limit: 1 << 30), file: path)
  }

  /// Writes the file as one act: whole or not at all.
  public func write(to path: String) throws(RecordingError) { try ByteFile.write(encoded, to: path) }

  /// The bytes of the file. Every array and the whole stay below 4 GiB.
  public var encoded: [UInt8] {
    var bytes: [UInt8] = []
    var directory: [UInt8] = []
    for (name, array) in arrays {
      let name = Array((name + Self.suffix).utf8)
      let content = array.encoded
      let common = Self.common(content, name)
      directory += Self.words(0x0201_4B50) + Self.halves(20) + common
      // No comment, disk 0, no attributes; then where the entry begins.
      directory += Self.halves(0, 0, 0) + Self.words(0, UInt32(bytes.count)) + name
      bytes += Self.words(0x0403_4B50) + common + name + content
    }
    let end = Self.halves(0, 0, UInt16(arrays.count), UInt16(arrays.count))
    let place = Self.words(UInt32(directory.count), UInt32(bytes.count))
    return bytes + directory + Self.words(0x0605_4B50) + end + place + Self.halves(0)
  }

  /// What local header and directory have in common: version 2.0, no flags, stored, 1 January 1980, checksum, both
  /// sizes, length of the name, no extra field.
  private static func common(_ content: [UInt8], _ name: [UInt8]) -> [UInt8] {
    let size = UInt32(content.count)
    return halves(20, 0, 0, 0, 0x21) + words(ZipChecksum.of(content), size, size) + halves(UInt16(name.count), 0)
  }

  private static func halves(_ values: UInt16...) -> [UInt8] { NumpyFile.bytes(values) }
  private static func words(_ values: UInt32...) -> [UInt8] { NumpyFile.bytes(values) }
}
