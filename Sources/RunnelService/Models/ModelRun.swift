import RunnelInference
import RunnelKernels
import RunnelRecordings

/// A model over arrays, for comparing with the framework that trained it: NumPy in, NumPy out, no conditioning, no
/// decision.
///
///     carried    (T, D)      → (T', K)             (B, T, D)  → (B, T', K)        B sequences, each with its own state
///     windowed   (B, T, D)   → (B, K), (B, S, K)   (T', D)    → (W, K), (W, S, K) a stream cut at the model's hop
///
/// T' are the outputs that come: fewer than T where a layer has a stride, none before its first. Frame 0 of the array is
/// frame 0 of a session's grid, or the frame at which the given state stands. Arrays are read and written piece by piece:
/// their size is bounded by the disk only.
public struct ModelRun: Sendable {
  public struct Options: Sendable, Hashable {
    /// Frames (windows of a windowed model) that are computed at a time; nil takes as many as are good, layer by layer.
    /// The bits are the same.
    public var chunk: Int?
    /// Scores after the heads' activations; logits where not.
    public var givesScores = false
    /// Of `kernelNames`; nil is the best of this machine. The bits are the same.
    public var kernels: String?
    /// Of `precisionNames`, how weights are stored; nil is float32.
    public var precision: String?
    public var stateIn: String?
    public var stateOut: String?

    public init() {}
  }

  /// What was written.
  public struct Written: Sendable, Hashable {
    public var input: [Int]
    public var output: [Int]
  }

  public let path: String
  public let file: ModelFile
  public let options: Options
  let kernels: KernelSet
  let precision: WeightPrecision

  /// - Throws: `ServiceError` (66, 77, 65 for the file, 64 for options that do not fit it).
  public init(_ path: String, _ options: Options = Options()) throws(ServiceError) {
    self.path = path
    file = try ModelLoader.read(path)
    self.options = options
    if let chunk = options.chunk, !(1...Self.longestChunk).contains(chunk) {
      throw ServiceError(.usage, "--chunk \(chunk): give 1 to \(Self.longestChunk)")
    }
    kernels = try options.kernels.map { (name) throws(ServiceError) in try KernelSet(named: name) } ?? .best
    precision =
      try options.precision.map { (name) throws(ServiceError) in try WeightPrecision(named: name) } ?? .float32
    if file.description.regime == .windowed, options.stateIn != nil || options.stateOut != nil {
      throw ServiceError(
        .usage,
        "\(file.description.name) is windowed: each window starts from the initial state, so there is none to read or to write"
      )
    }
  }

  static let longestChunk = 1 << 20

  public static let kernelNames = KernelSet.allCases.map(\.rawValue)
  public static let precisionNames = WeightPrecision.allCases.map(\.rawValue)

  /// Runs the model over an array.
  ///
  /// - Parameters:
  ///   - progress: hears how much is done, 0...1.
  /// - Throws: `ServiceError` (66, 77, 65 for what is read, 73, 74 for what is written).
  public func run(
    input: String, output: String, progress: (Double) -> Void = { _ in }
  ) throws(ServiceError) -> Written {
    try OutputPlace.check([output, options.stateOut], apartFrom: [path, input])
    try OutputPlace.check([output], apartFrom: [options.stateIn])
    let reader: NumpyReader
    do throws(RecordingError) { reader = try NumpyReader(input) } catch { throw ServiceError(error) }
    let array = try InputArray(reader, features: file.description.inputs.count, model: file.description.name)
    return try file.description.regime == .carried
      ? runCarried(array, output: output, progress) : runWindows(array, output: output, progress)
  }
}

/// An array as sequences of frames.
struct InputArray: Sendable {
  let reader: NumpyReader
  /// B; nil for an array (T, D).
  let sequences: Int?
  /// T
  let frames: Int
  /// D
  let features: Int

  init(_ reader: NumpyReader, features: Int, model: String) throws(ServiceError) {
    let shape = reader.shape
    guard shape.count == 2 || shape.count == 3, shape.last == features else {
      let wanted = "(T, \(features)) or (B, T, \(features))"
      var remedy = "give an array \(wanted)"
      if shape.count == 1, features == 1 { remedy = "save x[:, None]" }
      if shape.count == 3, shape[1] == features { remedy = "save x.swapaxes(1, 2): features come last" }
      throw ServiceError(
        .data, "\(reader.path): \(model) takes \(wanted), found \(Self.text(shape)); \(remedy)")
    }
    self.reader = reader
    self.features = features
    sequences = shape.count == 3 ? shape[0] : nil
    frames = shape[shape.count - 2]
  }

  /// Frames of one sequence.
  ///
  /// - Throws: `ServiceError` (65) at a value that is not finite, with its place.
  func read(_ range: Range<Int>, of sequence: Int, into values: inout [Float]) throws(ServiceError) {
    let first = sequence * frames
    do throws(RecordingError) {
      try reader.read((first + range.lowerBound) * features..<(first + range.upperBound) * features, into: &values)
    } catch { throw ServiceError(error) }
    guard let bad = values.firstIndex(where: { !$0.isFinite }) else { return }
    var place = [range.lowerBound + bad / features, bad % features]
    if sequences != nil { place.insert(sequence, at: 0) }
    throw ServiceError(
      .data,
      "\(reader.path): the value at \(place) is \(values[bad]), and a network takes finite numbers: fill what is missing"
    )
  }

  static func text(_ shape: [Int]) -> String { "(" + shape.map(String.init).joined(separator: ", ") + ")" }
}
