import Glibc
import RunnelCore
import RunnelTesting
import Testing

@testable import RunnelRecordings

@Suite struct ByteFileTests {
  let folder = TemporaryFolder()

  private func refusal(_ path: String, limit: Int = 100) -> RecordingError? {
    failure { () throws(RecordingError) in _ = try ByteFile.read(path, limit: limit) }
  }

  @Test func `a file of exactly the limit is read, one byte more is not`() throws {
    let bytes = (0..<100).map { UInt8($0) }
    #expect(try ByteFile.read(folder.write(bytes, to: "a"), limit: 100) == bytes)
    let found = refusal(folder.write(bytes + [1], to: "b"))
    #expect(found?.kind == .tooLarge)
    #expect(found?.problem == "is larger than 100 bytes, the most that is read here")
  }

  @Test func `an empty file is no bytes`() throws {
    #expect(try ByteFile.read(folder.write([], to: "e"), limit: 0) == [])
  }

  @Test func `a large file is read whole`() throws {
    let bytes = (0..<3_000_001).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    #expect(try ByteFile.read(folder.write(bytes, to: "l"), limit: 1 << 22) == bytes)
  }

  @Test func `a file without a size is read up to the limit`() {
    #expect(refusal("/dev/zero")?.kind == .tooLarge)
    #expect((try? ByteFile.read("/proc/self/stat", limit: 1 << 16))?.isEmpty == false)
  }

  @Test func `a file that is not there is not found`() {
    #expect(refusal(folder.path + "/none")?.kind == .notFound)
    #expect(refusal("/dev/null/none")?.kind == .notFound)
    #expect(refusal("")?.kind == .notFound)
  }

  @Test func `a folder is not a file`() {
    #expect(
      refusal(folder.path)?.description == "\(folder.path): is a directory where a file was expected; name a file in it"
    )
  }

  @Test(.enabled(if: geteuid() != 0, "root may read everything")) func `a file that may not be read says so`() throws {
    let path = folder.write([1], to: "secret")
    chmod(path, 0)
    #expect(refusal(path)?.kind == .permission)
  }

  @Test func `a refused permission is told as one`() {
    #expect(OpenFile.failure(EACCES, "f").description == "f: may not be read; give this user the right to read it")
    #expect(OpenFile.failure(EIO, "f").kind == .readFailed)
  }

  @Test func `writing replaces the old content as one act`() throws {
    let path = folder.write([1, 2, 3], to: "w")
    try ByteFile.write([4], to: path)
    #expect(try ByteFile.read(path, limit: 10) == [4])
    #expect(folder.names == ["w"])
  }

  @Test func `a full disk is an error of writing`() {
    let found = failure { () throws(RecordingError) in try ByteFile.write([1, 2, 3], to: "/dev/full") }
    #expect(found?.kind == .writeFailed)
    #expect(found?.description == "/dev/full: the disk is full; free some space; nothing unfinished stays behind")
  }

  @Test func `a folder cannot be written as a file`() {
    #expect(failure { () throws(RecordingError) in try ByteFile.write([1], to: folder.path) }?.kind == .cannotCreate)
  }
}
