/// One signal file of a WFDB record and the signals it holds, which are neighbours in the record.
struct SignalFile: Sendable {
  /// Nil of a null signal (format 0): every sample of it is missing.
  let file: OpenFile?
  let format: WFDBFormat
  let byteOffset: Int
  /// Files written in blocks are padded to a multiple of this; 0 for the others.
  let padding: Int
  /// Of each signal, samples in a frame.
  let samplesPerFrame: [Int]
  /// Samples in a frame of this file, and before them in a frame of the record.
  let width: Int
  let offset: Int
  /// Of format 8: the frame that is read next, and the value of each signal before it.
  private var differences: (next: Int, values: [Int32])
  private let initial: [Int32]
  private var block: [UInt8] = []

  private static let blockSamples = 32_768

  init(_ file: OpenFile?, signals: some Collection<WFDBHeader.Signal>, offset: Int) {
    let first = signals.first!
    self.file = file
    format = WFDBFormat(rawValue: first.format) ?? .format16
    byteOffset = first.byteOffset
    padding = first.blockSize
    samplesPerFrame = signals.map(\.samplesPerFrame)
    width = samplesPerFrame.reduce(0, +)
    self.offset = offset
    initial = signals.map { Int32(truncatingIfNeeded: $0.initial ?? $0.adcZero) }
    differences = (0, initial)
  }

  /// Reads frames: their part of this file lands at `offset` of each, the next frame `stride` samples on.
  mutating func read(
    _ frames: Range<Int>, into target: UnsafeMutablePointer<Int32>, stride: Int, scratch: inout [Int32]
  ) throws(RecordingError) {
    guard let file else {
      for frame in 0..<frames.count {
        for k in 0..<width { target[frame * stride + offset + k] = format.missing }
      }
      return
    }
    let blockFrames = max(1, Self.blockSamples / width)
    if format == .format8, frames.lowerBound < differences.next { differences = (0, initial) }
    var frame = format == .format8 ? differences.next : frames.lowerBound
    while frame < frames.upperBound {
      let count = min(blockFrames, frames.upperBound - frame)
      try decode(file, frame..<frame + count, into: &scratch)
      for row in max(frame, frames.lowerBound)..<max(frame + count, frames.lowerBound) {
        let from = (row - frame) * width
        let to = (row - frames.lowerBound) * stride + offset
        for k in 0..<width { target[to + k] = scratch[from + k] }
      }
      frame += count
    }
  }

  private mutating func decode(
    _ file: OpenFile, _ frames: Range<Int>, into scratch: inout [Int32]
  ) throws(RecordingError) {
    let (first, samples) = (frames.lowerBound * width, frames.count * width)
    let span = format.span(first: first, count: samples)
    // A group that the file's end cuts is read as if zeros followed.
    if block.count < span.count + 4 { block = [UInt8](repeating: 0, count: span.count + 4) }
    let found = try block.fill(from: file, at: byteOffset + span.lowerBound, count: span.count)
    guard found == span.count else {
      throw RecordingError(
        .length, file: file.path, at: .byte(byteOffset + span.lowerBound + found),
        "the file was cut short while it was read, in row \(frames.lowerBound) or soon after",
        remedy: "wait until nobody writes it, or copy it again")
    }
    if scratch.count < samples { scratch = [Int32](repeating: 0, count: samples) }
    block.withUnsafeBufferPointer { bytes in
      scratch.withUnsafeMutableBufferPointer {
        format.decode(bytes.baseAddress!, first: first, count: samples, into: $0.baseAddress!)
      }
    }
    if format == .format8 { integrate(frames, &scratch) }
  }

  private mutating func integrate(_ frames: Range<Int>, _ scratch: inout [Int32]) {
    var index = 0
    for _ in frames {
      for (signal, count) in samplesPerFrame.enumerated() {
        for _ in 0..<count {
          differences.values[signal] &+= scratch[index]
          scratch[index] = differences.values[signal]
          index += 1
        }
      }
    }
    differences.next = frames.upperBound
  }

  // MARK: how many rows there are

  private var available: Int { max(0, (file?.size ?? 0) - byteOffset) }

  /// Whether `bytes` hold exactly so many frames; a file written in blocks is padded to whole ones.
  private func fits(_ bytes: Int, rows: Int) -> Bool {
    let sizes = format.sizes(samples: rows * width)
    if sizes.contains(bytes) { return true }
    return padding > 0 && bytes > sizes.lowerBound && bytes - sizes.lowerBound < padding
      && (bytes + byteOffset) % padding == 0
  }

  func checkLength(rows: Int, header: String) throws(RecordingError) {
    guard let file, !fits(available, rows: rows) else { return }
    let present = format.samples(bytes: available) / width
    let size = format.size(samples: rows * width)
    if present < rows {
      throw RecordingError(
        .length, file: file.path,
        "\(rows - present) of \(rows) rows are missing: it holds \(available) bytes of samples, "
          + "\(header) asks for \(size)",
        remedy: "copy the file again")
    }
    throw RecordingError(
      .length, file: file.path, at: .byte(byteOffset + size),
      "\(available - size) bytes follow the last of \(rows) rows (\(present - rows) whole rows too many)",
      remedy: "correct the number of samples in \(header), or copy the file again")
  }

  func rowsFromSize() throws(RecordingError) -> Int? {
    guard let file else { return nil }
    let rows = format.samples(bytes: available) / width
    if fits(available, rows: rows) { return rows }
    let size = format.size(samples: rows * width)
    throw RecordingError(
      .length, file: file.path, at: .byte(byteOffset + size),
      "\(available - size) bytes follow \(rows) whole rows of \(samplesPerFrame.count) channels",
      remedy: "copy the file again")
  }
}
