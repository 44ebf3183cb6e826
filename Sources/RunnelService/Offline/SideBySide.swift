import RunnelRecordings
import Synchronization

/// Work on many files, several at a time, that speaks in the order of the files: what the first of those under way has to
/// say is heard at once, what the others say when their turn comes.
///
///     SideBySide(jobs: 4).run(files.count, hear: { print($0) }) { number, say in say("\(files[number]): done") }
///
/// How many work at a time changes nothing of what is said, only how soon.
public struct SideBySide: Sendable {
  /// Files at a time.
  let jobs: Int

  init(jobs: Int) {
    precondition(jobs > 0, "somebody has to work")
    self.jobs = jobs
  }

  /// Returns when all is done.
  ///
  /// - Parameters:
  ///   - hear: called by one thread at a time.
  ///   - work: called once for each number below `count`, by several threads at a time.
  func run<Word: Sendable>(
    _ count: Int, hear: @escaping @Sendable (Word) -> Void,
    work: @escaping @Sendable (_ number: Int, _ say: @escaping (Word) -> Void) -> Void
  ) {
    let turns = Turns(hear)
    let take: @Sendable () -> Void = {
      while let number = turns.next(below: count) {
        work(number) { turns.say($0, number) }
        turns.end(number)
      }
    }
    // This thread is one of them.
    let others = (1..<max(1, min(jobs, count))).map { _ in OwnThread(take) }
    take()
    for other in others { other.join() }
  }

  /// Cores that this program may use: the bits of the mask in /proc/self/status, which `taskset` narrows.
  public static var cores: Int {
    let status = (try? ByteFile.read("/proc/self/status", limit: 1 << 16)) ?? []
    let line = String(decoding: status, as: UTF8.self).split(separator: "\n").first { $0.hasPrefix("Cpus_allowed:") }
    let bits = line?.drop { $0 != ":" }.compactMap { $0.hexDigitValue?.nonzeroBitCount }.reduce(0, +)
    return max(1, bits ?? 1)
  }
}

/// Whose turn it is, and what was said before its turn.
private final class Turns<Word: Sendable>: Sendable {
  private struct State {
    var next = 0
    var turn = 0
    var waiting: [Int: [Word]] = [:]
    var ended: Set<Int> = []
  }

  private let state = Mutex(State())
  private let hear: @Sendable (Word) -> Void

  init(_ hear: @escaping @Sendable (Word) -> Void) { self.hear = hear }

  func next(below count: Int) -> Int? {
    state.withLock { state in
      guard state.next < count else { return nil }
      state.next += 1
      return state.next - 1
    }
  }

  func say(_ word: Word, _ number: Int) {
    state.withLock { state in
      if number == state.turn { hear(word) } else { state.waiting[number, default: []].append(word) }
    }
  }

  func end(_ number: Int) {
    state.withLock { state in
      state.ended.insert(number)
      while state.ended.remove(state.turn) != nil {
        state.turn += 1
        for word in state.waiting.removeValue(forKey: state.turn) ?? [] { hear(word) }
      }
    }
  }
}
