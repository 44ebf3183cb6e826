import ArgumentParser
import Glibc
import RunnelInference
import RunnelKernels
import RunnelRecordings
import RunnelService

/// runnel as one engine among others, in the lines that `Peers/bench_line.hpp` describes. Beside its verbs `limits` gives
/// the measured peak and the seconds that reading the weights takes.
struct PeerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "peer", abstract: "Answer the questions of bench_peers.py, a line each.")

  @Option(help: "Which kernel set computes.") var kernels: String?
  @Option(help: "What weights are stored as.") var precision = WeightPrecision.float32

  func run() throws {
    let set = try kernels.map { try KernelSet(named: $0) } ?? .best
    var peer = Peer(kernels: set, precision: precision)
    // The reader waits for each line, and standard output is a pipe.
    while let line = readLine() {
      let words = line.split(separator: " ").map(String.init)
      do { print(try peer.answer(words)) } catch { print("error: \(error)") }
      fflush(nil)
    }
  }
}

extension WeightPrecision: @retroactive ExpressibleByArgument {}

/// One open engine at a time.
private struct Peer {
  let kernels: KernelSet
  let precision: WeightPrecision
  private var path = ""
  private var engine: (any PeerEngine)?

  init(kernels: KernelSet, precision: WeightPrecision) {
    self.kernels = kernels
    self.precision = precision
  }

  struct Refused: Error, CustomStringConvertible { var description: String }

  mutating func answer(_ words: [String]) throws -> String {
    switch words.first {
    case "open" where words.count == 7:
      let numbers = words[2..<6].compactMap { Int($0) }
      guard let cell = CellShape.Cell(rawValue: words[1]), numbers.count == 4 else { break }
      path = words[6]
      engine = nil
      engine = try open(
        CellShape(cell, hidden: numbers[0], inputs: numbers[1], precision: precision), rows: numbers[2],
        steps: numbers[3])
      return "ok"
    case "check" where words.count == 2:
      guard let calls = Int(words[1]), let engine else { break }
      engine.reset()
      engine.call(calls)
      let bytes = engine.state.withUnsafeBytes { Array($0) }
      try ByteFile.write(bytes, to: path + ".out")
      return "ok"
    case "time" where words.count == 2:
      guard let seconds = Double(words[1]), let engine else { break }
      let timing = Stopwatch(.system, seconds: seconds).time { engine.call($0) }
      return "\(timing.best) \(timing.median)"
    case "limits" where words.count == 2:
      guard let seconds = Double(words[1]), let engine else { break }
      let limits = MachineLimits(kernels: kernels, seconds: seconds)
      let reading = MachineLimits.secondsToRead(engine.weightBytes, Stopwatch(.system, seconds: seconds / 5))
      let levels = limits.levels.map { "\($0.name) \($0.bytesPerSecond)" }.joined(separator: " ")
      return "\(limits.multiplyAddsPerSecond) \(reading) \(kernels.rawValue) \(levels)"
    case "close":
      engine = nil
      return "ok"
    default: break
    }
    throw Refused(description: "not a question: \(words.joined(separator: " "))")
  }

  private func open(_ shape: CellShape, rows: Int, steps: Int) throws -> any PeerEngine {
    let bytes = try ByteFile.read(path, limit: 1 << 30)
    var numbers = bytes.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }[...]
    let weights = CellWeights(shape) { count in
      defer { numbers = numbers.dropFirst(count) }
      return Array(numbers.prefix(count))
    }
    guard numbers.count == steps * rows * shape.inputs else { throw Refused(description: "\(path) is too short") }
    let frames = Array(numbers)
    guard steps > 1 else {
      return CellStack(shape, weights: weights, frames: frames, rows: rows, kernels: kernels)
    }
    return try WindowPeer(shape, weights, frames: frames, windows: rows, length: steps, kernels: kernels)
  }
}

private protocol PeerEngine: AnyObject {
  var weightBytes: Int { get }
  /// h (rows, H)
  var state: [Float] { get }
  func reset()
  func call(_ calls: Int)
}

extension CellStack: PeerEngine {
  var weightBytes: Int { shape.weightBytes }
  var state: [Float] { outputs }
  func call(_ calls: Int) { step(calls) }
}

/// Whole windows from zero state.
private final class WindowPeer: PeerEngine {
  let weightBytes: Int
  private let windows: Int
  private let hidden: Int
  private let evaluator: WindowEvaluator
  /// (windows, length, inputs)
  private let frames: AlignedFloats
  private let scores: AlignedFloats

  /// - Parameter frames: (length, windows, inputs), as the other engines take them.
  init(
    _ shape: CellShape, _ weights: CellWeights, frames: [Float], windows: Int, length: Int, kernels: KernelSet
  ) throws {
    let file = try MadeModel(shape, weights: weights, window: (length, length)).file
    evaluator = file.makeEvaluator(kernels: kernels, windows: windows)
    (self.windows, hidden, weightBytes) = (windows, shape.hidden, shape.weightBytes)
    self.frames = AlignedFloats(count: frames.count)
    scores = AlignedFloats(count: windows * evaluator.scoresPerWindow)
    for step in 0..<length {
      for window in 0..<windows {
        for feature in 0..<shape.inputs {
          self.frames.base[(window * length + step) * shape.inputs + feature] =
            frames[(step * windows + window) * shape.inputs + feature]
        }
      }
    }
  }

  var state: [Float] { (0..<windows * hidden).map { scores.base[$0] } }
  func reset() {}
  func call(_ calls: Int) {
    for _ in 0..<calls { _ = evaluator.evaluate(count: windows, frames: frames.base, scores: scores.base) }
  }
}
