import CHeapCount

/// How often `work` allocates from the heap on this thread: 0 is what the hot path promises once warm.
///
///     for _ in 0..<10 { decodeOne() }                      // warm
///     #expect(allocations { for _ in 0..<10_000 { decodeOne() } } == 0)
///
/// Debug builds box and copy where release builds do not; what must be zero in both is tested in both. In sanitizer
/// builds nothing is counted: guard such a test with `.enabled(if: allocationsAreCounted)`.
public func allocations(during work: () throws -> Void) rethrows -> Int {
  let before = runnel_allocation_count()
  try work()
  return Int(runnel_allocation_count() - before)
}

/// How many references to objects `work` takes on this thread, each of them an atomic operation; of release builds, as
/// debug builds take many that are not needed.
public func references(during work: () throws -> Void) rethrows -> Int {
  let before = runnel_reference_count()
  try work()
  return Int(runnel_reference_count() - before)
}

/// False in debug builds, which box and copy in places where nothing is promised of them.
public var isOptimised: Bool {
  #if DEBUG
    false
  #else
    true
  #endif
}

/// False where the build has an allocator of its own (address and thread sanitizer).
public var allocationsAreCounted: Bool { runnel_allocations_are_counted() }
