import Glibc
import Synchronization

/// Brings a file to the disk on a thread of its own whenever somebody asks, so that who receives never waits for the disk:
/// fdatasync may take a second where others write too. Requests that come meanwhile are one.
final class DiskSync: Sendable {
  private let core: Core
  private let thread: OwnThread

  private final class Core: Sendable {
    let descriptor: Int32
    let waker: Waker
    let isWanted = Atomic<Bool>(false)
    let isOver = Atomic<Bool>(false)
    let failure = Atomic<Int32>(0)

    init(_ descriptor: Int32) throws(ServiceError) {
      self.descriptor = descriptor
      waker = try Waker()
    }

    deinit { close(descriptor) }

    func work() {
      while !isOver.load(ordering: .acquiring) {
        waker.sleep(milliseconds: -1) { isWanted.load(ordering: .acquiring) || isOver.load(ordering: .acquiring) }
        guard isWanted.exchange(false, ordering: .acquiringAndReleasing) else { continue }
        if fdatasync(descriptor) != 0, errno != EINVAL { failure.store(errno, ordering: .releasing) }
      }
    }
  }

  /// - Throws: where the file cannot be opened a second time.
  init(_ path: String) throws(ServiceError) {
    let descriptor = open(path, O_WRONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw ServiceError(.inputOutput, "\(path) cannot be opened again: \(String(cString: strerror(errno)))")
    }
    let core = try Core(descriptor)
    self.core = core
    thread = OwnThread { core.work() }
  }

  deinit {
    core.isOver.store(true, ordering: .releasing)
    core.waker.wake()
    thread.join()
  }

  func request() {
    core.isWanted.store(true, ordering: .releasing)
    core.waker.wake()
  }

  /// Why the disk refused, the last time it did.
  var problem: String? {
    let code = core.failure.load(ordering: .acquiring)
    return code == 0
      ? nil : "the disk does not take it: \(String(cString: strerror(code))); check the disk and the system's log"
  }
}
