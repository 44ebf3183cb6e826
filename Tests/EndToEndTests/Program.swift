import Glibc
import Testing

/// A program of this machine, run beside the test: what it says on standard error and writes on standard output, and
/// how it ends. Waits for facts, never for a time; the limit only turns a hang into a failure.
///
///     let program = try Program(Program.runnel, "run", "-c", path)
///     try program.line(containing: "publishes labels at")
///     program.signal(SIGTERM)
///     #expect(try program.ended() == 0)
///
/// It dies with the test at the latest.
final class Program {
  static let limit = Duration.seconds(50)

  struct Failed: Error, CustomStringConvertible { var description: String }

  let pid: pid_t
  private let name: String
  private var outputs: [Pipe]
  private var status: Int32?

  private struct Pipe {
    let descriptor: Int32
    var isOpen = true
    var text: [UInt8] = []
    /// Bytes of the lines that `line` has handed out.
    var taken = 0
  }

  /// The executable that was built together with these tests.
  static let runnel: String = {
    var path = [CChar](repeating: 0, count: 4096)
    let length = max(readlink("/proc/self/exe", &path, path.count - 1), 0)
    let tests = String(decoding: path[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let folder = tests.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
    // Where another program holds the tests, it is where `swift build` puts it.
    return [folder + "/runnel", Place.root + "/.build/debug/runnel"].first { access($0, X_OK) == 0 } ?? "runnel"
  }()

  /// - Parameter input: standard input. Where it is a terminal, it is the program's own from then on: to close its other
  ///   end is to hang up.
  init(_ path: String, _ arguments: [String], input: String = "/dev/null", environment: [String: String] = [:]) throws {
    // A pair of sockets in place of a pipe: it can be kept from the programs that other tests start meanwhile.
    var ends: [Int32] = [-1, -1, -1, -1]
    let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    let made = ends.withUnsafeMutableBufferPointer { ends in
      socketpair(AF_UNIX, kind, 0, ends.baseAddress!) == 0 && socketpair(AF_UNIX, kind, 0, ends.baseAddress! + 2) == 0
    }
    guard made else { throw Failed(description: "no pipe: \(String(cString: strerror(errno)))") }
    outputs = [Pipe(descriptor: ends[0]), Pipe(descriptor: ends[2])]
    name = ([path] + arguments).joined(separator: " ")

    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, input, O_RDWR, 0)
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
    posix_spawn_file_actions_adddup2(&actions, ends[3], 2)
    // A session of its own: the terminal of whoever runs the tests is none of its business.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    posix_spawnattr_setflags(&attributes, 0x80)  // POSIX_SPAWN_SETSID
    var variables = environment
    for name in ["PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH"] {
      if let value = getenv(name) { variables[name] = String(cString: value) }
    }
    var words = ([path] + arguments).map { strdup($0) } + [nil]
    var settings = variables.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for each in words + settings { free(each) } }
    var started: pid_t = 0
    let failure = posix_spawn(&started, path, &actions, &attributes, &words, &settings)
    close(ends[1])
    close(ends[3])
    guard failure == 0 else {
      close(ends[0])
      close(ends[2])
      throw Failed(description: "\(name): \(String(cString: strerror(failure)))")
    }
    pid = started
  }

  deinit {
    if status == nil {
      kill(pid, SIGKILL)
      waitpid(pid, nil, 0)
    }
    for output in outputs { close(output.descriptor) }
  }

  /// What it has written so far.
  var output: String { String(decoding: outputs[0].text, as: UTF8.self) }
  var messages: String { String(decoding: outputs[1].text, as: UTF8.self) }
  var outputLines: [String] { output.split(separator: "\n").map { String($0) } }

  func signal(_ number: Int32) { if status == nil { kill(pid, number) } }

  /// The next line on standard error with these words; those before it are passed over.
  @discardableResult
  func line(containing words: String) throws -> String {
    let deadline = ContinuousClock.now + Self.limit
    while true {
      while let line = nextLine() { if line.contains(words) { return line } }
      guard outputs[1].isOpen, read(until: deadline) else {
        throw Failed(description: "'\(words)' never came from \(name): \(messages)")
      }
    }
  }

  private func nextLine() -> String? {
    let rest = outputs[1].text[outputs[1].taken...]
    guard let end = rest.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
    outputs[1].taken = end + 1
    return String(decoding: rest[..<end], as: UTF8.self)
  }

  /// Its exit code; a signal that ended it is negative.
  func ended(within limit: Duration = Program.limit) throws -> Int32 {
    if let status { return status }
    let deadline = ContinuousClock.now + limit
    while outputs.contains(where: \.isOpen) {
      guard read(until: deadline) else { throw Failed(description: "no end of \(name): \(messages)") }
    }
    var raw: Int32 = 0
    waitpid(pid, &raw, 0)
    let code = raw & 0x7F == 0 ? (raw >> 8) & 0xFF : -(raw & 0x7F)
    status = code
    return code
  }

  /// Takes what comes next; false where nothing did until the deadline.
  private func read(until deadline: ContinuousClock.Instant) -> Bool {
    let (seconds, fraction) = (deadline - ContinuousClock.now).components
    let open = outputs.indices.filter { outputs[$0].isOpen }
    var polled = open.map { pollfd(fd: outputs[$0].descriptor, events: Int16(POLLIN), revents: 0) }
    let rest = Int32(max(0, seconds * 1000 + fraction / 1_000_000_000_000_000))
    guard poll(&polled, nfds_t(polled.count), rest) > 0 else { return false }
    var block = [UInt8](repeating: 0, count: 65536)
    for (index, item) in zip(open, polled) where item.revents != 0 {
      let count = Glibc.read(outputs[index].descriptor, &block, block.count)
      if count > 0 { outputs[index].text += block[..<count] } else { outputs[index].isOpen = false }
    }
    return true
  }
}
