import Glibc
import RunnelCore
import RunnelInference
import RunnelRecordings
import Testing

@testable import RunnelService

@Suite struct ModelLoaderTests {
  @Test func `a model can be pinned by its file's hash or by the digest that labels carry`() throws {
    let bytes = try ByteFile.read(DaemonRig.model, limit: 1 << 20)
    let hash = bytes.withUnsafeBytes { SHA256.hex($0) }
    let model = try ModelLoader.load(DaemonRig.model, sha256: hash)
    #expect(model.digest != "sha256:" + hash)
    _ = try ModelLoader.load(DaemonRig.model, sha256: String(model.digest.dropFirst("sha256:".count)))
  }

  @Test func `another file than the one that was pinned is a contradiction of the configuration`() throws {
    let wrong = String(repeating: "0", count: 64)
    let error = #expect(throws: ServiceError.self) { try ModelLoader.load(DaemonRig.model, sha256: wrong) }
    #expect(error?.kind == .configuration)
    #expect(error?.description.contains("another file") == true)
  }

  @Test func `a model that is not there is no input`() {
    let error = #expect(throws: ServiceError.self) { try ModelLoader.load("/nowhere/model.safetensors") }
    #expect(error?.kind == .noInput)
  }

  @Test func `a model that computes otherwise than its golden tensors say is refused`() throws {
    var bytes = try ByteFile.read(DaemonRig.model, limit: 1 << 20)
    let digest = Array(try ModelFile(bytes: bytes).digest.dropFirst("sha256:".count).utf8)
    let header = bytes.withUnsafeBytes { Int($0.loadUnaligned(as: UInt64.self)) }
    let tensors = try JSONValue(parsing: String(decoding: bytes[8..<8 + header], as: UTF8.self))
    let place = try #require(tensors["golden.output"]?["data_offsets"]?.array?.first?.integer)
    bytes[8 + header + Int(place) + 2] ^= 0x40
    // The digest is made good again, so that nothing but the golden check can notice.
    let digits = try #require((0..<bytes.count - 64).first { bytes[$0..<$0 + 64].elementsEqual(digest) })
    bytes.replaceSubrange(digits..<digits + 64, with: Array(repeating: UInt8(ascii: "0"), count: 64))
    bytes.replaceSubrange(digits..<digits + 64, with: Array(bytes.withUnsafeBytes { SHA256.hex($0) }.utf8))
    let path = "/tmp/runnel-golden-\(UInt64.random(in: 0...(.max))).safetensors"
    try ByteFile.write(bytes, to: path)
    defer { unlink(path) }
    let error = #expect(throws: ServiceError.self) { try ModelLoader.load(path) }
    #expect(error?.kind == .data)
    #expect(error?.description.contains("golden") == true, "\(error?.description ?? "")")
  }
}
