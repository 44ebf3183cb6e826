enum MCAPMagic { static let bytes: [UInt8] = [0x89, 0x4D, 0x43, 0x41, 0x50, 0x30, 0x0D, 0x0A] }
final class MCAPRecording: Recording { let path: String; let format = RecordingFormat.mcap; let name = ""; let tracks: [Track] = []; init(_ p: String) throws(RecordingError) { path = p }
  func read(_ rows: Range<Int>, of track: Int, into target: UnsafeMutableRawBufferPointer) throws(RecordingError) {} }
