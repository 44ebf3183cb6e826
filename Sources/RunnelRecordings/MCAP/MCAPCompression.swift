import CLZ4
import CZstd
import RunnelCore

/// How the records of a chunk are compressed: not at all, as a Zstandard frame, as an LZ4 frame.
public enum MCAPCompression: String, Sendable, Hashable, CaseIterable {
  case none = ""
  case zstd
  case lz4

  /// Unpacks as much of a frame as there is, at most `limit` bytes.
  ///
  /// - Returns: nil where the bytes are no such frame, or make more than `limit` bytes. `isWhole`: the frame ended.
  func unpacked(_ bytes: UnsafeRawBufferPointer, limit: Int) -> (bytes: [UInt8], isWhole: Bool)? {
    switch self {
    case .none: bytes.count <= limit ? (Array(bytes), true) : nil
    case .zstd: Self.zstd(bytes, limit: limit)
    case .lz4: Self.lz4(bytes, limit: limit)
    }
  }

  /// Room grows with what really comes out, not with what a header promises.
  private static let step = 1 << 18

  private static func zstd(_ bytes: UnsafeRawBufferPointer, limit: Int) -> (bytes: [UInt8], isWhole: Bool)? {
    guard let stream = ZSTD_createDStream() else { return nil }
    defer { ZSTD_freeDStream(stream) }
    // Frames that ask for a window of more than 128 MiB are refused.
    ZSTD_DCtx_setParameter(stream, ZSTD_d_windowLogMax, 27)
    var input = ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: 0)
    return collect(limit: limit) { room in
      var output = ZSTD_outBuffer(dst: room.baseAddress, size: room.count, pos: 0)
      let rest = ZSTD_decompressStream(stream, &output, &input)
      if ZSTD_isError(rest) != 0 { return nil }
      // A file cut inside the frame has no more to give.
      let isOver = rest == 0 || (input.pos == input.size && output.pos < output.size)
      return (output.pos, isOver, rest == 0)
    }
  }

  private static func lz4(_ bytes: UnsafeRawBufferPointer, limit: Int) -> (bytes: [UInt8], isWhole: Bool)? {
    var decoder: OpaquePointer?
    guard LZ4F_isError(LZ4F_createDecompressionContext(&decoder, UInt32(LZ4F_VERSION))) == 0 else { return nil }
    defer { LZ4F_freeDecompressionContext(decoder) }
    var position = 0
    return collect(limit: limit) { room in
      var (made, taken) = (room.count, bytes.count - position)
      let source = bytes.baseAddress.map { $0 + position }
      let rest = LZ4F_decompress(decoder, room.baseAddress, &made, source, &taken, nil)
      if LZ4F_isError(rest) != 0 { return nil }
      position += taken
      let isOver = rest == 0 || (made == 0 && taken == 0) || (position == bytes.count && made < room.count)
      return (made, isOver, rest == 0)
    }
  }

  /// Lets a decoder fill room after room.
  private static func collect(
    limit: Int, _ decode: (UnsafeMutableRawBufferPointer) -> (made: Int, isOver: Bool, isWhole: Bool)?
  ) -> (bytes: [UInt8], isWhole: Bool)? {
    var bytes: [UInt8] = []
    var room = [UInt8](repeating: 0, count: min(step, limit + 1))
    while true {
      guard let (made, isOver, isWhole) = room.withUnsafeMutableBytes({ decode($0) }) else {
        // What came before the damage is as good as before a cut.
        return bytes.isEmpty ? nil : (bytes, false)
      }
      guard bytes.count + made <= limit else { return nil }
      bytes += room[..<made]
      if isOver { return (bytes, isWhole) }
    }
  }
}

/// Packs chunks; its tables are kept from one to the next.
final class MCAPPacker: @unchecked Sendable {
  // Used by the one writer that made it.
  private let encoder: OpaquePointer?
  let compression: MCAPCompression
  private var packed: [UInt8] = []

  /// Fast before small: 1 is Zstandard's quickest ordinary level.
  private static let level: Int32 = 1

  init(_ compression: MCAPCompression) {
    self.compression = compression
    encoder = compression == .zstd ? ZSTD_createCCtx() : nil
  }

  deinit { ZSTD_freeCCtx(encoder) }

  /// One frame of all bytes.
  func pack(_ bytes: [UInt8]) -> [UInt8] {
    switch compression {
    case .none: return bytes
    case .zstd:
      room(ZSTD_compressBound(bytes.count))
      let size = packed.withUnsafeMutableBytes { target in
        bytes.withUnsafeBytes { source in
          ZSTD_compressCCtx(encoder, target.baseAddress, target.count, source.baseAddress, source.count, Self.level)
        }
      }
      precondition(ZSTD_isError(size) == 0, "the room was made for it")
      return Array(packed[..<size])
    case .lz4:
      room(LZ4F_compressFrameBound(bytes.count, nil))
      let size = packed.withUnsafeMutableBytes { target in
        bytes.withUnsafeBytes { source in
          LZ4F_compressFrame(target.baseAddress, target.count, source.baseAddress, source.count, nil)
        }
      }
      precondition(LZ4F_isError(size) == 0, "the room was made for it")
      return Array(packed[..<size])
    }
  }

  private func room(_ size: Int) {
    if packed.count < size { packed = [UInt8](repeating: 0, count: size) }
  }
}
