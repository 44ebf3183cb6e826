import RunnelInference
import RunnelKernels
import RunnelPipeline

/// How long a step of a whole network takes, through its bank of states as the daemon steps it: `runnel model bench`.
/// Windows that are evaluated whole are measured as such.
///
///     let report = try ModelBench("beats.safetensors", kernels: .best, effort: .usual).run(rows: [1, 64])
///
/// Conditioning, decisions and messages are not in it.
public struct ModelBench: Sendable {
  public let file: ModelFile
  public var kernels: KernelSet
  public var precision: WeightPrecision
  public var effort: BenchEffort

  /// - Throws: `ServiceError` (66, 77, 65).
  public init(
    _ path: String, kernels: KernelSet = .best, precision: WeightPrecision = .float32, effort: BenchEffort = .usual
  ) throws(ServiceError) {
    file = try ModelLoader.read(path)
    self.kernels = kernels
    self.precision = precision
    self.effort = effort
  }

  private var model: ModelDescription { file.description }
  /// Whether windows are evaluated when they are complete.
  private var isWhole: Bool { model.regime == .windowed && model.windowsSideBySide == nil }

  /// - Parameter progress: hears what is being done.
  public func run(rows: [Int], clock: Clock = .system, progress: (String) -> Void = { _ in }) -> BenchReport {
    progress("limits of this machine")
    let limits = MachineLimits(kernels: kernels, precision: precision, clock: clock, seconds: effort.secondsForLimits)
    let reading = effort.secondsToRead(weightBytes, clock)
    let watch = Stopwatch(clock, seconds: effort.secondsPerPoint)
    let points = rows.map { rows in
      progress("\(rows) rows")
      return isWhole ? windows(rows, watch) : steps(rows, watch)
    }
    return BenchReport(
      .model(subject), kernels: kernels, weightBytes: weightBytes, weightSeconds: reading, limits: limits,
      points: points)
  }

  private var weightBytes: Int {
    file.figures.layers.reduce(0) { $0 + $1.parameters * ($1.isReducible ? precision.size : MemoryLayout<Float>.size) }
  }

  private var subject: BenchReport.ModelSubject {
    BenchReport.ModelSubject(
      name: model.name, digest: model.digest, rate: model.rate, stepsPerChannelSecond: model.rate * statesPerFrame,
      window: isWhole ? model.window?.length : nil, precision: precision)
  }

  /// States of one channel that take a frame, on average: one; of windows as many as overlap; with a shadow that warms
  /// up, a part more.
  private var statesPerFrame: Double {
    if let window = model.window { return Double(window.length) / Double(model.hop) }
    return model.maxStateAge > 0 ? 1 + model.warmUp / model.maxStateAge : 1
  }

  // MARK: steps

  private func steps(_ rows: Int, _ watch: Stopwatch) -> BenchReport.Point {
    let network = file.makeNetwork(kernels: kernels, precision: precision)
    var bank = StateBank(for: network, capacity: rows)
    let slots = (0..<rows).map { _ in bank.open() }
    let frames = AlignedFloats(count: rows * network.inputs)
    fill(frames, pieces: rows, of: network.inputs)
    let scores = AlignedFloats(count: rows * network.outputs)
    var indexes = [Int64](repeating: 0, count: rows)
    let timing = slots.withUnsafeBufferPointer { slots in
      watch.time { calls in
        for _ in 0..<calls {
          network.step(slots: slots, steps: indexes, frames: frames.base, scores: scores.base, bank: &bank)
          for row in 0..<rows { indexes[row] += 1 }
        }
      }
    }
    let perFrame = file.figures.multiplyAdds / Double(model.window?.length ?? 1)
    return BenchReport.Point(rows: rows, timing: timing, multiplyAdds: perFrame * Double(rows))
  }

  // MARK: windows

  private func windows(_ rows: Int, _ watch: Stopwatch) -> BenchReport.Point {
    let evaluator = file.makeEvaluator(kernels: kernels, precision: precision, windows: rows)
    let frames = AlignedFloats(count: rows * evaluator.floatsPerWindow)
    fill(frames, pieces: rows, of: evaluator.floatsPerWindow)
    let scores = AlignedFloats(count: rows * evaluator.scoresPerWindow)
    let timing = watch.time { calls in
      for _ in 0..<calls {
        _ = evaluator.evaluate(count: rows, frames: frames.base, scores: scores.base)
      }
    }
    var each = file.figures.multiplyAdds
    if let decoder = model.decoder, let figures = file.decoderFigures {
      each += figures.multiplyAdds * Double(decoder.steps)
    }
    return BenchReport.Point(
      rows: rows, steps: evaluator.length, timing: timing, multiplyAdds: each * Double(rows))
  }

  /// Frames that the network was made for: those of the golden run, round and round.
  private func fill(_ frames: AlignedFloats, pieces: Int, of count: Int) {
    let golden = file.golden.frames
    for index in 0..<frames.count { frames.base[index] = golden[index % (golden.count / count * count)] }
  }
}
