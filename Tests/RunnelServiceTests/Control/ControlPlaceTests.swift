import Glibc
import RunnelTesting
import Testing

@testable import RunnelService

/// Where a client looks for daemons.
@Suite struct ControlPlaceTests {
  private let folder = TemporaryFolder()

  private func found(in own: String, _ environment: [String: String] = [:]) -> [String] {
    ControlPlace.all(environment: environment, own: own)
  }

  /// What another user put into `/tmp/runnel-0` was asked by `sudo runnel status`, and answered.
  @Test func `a folder that others may write to, or have made, is not looked into`() throws {
    let own = folder.path + "/own"
    try #require(mkdir(own, 0o700) == 0)
    close(open(own + "/runnel-3f9a01c2.sock", O_CREAT | O_WRONLY, 0o600))
    let service = [ControlPlace.ofService]
    let socket = own + "/runnel-3f9a01c2.sock"
    #expect(found(in: own) == [socket] + service)
    chmod(own, 0o722)
    #expect(found(in: own) == service)
    #expect(found(in: folder.path, ["XDG_RUNTIME_DIR": own]) == [socket] + service, "the environment is the user's")
    chmod(own, 0o700)
    try #require(symlink(own, folder.path + "/link") == 0)
    #expect(found(in: folder.path + "/link") == service)
    #expect(found(in: folder.path + "/missing") == service)
    // Only root can give a folder away.
    if chown(own, 1, 1) == 0 { #expect(found(in: own) == service) }
  }

  @Test func `the daemon of a configuration is looked for in the user's folder and then in the service's`() throws {
    let file = folder.write("streams: {}", to: "runnel.yaml")
    let here = try ControlPlace.candidates(.automatic, configuration: file, environment: [:], own: folder.path)
    #expect(here.count == 2 && here[0].hasPrefix(folder.path + "/runnel-") && here[1] == ControlPlace.ofService)
    let elsewhere = try ControlPlace.candidates(
      .automatic, configuration: file, environment: [:], own: folder.path + "/missing")
    #expect(elsewhere == [ControlPlace.ofService])
  }
}
