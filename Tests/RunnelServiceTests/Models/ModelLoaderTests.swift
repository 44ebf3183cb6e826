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
}
