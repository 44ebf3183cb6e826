import RunnelCore
import RunnelTesting
import Testing

@testable import RunnelRecordings

@Suite struct NumpyArchiveTests {
  let folder = TemporaryFolder()
  private var path: String { folder.path + "/a.npz" }
  private let golden = Places.root + "/Tests/Golden/numpy"

  @Test func `an archive of numpy is read, every type`() throws {
    let archive = try NumpyArchive(contentsOf: golden + "/state.npz")
    #expect(archive.arrays.map(\.name) == ["lstm.h_l0", "lstm.c_l0", "index", "mask", "code"])
    #expect(archive["lstm.h_l0"] == NumpyFile(shape: [3], values: .float32([0.5, -1.25, 3e-30])))
    #expect(archive["lstm.c_l0"] == NumpyFile(shape: [1, 2], values: .float64([1.5, .pi])))
    #expect(archive["index"] == NumpyFile(shape: [2], values: .int64([0, -(1 << 40)])))
    #expect(archive["mask"] == NumpyFile(shape: [3], values: .uint8([0, 1, 255])))
    #expect(archive["code"] == NumpyFile(shape: [2, 1], values: .int32([7, -7])))
    #expect(archive["nothing"] == nil)
  }

  @Test func `what is written is read`() throws {
    let arrays: [(name: String, array: NumpyFile)] = [
      ("h", NumpyFile(shape: [2, 1], values: .float32([1, -.infinity]))),
      ("empty", NumpyFile(shape: [0, 4], values: .float64([]))),
      ("i", NumpyFile(shape: [], values: .int16([-3]))),
    ]
    try NumpyArchive(arrays).write(to: path)
    let read = try NumpyArchive(contentsOf: path)
    #expect(read.arrays.map(\.name) == ["h", "empty", "i"])
    for (name, array) in arrays { #expect(read[name] == array) }
  }

  @Test func `an archive without arrays is one`() throws {
    try NumpyArchive([]).write(to: path)
    #expect(try NumpyArchive(contentsOf: path).arrays.isEmpty)
  }

  @Test func `the checksum is that of zip`() {
    #expect(ZipChecksum.of(Array("123456789".utf8)) == 0xCBF4_3926)
  }

  @Test func `a compressed archive is refused with the remedy`() {
    let error = failure { () throws(RecordingError) in _ = try NumpyArchive(contentsOf: golden + "/packed.npz") }
    #expect(error?.kind == .unsupported && error?.remedy.contains("numpy.savez,") == true)
  }

  @Test func `a changed byte is found by its checksum`() throws {
    var bytes = try ByteFile.read(golden + "/state.npz", limit: 1 << 20)
    let place = try #require(bytes.firstRange(of: [0x00, 0x00, 0x00, 0x3F])).lowerBound
    bytes[place] ^= 1
    let damaged = bytes
    let error = failure { () throws(RecordingError) in _ = try NumpyArchive(parsing: damaged, file: "x") }
    #expect(error?.kind == .checksum)
  }

  @Test func `a cut or damaged archive is refused, wherever`() throws {
    let good = try ByteFile.read(golden + "/state.npz", limit: 1 << 20)
    for end in 0..<good.count {
      let cut = Array(good[..<end])
      #expect(failure { () throws(RecordingError) in _ = try NumpyArchive(parsing: cut, file: "x") } != nil)
    }
    var random = SeededGenerator(seed: 3)
    for _ in 0..<2000 {
      var bytes = good
      for _ in 0..<3 { bytes[random.below(bytes.count)] = UInt8(random.below(256)) }
      _ = try? NumpyArchive(parsing: bytes, file: "x")
    }
  }

  @Test func `the same name twice is refused`() throws {
    let array = NumpyFile(shape: [1], values: .uint8([1]))
    var bytes = NumpyArchive([("aa", array), ("ab", array)]).encoded
    while let place = bytes.firstRange(of: Array("ab.npy".utf8)) { bytes[place.lowerBound + 1] = UInt8(ascii: "a") }
    let twice = bytes
    let error = failure { () throws(RecordingError) in _ = try NumpyArchive(parsing: twice, file: "x") }
    #expect(error?.problem.contains("twice") == true)
  }

  @Test func `arrays that lie over one another are refused`() throws {
    let array = NumpyFile(shape: [1000], values: .uint8([UInt8](repeating: 7, count: 1000)))
    let one = NumpyArchive([("a", array)]).encoded
    let line = try #require(one.firstRange(of: [0x50, 0x4B, 0x01, 0x02])).lowerBound
    let end = try #require(one.firstRange(of: [0x50, 0x4B, 0x05, 0x06])).lowerBound
    let names = Array("bcdefghij".utf8).flatMap { name in
      var entry = Array(one[line..<end])
      entry[46] = name
      return entry
    }
    var bytes = one[..<end] + names + one[end...]
    let place = bytes.count - 22
    bytes[place + 8] = 10
    bytes[place + 10] = 10
    let many = Array(bytes)
    let error = failure { () throws(RecordingError) in _ = try NumpyArchive(parsing: many, file: "x") }
    #expect(error?.problem == "its arrays lie over one another")
  }
}
