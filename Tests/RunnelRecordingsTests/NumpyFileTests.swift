import RunnelCore
import RunnelTesting
import Testing

@testable import RunnelRecordings

@Suite struct NumpyFileTests {
  let folder = TemporaryFolder()
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

  // MARK: large arrays

  @Test func `integers are written as numpy's`() throws {
    var writer = try NumpyWriter(path, element: .int64)
    try writer.append(integers: [5, -6])
    try writer.finish()
    #expect(try NumpyFile(contentsOf: path) == NumpyFile(shape: [2], values: .int64([5, -6])))
    var bytes = try NumpyWriter(path, element: .uint8, width: 2)
    try bytes.append(bytes: [1, 2, 3, 4])
    try bytes.finish()
    #expect(try NumpyFile(contentsOf: path) == NumpyFile(shape: [2, 2], values: .uint8([1, 2, 3, 4])))
  }

  @Test func `any shape can be written, an empty one too`() throws {
    var writer = try NumpyWriter(path)
    try writer.append([1, 2, 3, 4, 5, 6])
    try writer.finish(shape: [1, 3, 2])
    #expect(try NumpyFile(contentsOf: path).shape == [1, 3, 2])
    var empty = try NumpyWriter(path)
    try empty.finish(shape: [2, 0, 3])
    #expect(try NumpyFile(contentsOf: path).shape == [2, 0, 3])
  }

  @Test func `pieces are those of the whole, f64 rounded to f32`() throws {
    let doubles = (0..<12).map { Double($0) / 3 }
    try NumpyFile(shape: [4, 3], values: .float64(doubles)).write(to: path)
    let reader = try NumpyReader(path)
    var values: [Float] = []
    try reader.read(3..<9, into: &values)
    #expect(reader.shape == [4, 3] && values == doubles[3..<9].map { Float($0) })
    try NumpyFile(shape: [2], values: .float32([.nan, 7])).write(to: path)
    try NumpyReader(path).read(1..<2, into: &values)
    #expect(values == [7])
  }

  @Test func `integers are no signal`() throws {
    try NumpyFile(shape: [1], values: .int64([1])).write(to: path)
    let error = failure { () throws(RecordingError) in _ = try NumpyReader(path) }
    #expect(error?.kind == .unsupported && error?.remedy == "save x.astype('<f4')")
  }

  @Test(arguments: [
    "(2,, 3)", "(+2, 3)", "(-2, -3)", "(2, 3L)", "(True, 3)", "(99999999999999999999, 3)",
    "(" + String(repeating: "1, ", count: 65) + "6)", "2, 3", "\u{1B}[31m\n",
  ])
  func `a shape that is none is refused in one line`(shape: String) {
    let header = Array("{'descr': '|u1', 'fortran_order': False, 'shape': \(shape), }\n".utf8)
    let bytes =
      [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.count & 255), UInt8(header.count >> 8)] + header
      + [UInt8](repeating: 0, count: 6)
    let error = failure { () throws(RecordingError) in _ = try NumpyFile(parsing: bytes, file: "x") }
    #expect(error?.problem.contains("expected 'descr' and 'shape'") == true, "\(String(describing: error))")
    #expect(error.map { Quoted.isPrintable($0.description) } == true)
  }
}
