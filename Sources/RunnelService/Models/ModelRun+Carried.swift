import RunnelInference
import RunnelRecordings

extension ModelRun {
  /// Frames that are computed at a time where nothing else is asked for: bounds the memory.
  private static let blockFrames = 4096

  func runCarried(
    _ array: InputArray, output path: String, _ progress: (Double) -> Void
  ) throws(ServiceError) -> Written {
    let network = file.makeNetwork(kernels: kernels, precision: precision, logits: !options.givesScores)
    let states = StateArchive(network: network, sequences: array.sequences)
    var positions =
      try options.stateIn.map { (path) throws(ServiceError) in try states.read(path) }
      ?? Array(repeating: StateArchive.Position(state: network.initialState, next: 0), count: array.sequences ?? 1)
    let output = try OutputArray(path)
    var rows = 0
    let count = positions.count
    for sequence in 0..<count {
      rows = output.values
      try run(network, sequence, array, from: &positions[sequence], into: output) { done in
        progress((Double(sequence) + done) / Double(count))
      }
      rows = (output.values - rows) / network.outputs
    }
    if let path = options.stateOut { try states.write(positions, to: path) }
    let shape = (array.sequences.map { [$0] } ?? []) + [rows, network.outputs]
    try output.finish(shape)
    return Written(input: array.reader.shape, output: shape)
  }

  private func run(
    _ network: Network, _ sequence: Int, _ array: InputArray, from position: inout StateArchive.Position,
    into output: OutputArray, _ progress: (Double) -> Void
  ) throws(ServiceError) {
    var bank = StateBank(for: network, capacity: 1)
    let slot = bank.open()
    var frames: [Float] = []
    var frame = 0
    do throws(StateError) { try bank.restore(position.state, into: slot) } catch {
      preconditionFailure("a state that was read fits: \(error)")
    }
    while frame < array.frames {
      let end = min(frame + (options.chunk ?? Self.blockFrames), array.frames)
      try array.read(frame..<end, of: sequence, into: &frames)
      let logits: [Float]?
      if options.chunk == nil {
        logits = network.whole(frames, from: position.next, state: &position.state)
      } else {
        logits = network.run(frames, from: position.next, slot: slot, bank: &bank)
      }
      guard let logits, !logits.contains(where: { !$0.isFinite }) else {
        throw ServiceError(
          .data,
          "\(path): between frames \(frame) and \(end - 1)\(array.sequences == nil ? "" : " of sequence \(sequence)") the network's state is no longer finite: the input is far from what it was trained on, or the weights are wrong"
        )
      }
      try output.append(logits)
      position.next += Int64(end - frame)
      frame = end
      progress(Double(frame) / Double(array.frames))
    }
    if options.chunk != nil { position.state = bank.snapshot(slot) }
  }
}

/// An array on its way to the disk.
final class OutputArray {
  private var writer: NumpyWriter

  /// - Throws: `ServiceError` (73, 77).
  init(_ path: String) throws(ServiceError) {
    do throws(RecordingError) { writer = try NumpyWriter(path) } catch { throw ServiceError(error) }
  }

  /// Written so far.
  var values: Int { writer.count }

  func append(_ values: [Float]) throws(ServiceError) {
    do throws(RecordingError) { try writer.append(values) } catch { throw ServiceError(error) }
  }

  func finish(_ shape: [Int]) throws(ServiceError) {
    do throws(RecordingError) { try writer.finish(shape: shape) } catch { throw ServiceError(error) }
  }
}
