extension NumpyArchive {
  /// Reads the bytes of a file; `file` is the name that errors give.
  ///
  /// Names and sizes are taken from the directory at the end: numpy states them as unknown in front of each entry.
  public init(parsing bytes: [UInt8], file: String) throws(RecordingError) {
    let reader = ZipBytes(bytes: bytes, file: file)
    let end = try reader.end()
    let count = Int(reader.half(end + 10))
    guard count <= Self.entryLimit else {
      throw RecordingError(
        .unsupported, file: file, "has \(count) arrays, and at most \(Self.entryLimit) are read", remedy: "split it")
    }
    var arrays: [(name: String, array: NumpyFile)] = []
    var place = Int(reader.word(end + 16))
    // Names may all point at the same bytes; then a small file would fill the memory.
    var room = bytes.count
    for _ in 0..<count {
      let entry = try reader.entry(at: place)
      guard !arrays.contains(where: { $0.name == entry.name }) else {
        throw reader.malformed(place, "'\(entry.name)' is there twice")
      }
      room -= entry.size
      guard room >= 0 else { throw reader.malformed(place, "its arrays lie over one another") }
      let content = try reader.content(of: entry)
      arrays.append((entry.name, try NumpyFile(parsing: content, file: "\(file)/\(entry.name)\(Self.suffix)")))
      place = entry.end
    }
    self.init(arrays)
  }
}

/// The parts of a zip file, each read within its bounds.
private struct ZipBytes {
  let bytes: [UInt8]
  let file: String

  struct Entry {
    var name: String
    var checksum: UInt32
    var size: Int
    /// Of its local header.
    var start: Int
    /// Of its line in the directory: the next one begins here.
    var end: Int
  }

  func half(_ place: Int) -> UInt16 { UInt16(bytes[place]) | UInt16(bytes[place + 1]) << 8 }
  func word(_ place: Int) -> UInt32 { UInt32(half(place)) | UInt32(half(place + 2)) << 16 }

  /// Where the record begins that ends the directory: the last one, before a comment of at most 65535 bytes.
  func end() throws(RecordingError) -> Int {
    guard bytes.count >= 22, bytes[0] == 0x50, bytes[1] == 0x4B else {
      throw malformed(0, "expected a zip archive of .npy files")
    }
    var place = bytes.count - 22
    let lowest = max(0, place - 0xFFFF)
    while place >= lowest {
      if word(place) == 0x0605_4B50, place + 22 + Int(half(place + 20)) == bytes.count { return place }
      place -= 1
    }
    throw RecordingError(
      .length, file: file, "expected the end of a zip archive", remedy: "copy the file again; it is cut short")
  }

  func entry(at place: Int) throws(RecordingError) -> Entry {
    guard place + 46 <= bytes.count, word(place) == 0x0201_4B50 else {
      throw malformed(place, "expected a line of the zip directory")
    }
    let (flags, method) = (half(place + 8), half(place + 10))
    let (size, start) = (word(place + 24), word(place + 42))
    let length = Int(half(place + 28))
    let end = place + 46 + length + Int(half(place + 30)) + Int(half(place + 32))
    guard end <= bytes.count else { throw malformed(place, "the zip directory runs beyond the file") }
    let name = HeaderLine.text(bytes[place + 46..<place + 46 + length])
    guard flags & 1 == 0, method == 0 else {
      throw RecordingError(
        .unsupported, file: file, "'\(name)' is compressed or encrypted",
        remedy: "save it with numpy.savez, not numpy.savez_compressed")
    }
    guard size == word(place + 20), size != .max, start != .max else {
      throw malformed(place, "'\(name)' has no size that a stored entry can have")
    }
    guard name.hasSuffix(NumpyArchive.suffix), name.count > 4 else {
      throw malformed(place, "'\(name)' is no .npy file")
    }
    return Entry(
      name: String(name.dropLast(4)), checksum: word(place + 16), size: Int(size), start: Int(start), end: end)
  }

  func content(of entry: Entry) throws(RecordingError) -> [UInt8] {
    guard entry.start + 30 <= bytes.count, word(entry.start) == 0x0403_4B50 else {
      throw malformed(entry.start, "expected the entry '\(entry.name)' here")
    }
    let first = entry.start + 30 + Int(half(entry.start + 26)) + Int(half(entry.start + 28))
    guard first + entry.size <= bytes.count else {
      throw malformed(entry.start, "'\(entry.name)' runs beyond the file")
    }
    let content = Array(bytes[first..<first + entry.size])
    guard ZipChecksum.of(content) == entry.checksum else {
      throw RecordingError(
        .checksum, file: file, "the bytes of '\(entry.name)' are not those that were written",
        remedy: "copy the file again")
    }
    return content
  }

  func malformed(_ place: Int, _ problem: String) -> RecordingError {
    RecordingError(.malformed, file: file, at: .byte(place), problem, remedy: "write it with numpy.savez")
  }
}
