import Glibc
import RunnelRecordings
import Synchronization

/// Brings a file to the disk on a thread of its own whenever somebody asks, so that who receives never waits for the disk:
/// fdatasync may take a second where others write too. Requests that come meanwhile are one.
///
///     let sync = try DiskSync(path)
///     sync.request()          // with what was written by now, and the first time with the file's name
///     sync.end()              // all was written: once more, and no more after that
///     sync.wait()             // until the disk has it
///     try sync.check()
final class DiskSync: Sendable {
  /// Brings what a descriptor stands for to the disk: 0, or why it refused. Tests have disks that do, or take their time.
  typealias Disk = @Sendable (Int32) -> Int32

  static let disk: Disk = { fdatasync($0) == 0 || errno == EINVAL ? 0 : errno }

  private let core: Core
  private let thread: Mutex<OwnThread?>

  private final class Core: Sendable {
    let path: String
    let descriptor: Int32
    let disk: Disk
    let waker: Waker
    let isWanted = Atomic<Bool>(false)
    let isOver = Atomic<Bool>(false)
    let isDone = Atomic<Bool>(false)
    let failure = Atomic<Int32>(0)

    init(_ path: String, _ descriptor: Int32, _ disk: @escaping Disk) throws(ServiceError) {
      (self.path, self.descriptor, self.disk) = (path, descriptor, disk)
      waker = try Waker()
    }

    deinit { close(descriptor) }

    func work() {
      var isNamed = false
      // What was wanted before it was over is done.
      var isLast = false
      while !isLast {
        waker.sleep(milliseconds: -1) { isWanted.load(ordering: .acquiring) || isOver.load(ordering: .acquiring) }
        isLast = isOver.load(ordering: .acquiring)
        guard isWanted.exchange(false, ordering: .acquiringAndReleasing) else { continue }
        note(disk(descriptor))
        if !isNamed { note(ParentFolder(of: path).sync()) }
        isNamed = true
      }
      isDone.store(true, ordering: .releasing)
    }

    private func note(_ code: Int32) { if code != 0 { failure.store(code, ordering: .releasing) } }
  }

  /// - Throws: where the file cannot be opened a second time.
  init(_ path: String, disk: @escaping Disk = DiskSync.disk) throws(ServiceError) {
    let descriptor = open(path, O_WRONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw ServiceError(.inputOutput, "\(path) cannot be opened again: \(String(cString: strerror(errno)))")
    }
    let core = try Core(path, descriptor, disk)
    self.core = core
    thread = Mutex(OwnThread { core.work() })
  }

  deinit { wait() }

  /// Whether the file has this name still.
  func isFile(at path: String) -> Bool {
    var (own, named) = (stat(), stat())
    return fstat(core.descriptor, &own) == 0 && stat(path, &named) == 0 && own.st_ino == named.st_ino
      && own.st_dev == named.st_dev
  }

  func request() {
    core.isWanted.store(true, ordering: .releasing)
    core.waker.wake()
  }

  /// Everything was written: it is brought to the disk, and then there is nothing left to do.
  func end() {
    core.isWanted.store(true, ordering: .releasing)
    core.isOver.store(true, ordering: .releasing)
    core.waker.wake()
  }

  /// Ends, and waits for the disk.
  func wait() {
    end()
    thread.withLock { thread in
      thread?.join()
      thread = nil
    }
  }

  /// Whether it ended, and the disk has everything.
  var isComplete: Bool { core.isDone.load(ordering: .acquiring) && failure == 0 }

  private var failure: Int32 { core.failure.load(ordering: .acquiring) }

  /// Complains where the disk refused.
  func check() throws(RecordingError) {
    let code = failure
    guard code == 0 else {
      throw RecordingError(
        .writeFailed, file: core.path, "the disk does not take it: \(String(cString: strerror(code)))",
        remedy: "check the disk and the system's log")
    }
  }
}
