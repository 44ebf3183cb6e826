import RunnelCore
import Testing

@testable import RunnelRecordings

@Suite struct NumpyFileTests {
  let folder = Folder()
  private var path: String { folder.path + "/a.npy" }

  @Test func `f64 and i16 written by numpy are read`() throws {
    let doubles = try NumpyFile(contentsOf: Places.golden + "/f8.npy")
    #expect(doubles.shape == [3, 2])
    #expect(doubles.values == .float64([0.5, -1.25, .infinity, 3e-300, .pi, -0.0]))
    let integers = try NumpyFile(contentsOf: Places.golden + "/i2.npy")
    #expect(integers == NumpyFile(shape: [3], values: .int16([-32768, 0, 32767])))
  }

  @Test func `what is written is read, in one dimension`() throws {
    var writer = try NumpyWriter(path)
    try writer.append([1, -2.5])
    try writer.append([])
    try writer.append([.infinity])
    try writer.finish()
    #expect(try NumpyFile(contentsOf: path) == NumpyFile(shape: [3], values: .float32([1, -2.5, .infinity])))
  }

  @Test func `what is written is read, in two dimensions and with rows cut anywhere`() throws {
    var writer = try NumpyWriter(path, width: 3)
    for value in 0..<6 { try writer.append([Float(value)]) }
    try writer.finish()
    #expect(try NumpyFile(contentsOf: path) == NumpyFile(shape: [2, 3], values: .float32([0, 1, 2, 3, 4, 5])))
  }

  @Test func `an empty array is one`() throws {
    var writer = try NumpyWriter(path, width: 3)
    try writer.finish()
    #expect(try NumpyFile(contentsOf: path).shape == [0, 3])
  }

  @Test func `the bytes are those of numpy, the header 128 long and ended by a line feed`() throws {
    var writer = try NumpyWriter(path)
    try writer.append([1])
    try writer.finish()
    let bytes = try ByteFile.read(path, limit: 1000)
    let text = "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }"
    #expect(Array(bytes[..<10]) == [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59, 1, 0, 118, 0])
    #expect(String(decoding: bytes[10..<10 + text.utf8.count], as: UTF8.self) == text)
    #expect(bytes[127] == 0x0A && bytes.count == 132 && Array(bytes[128...]) == [0, 0, 0x80, 0x3F])
  }

  @Test func `an unfinished array leaves nothing behind`() throws {
    do {
      var writer = try NumpyWriter(path)
      try writer.append([1])
    }
    #expect(folder.names == [])
  }

  @Test func `a wrong file is refused`() throws {
    let good = try ByteFile.read(Places.golden + "/i2.npy", limit: 1000)
    func kind(_ bytes: [UInt8]) -> RecordingError.Kind? {
      failure { () throws(RecordingError) in _ = try NumpyFile(parsing: bytes, file: "x") }?.kind
    }
    #expect(kind([]) == .malformed)
    #expect(kind(Array("not numpy at all".utf8)) == .malformed)
    #expect(kind(good.dropLast()) == .length)
    #expect(kind(good + [0]) == .length)
    let text = String(decoding: good.map { $0 < 0x80 ? $0 : 0x3F }, as: UTF8.self)
    func changed(_ old: String, _ new: String) -> [UInt8] {
      var bytes = Array(text.replacing(old, with: new).utf8)
      bytes[0] = 0x93
      return bytes
    }
    #expect(kind(changed("<i2", ">i2")) == .unsupported)
    #expect(kind(changed("False", "True ")) == .unsupported)
    #expect(kind(changed("(3,)", "(x,)")) == .malformed)
    #expect(kind(changed("(3,), } ", "(3037000500, 3037000500, 3037000500), }")) == .length)
    for end in 0..<good.count { #expect(kind(Array(good[..<end])) != nil) }
  }
}
