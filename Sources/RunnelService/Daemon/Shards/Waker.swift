import Glibc
import Synchronization

/// Lets one thread sleep until another has something for it, without a system call while it is awake: a pipe that is
/// written only when somebody sleeps. (Swift's Glibc has no eventfd.)
final class Waker: Sendable {
  /// Readable when the sleeper is wanted; for a loop that waits for sockets as well.
  let fileDescriptor: Int32
  private let writer: Int32
  private let sleeps = Atomic<Bool>(false)

  init() throws(ServiceError) {
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else {
      throw ServiceError(
        .unavailable, "no pipe for a shard: \(String(cString: strerror(errno))); allow more open files")
    }
    for end in ends {
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
      _ = fcntl(end, F_SETFL, O_NONBLOCK)
    }
    (fileDescriptor, writer) = (ends[0], ends[1])
  }

  deinit {
    close(fileDescriptor)
    close(writer)
  }

  /// Wakes the sleeper, if it sleeps. What it is to find must have been written before.
  func wake() {
    guard sleeps.exchange(false, ordering: .sequentiallyConsistent) else { return }
    var byte: UInt8 = 1
    _ = write(writer, &byte, 1)
  }

  /// From now on a wake is heard at the descriptor. Look for work once more after it, and only then wait.
  func prepareToSleep() { sleeps.store(true, ordering: .sequentiallyConsistent) }

  func didWake() {
    sleeps.store(false, ordering: .sequentiallyConsistent)
    var bytes: UInt64 = 0
    _ = read(fileDescriptor, &bytes, MemoryLayout<UInt64>.size)
  }

  /// Sleeps until woken, at most so many milliseconds (−1: without limit), unless there is work.
  func sleep(milliseconds: Int32, unless hasWork: () -> Bool) {
    prepareToSleep()
    if !hasWork() {
      var item = pollfd(fd: fileDescriptor, events: Int16(POLLIN), revents: 0)
      poll(&item, 1, milliseconds)
    }
    didWake()
  }
}
