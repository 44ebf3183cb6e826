import RunnelKernels

/// What one core of this machine can do at best, measured: multiply-adds of one kernel set, and reads from each level of
/// memory.
public struct MachineLimits: Sendable, Hashable {
  /// A level of memory.
  public struct Level: Sendable, Hashable {
    public var name: String
    /// What fits in; `Int.max` of the memory itself.
    public var bytes: Int
    public var bytesPerSecond: Double
  }

  public var multiplyAddsPerSecond: Double
  /// From the nearest on; the last one holds everything.
  public var levels: [Level]

  public init(multiplyAddsPerSecond: Double, levels: [Level]) {
    self.multiplyAddsPerSecond = multiplyAddsPerSecond
    self.levels = levels
  }

  /// The level that holds weights of this size.
  public func level(of bytes: Int) -> Level { levels.first { bytes <= $0.bytes } ?? levels[levels.count - 1] }
}

// MARK: measuring

extension MachineLimits {
  /// Measured now, on the core that this thread runs on.
  ///
  /// - Parameters:
  ///   - kernels: whose multiply-adds, or those of a narrower set; reads are those of the widest there is.
  ///   - precision: of the weights that are multiplied.
  ///   - seconds: for all of it.
  public init(
    kernels: KernelSet, precision: WeightPrecision = .float32, clock: Clock = .system, seconds: Double
  ) {
    let sizes = CacheSizes()
    // A processor that has a set has the narrower ones too, and may be quicker with their instructions.
    let sets = KernelSet.available.prefix { $0 != kernels } + [kernels]
    let watch = Stopwatch(clock, seconds: seconds / Double(sets.count + sizes.levels.count))
    let burst = 1 << 17
    multiplyAddsPerSecond = sets.reduce(0) { most, set in
      let made = set.multiplyAdds(atLeast: burst, precision)
      let adding = watch.time { calls in for _ in 0..<calls { _ = set.multiplyAdds(atLeast: burst, precision) } }
      return max(most, Double(made) / adding.best)
    }
    levels = sizes.levels.map { level in
      // A part of a level, because other things live there too; of the memory enough that no level keeps it.
      let bytes = level.bytes == .max ? min(4 * sizes.last, 1 << 28) : level.bytes / 4
      return Level(
        name: level.name, bytes: level.bytes, bytesPerSecond: Double(bytes) / Self.secondsToRead(bytes, watch))
    }
  }

  /// How long it takes to read so many bytes that were read just before, from wherever in this machine they stayed.
  public static func secondsToRead(_ bytes: Int, _ watch: Stopwatch) -> Double {
    let round = 128 * MemoryLayout<Float>.size
    let rounds = max(1, bytes / round)
    let buffer = AlignedFloats(count: 128 * rounds)
    let timing = watch.time { calls in for _ in 0..<calls { KernelSet.best.read(buffer.base, count: buffer.count) } }
    return timing.best * Double(bytes) / Double(rounds * round)
  }
}
