import RunnelCore
import Testing

@testable import RunnelKernels

/// RFC 3720 appendix B.4 and the check value of the catalogue of parametrised CRC algorithms.
@Suite struct CRC32CTests {
  static let vectors: [([UInt8], UInt32)] = [
    (Array("123456789".utf8), 0xE306_9283),
    ([], 0),
    (Array(repeating: 0, count: 32), 0x8A91_36AA),
    (Array(repeating: 0xFF, count: 32), 0x62A8_AB43),
    (Array(0..<32), 0x46DD_794E),
    (Array((0..<32).reversed()), 0x113F_DB5C),
  ]

  @Test(arguments: vectors) func `the published vectors hold`(bytes: [UInt8], checksum: UInt32) {
    #expect(bytes.withUnsafeBytes { CRC32C.checksum($0) } == checksum)
  }

  @Test func `pieces of any length and alignment give the checksum of the whole`() {
    var random = SeededGenerator(seed: 7)
    let bytes = (0..<1000).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    bytes.withUnsafeBytes { raw in
      let whole = CRC32C.checksum(raw)
      for _ in 0..<100 {
        var pieces = CRC32C()
        var start = 0
        while start < raw.count {
          let end = min(raw.count, start + random.below(40))
          pieces.update(UnsafeRawBufferPointer(rebasing: raw[start..<end]))
          start = end
        }
        #expect(pieces.value == whole)
      }
    }
  }

  @Test func `the processor's instruction and the tables agree, at every alignment and length`() {
    var random = SeededGenerator(seed: 8)
    let bytes = (0..<100).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    bytes.withUnsafeBytes { raw in
      for start in 0..<16 {
        for end in start...raw.count {
          let piece = UnsafeRawBufferPointer(rebasing: raw[start..<end])
          #expect(CRC32C.checksum(piece) == ~CRC32C.byTables(.max, piece))
        }
      }
    }
  }

  @Test func `zeros count like bytes that are zero`() {
    let bytes = Array("ab".utf8) + [0, 0, 0, 0] + Array("cd".utf8)
    var skipped = CRC32C()
    bytes.withUnsafeBytes { raw in
      skipped.update(UnsafeRawBufferPointer(rebasing: raw[..<2]))
      skipped.update(zeros: 4)
      skipped.update(UnsafeRawBufferPointer(rebasing: raw[6...]))
      #expect(skipped.value == CRC32C.checksum(raw))
    }
  }
}
