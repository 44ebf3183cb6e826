/// One signal file of a WFDB record and the channels it holds, which are neighbours in the record.
struct SignalFile: Sendable {
  let file: OpenFile
  let format: WFDBFormat
  let byteOffset: Int
  /// Files written in blocks are padded to a multiple of this; 0 for the others.
  let padding: Int
  let firstChannel: Int
  let channels: Int

  private static let blockSamples = 32_768

  /// Rows that are unpacked from one block of bytes.
  private var blockRows: Int { max(1, Self.blockSamples / channels) }

  /// Bytes of the largest block: two more for the group that a block may share with its neighbours.
  var blockSize: Int { format.size(samples: blockRows * channels) + 3 }

  /// Reads and unpacks rows; channel 0 of this file lands at `target`, the next row `stride` samples on.
  func read(
    rows: Range<Int>, into target: UnsafeMutablePointer<Int16>, stride: Int, block: inout [UInt8]
  ) throws(RecordingError) {
    var row = rows.lowerBound
    while row < rows.upperBound {
      let count = min(blockRows, rows.upperBound - row)
      let (first, samples) = (row * channels, count * channels)
      let span = format.span(first: first, count: samples)
      let found = try block.fill(from: file, at: byteOffset + span.lowerBound, count: span.count)
      guard found == span.count else {
        throw RecordingError(
          .length, file: file.path, at: .byte(byteOffset + span.lowerBound + found),
          "the file was cut short while it was read, in row \(row) or soon after",
          remedy: "wait until nobody writes it, or copy it again")
      }
      block.withUnsafeBufferPointer { bytes in
        format.decode(
          bytes.baseAddress!, first: first, count: samples, into: target + (row - rows.lowerBound) * stride,
          channels: channels, stride: stride)
      }
      row += count
    }
  }

  /// Opens every signal file of a header that passed `checkSupport`.
  static func open(_ header: WFDBHeader, path: String) throws(RecordingError) -> [SignalFile] {
    let folder = path.lastIndex(of: "/").map { path[...$0] } ?? ""
    var files: [SignalFile] = []
    var first = 0
    while first < header.signals.count {
      let signal = header.signals[first]
      let count = header.signals[first...].prefix { $0.file == signal.file }.count
      files.append(
        SignalFile(
          file: try OpenFile(folder + signal.file, regularOnly: true), format: WFDBFormat(rawValue: signal.format)!,
          byteOffset: signal.byteOffset, padding: signal.blockSize, firstChannel: first, channels: count))
      first += count
    }
    return files
  }

  /// The record's rows: the header's number, which every file must match, or else what the files hold.
  static func rows(_ header: WFDBHeader, _ files: [SignalFile], path: String) throws(RecordingError) -> Int {
    if let rows = header.rows {
      for file in files { try file.checkLength(rows: rows, header: path) }
      return rows
    }
    guard let first = files.first else { return 0 }
    let rows = try first.rowsFromSize()
    for file in files.dropFirst() {
      let others = try file.rowsFromSize()
      guard others == rows else {
        throw RecordingError(
          .length, file: file.file.path, "holds \(others) rows, \(first.file.path) holds \(rows)",
          remedy: "copy the record again, or give the number of samples in \(path)")
      }
    }
    return rows
  }

  private var available: Int { max(0, file.size - byteOffset) }

  /// Whole rows in so many bytes.
  private func wholeRows(_ bytes: Int) -> Int {
    let samples = format == .format16 ? bytes / 2 : bytes / 3 * 2 + (bytes % 3 == 2 ? 1 : 0)
    return samples / channels
  }

  /// Whether `bytes` hold exactly `rows`: an odd total in 212 ends with two bytes, or three, and a file written in
  /// blocks is padded to whole ones.
  private func fits(_ bytes: Int, rows: Int) -> Bool {
    let samples = rows * channels
    let size = format.size(samples: samples)
    if bytes == size { return true }
    if format == .format212, samples % 2 == 1, bytes == size + 1 { return true }
    return padding > 0 && bytes > size && bytes - size < padding && (bytes + byteOffset) % padding == 0
  }

  private func checkLength(rows: Int, header: String) throws(RecordingError) {
    if fits(available, rows: rows) { return }
    let present = wholeRows(available)
    if present < rows {
      throw RecordingError(
        .length, file: file.path,
        "\(rows - present) of \(rows) rows are missing: it holds \(available) bytes of samples, "
          + "\(header) asks for \(format.size(samples: rows * channels))",
        remedy: "copy the file again")
    }
    throw RecordingError(
      .length, file: file.path, at: .byte(byteOffset + format.size(samples: rows * channels)),
      "\(available - format.size(samples: rows * channels)) bytes follow the last of \(rows) rows "
        + "(\(present - rows) whole rows too many)",
      remedy: "correct the number of samples in \(header), or copy the file again")
  }

  private func rowsFromSize() throws(RecordingError) -> Int {
    let rows = wholeRows(available)
    if fits(available, rows: rows) { return rows }
    throw RecordingError(
      .length, file: file.path, at: .byte(byteOffset + format.size(samples: rows * channels)),
      "\(available - format.size(samples: rows * channels)) bytes follow \(rows) whole rows of \(channels) channels",
      remedy: "copy the file again")
  }
}
