import RunnelCore

/// A WAV file (RIFF, RF64 or BW64; docs/foreign-formats.md §10) as a recording: one track of all channels.
///
/// PCM of 8, 16, 24 and 32 bits and floats of 32 and 64, plain or extensible. Integers are scaled to ±1, as every reader
/// of sound does; the channels have no names and are called `signal0`, `signal1` … A data chunk whose size is not stated,
/// or larger than the file, ends with the file.
public final class WAVRecording: Recording {
  public let path: String
  public let format = RecordingFormat.wav
  public let name: String
  public let tracks: [Track]
  public private(set) var remarks: [String] = []

  private let file: OpenFile
  /// Place of row 0.
  private let base: Int

  private static let remedy = "check that it is a WAV file and was copied whole"

  /// - Throws: `malformed`, `unsupported` and `length` with the byte that is wrong.
  public init(_ path: String) throws(RecordingError) {
    self.path = path
    name = RecordingFormat.name(ofFile: path)
    file = try OpenFile(path, regularOnly: true)
    var chunks = RIFFChunks(file)
    try chunks.begin()
    var sound: Sound?
    var data: (place: Int, size: Int)?
    while data == nil, let chunk = try chunks.next() {
      switch chunk.name {
      case "fmt ": sound = try Sound(chunk, file)
      case "data": data = (chunk.place, chunk.size)
      default: break
      }
    }
    guard let sound, let data else {
      throw RecordingError(
        .malformed, file: path, at: .byte(chunks.place),
        "expected the chunk '\(sound == nil ? "fmt " : "data")' before the end", remedy: Self.remedy)
    }
    base = data.place
    let present = max(0, file.size - data.place)
    let isOpen = data.size == 0 || data.size == Int(UInt32.max)
    if data.size > present, !isOpen {
      remarks.append("\(path) has \(present) bytes of samples where its header says \(data.size): it was cut short")
    }
    let rows = (isOpen ? present : min(data.size, present)) / (sound.channels * sound.element.size)
    tracks = [
      Track(
        name: RecordingFormat.name(ofRate: Double(sound.rate)), rate: Double(sound.rate),
        channels: (0..<sound.channels).map { Channel(name: "signal\($0)", scaling: sound.scaling) },
        element: sound.element, runs: [0..<rows])
    ]
  }

  public func read(
    _ rows: Range<Int>, of track: Int, into target: UnsafeMutableRawBufferPointer
  ) throws(RecordingError) {
    let size = tracks[0].bytesPerRow
    try file.readWhole(
      into: UnsafeMutableRawBufferPointer(rebasing: target[..<(rows.count * size)]), at: base + rows.lowerBound * size)
  }

  /// What the chunk `fmt ` says.
  private struct Sound {
    var channels: Int
    var rate: UInt32
    var element: ElementType
    var scaling = Channel.Scaling.identity

    private static let pcm: UInt16 = 1
    private static let float: UInt16 = 3
    private static let extensible: UInt16 = 0xFFFE
    /// The rest of the identifier whose first two bytes are the format.
    private static let subformat: [UInt8] = [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71]

    init(_ chunk: RIFFChunks.Chunk, _ file: OpenFile) throws(RecordingError) {
      var bytes = [UInt8](repeating: 0, count: min(chunk.size, 64))
      let found = try bytes.fill(from: file, at: chunk.place, count: bytes.count)
      bytes.removeLast(bytes.count - found)
      var fields = FileFields(bytes, file: file.path, base: chunk.place, remedy: WAVRecording.remedy)
      var format = try fields.integer(UInt16.self, "the format of the samples")
      channels = Int(try fields.integer(UInt16.self, "the number of channels"))
      rate = try fields.integer(UInt32.self, "the sample rate")
      _ = try fields.integer(UInt32.self, "the bytes a second")
      let align = Int(try fields.integer(UInt16.self, "the bytes of a row"))
      let bits = try fields.integer(UInt16.self, "the bits of a sample")
      if format == Self.extensible {
        _ = try fields.take(8, "the extension")
        format = try fields.integer(UInt16.self, "the format of the samples")
        let rest = try fields.take(14, "the format's identifier")
        guard rest.elementsEqual(Self.subformat) else {
          throw fields.malformed(at: chunk.place + 26, "the identifier of PCM or floats", found: "another")
        }
      }
      guard (1...4096).contains(channels), align % max(channels, 1) == 0, rate > 0 else {
        throw fields.malformed(
          at: chunk.place + 2, "1 to 4096 channels, a rate, and rows that they divide",
          found: "\(channels) channels, \(rate) Hz and rows of \(align) bytes")
      }
      let size = align / channels
      switch (format, size) {
      case (Self.pcm, 1): (element, scaling) = (.uint8, .linear(scale: 0x1p-7, offset: -1))
      case (Self.pcm, 2): (element, scaling) = (.int16, .linear(scale: 0x1p-15, offset: 0))
      case (Self.pcm, 3): (element, scaling) = (.int24, .linear(scale: 0x1p-23, offset: 0))
      case (Self.pcm, 4): (element, scaling) = (.int32, .linear(scale: 0x1p-31, offset: 0))
      case (Self.float, 4): element = .float32
      case (Self.float, 8): element = .float64
      default:
        throw RecordingError(
          .unsupported, file: file.path, at: .byte(chunk.place),
          "expected PCM of 8, 16, 24 or 32 bits or floats of 32 or 64, found format \(format) of \(bits) bits in "
            + "\(size) bytes", remedy: "convert it, for example with ffmpeg -c:a pcm_s16le")
      }
    }
  }
}

/// The chunks of a RIFF file, one after the other.
struct RIFFChunks {
  struct Chunk {
    var name: String
    /// Of the content.
    var place: Int
    var size: Int
  }

  private let file: OpenFile
  private(set) var place = 0
  /// What `ds64` says of the sizes that 32 bits cannot hold.
  private var dataSize: Int?

  init(_ file: OpenFile) { self.file = file }

  /// Past the file's own head.
  mutating func begin() throws(RecordingError) {
    var fields = try head(12)
    let name = try fields.text(4, "RIFF")
    _ = try fields.take(4, "the file's size")
    guard ["RIFF", "RF64", "BW64"].contains(name), try fields.text(4, "WAVE") == "WAVE" else {
      throw fields.malformed(at: 0, "RIFF, RF64 or BW64, and WAVE at byte 8", found: Quoted.name(name))
    }
    place = 12
  }

  /// Nil at the end of the file.
  mutating func next() throws(RecordingError) -> Chunk? {
    guard place + 8 <= file.size else { return nil }
    var fields = try head(8)
    let name = try fields.text(4, "a chunk's name")
    var size = Int(try fields.integer(UInt32.self, "a chunk's size"))
    let content = place + 8
    if name == "ds64" {
      place = content
      var sizes = try head(16)
      _ = try sizes.take(8, "the file's size")
      let stated = try sizes.integer(UInt64.self, "the size of the data")
      dataSize = stated < 1 << 60 ? Int(stated) : nil
    } else if name == "data", size == Int(UInt32.max), let dataSize {
      size = dataSize
    }
    // A chunk of odd size is padded.
    let (end, overflow) = content.addingReportingOverflow(size + size & 1)
    place = overflow ? file.size : min(end, file.size)
    return Chunk(name: name, place: content, size: size)
  }

  private func head(_ count: Int) throws(RecordingError) -> FileFields {
    var bytes = [UInt8](repeating: 0, count: count)
    let found = try bytes.fill(from: file, at: place, count: count)
    bytes.removeLast(count - found)
    return FileFields(bytes, file: file.path, base: place, remedy: "check that it is a WAV file and was copied whole")
  }
}
