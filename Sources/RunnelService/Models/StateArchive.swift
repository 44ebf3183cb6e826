import RunnelInference
import RunnelRecordings

/// h, c and what else a network carries, as arrays by name in a .npz file: `lstm.h_l0` (H), `lstm.c_l0` (H), `conv.ring`
/// (past, D), and `next`, the index of the coming frame, on which the steps of a stride depend. Of B sequences each array
/// has a first axis of B.
struct StateArchive {
  /// Where a sequence stands.
  struct Position: Sendable, Equatable {
    var state: NetworkState
    var next: Int64
  }

  let network: Network
  /// B; nil for one sequence without an axis of its own.
  let sequences: Int?

  private static let next = "next"
  /// Positions are exact up to here.
  private static let lastFrame: Int64 = 1 << 53

  func write(_ positions: [Position], to path: String) throws(ServiceError) {
    let parts = positions.map { $0.state.named(network.layout) }
    let axis = sequences.map { [$0] } ?? []
    var arrays: [(name: String, array: NumpyFile)] = []
    // Of no sequence there is no state, but its arrays have names.
    for (place, part) in network.initialState.named(network.layout).enumerated() {
      let values: NumpyFile.Values
      switch part.numbers {
      case .floats: values = .float32(parts.flatMap { $0[place].floats })
      case .integers: values = .int64(parts.flatMap { $0[place].integers })
      }
      arrays.append((part.name, NumpyFile(shape: axis + part.shape, values: values)))
    }
    arrays.append((Self.next, NumpyFile(shape: axis, values: .int64(positions.map(\.next)))))
    do throws(RecordingError) { try NumpyArchive(arrays).write(to: path) } catch { throw ServiceError(error) }
  }

  /// - Throws: `ServiceError` (66, 77; 65 where it is the state of another model or of other sequences).
  func read(_ path: String) throws(ServiceError) -> [Position] {
    let archive: NumpyArchive
    do throws(RecordingError) { archive = try NumpyArchive(contentsOf: path) } catch { throw ServiceError(error) }
    var states = Array(repeating: [StateArray](), count: sequences ?? 1)
    var next = Array(repeating: Int64(0), count: sequences ?? 1)
    for (name, array) in archive.arrays {
      let shape = try shape(of: array, name, path)
      let size = shape.reduce(1, *)
      for sequence in states.indices {
        let range = sequence * size..<(sequence + 1) * size
        guard name != Self.next else {
          guard case .int64(let values) = array.values, shape.isEmpty, (0...Self.lastFrame).contains(values[sequence])
          else {
            throw ServiceError(
              .data, "\(path): 'next' is the index of the coming frame, an int64 from 0 to \(Self.lastFrame)")
          }
          next[sequence] = values[sequence]
          continue
        }
        states[sequence].append(try part(name, shape, array.values, range, path))
      }
    }
    var positions: [Position] = []
    for (state, next) in zip(states, next) {
      do throws(StateError) {
        positions.append(Position(state: try NetworkState(named: state, layout: network.layout), next: next))
      } catch { throw ServiceError(.data, "\(path): \(error)") }
    }
    return positions
  }

  /// The shape of one sequence's part.
  private func shape(of array: NumpyFile, _ name: String, _ path: String) throws(ServiceError) -> [Int] {
    guard let sequences else { return array.shape }
    guard array.shape.first == sequences else {
      throw ServiceError(
        .data,
        "\(path): '\(name)' has shape \(InputArray.text(array.shape)), and the input has \(sequences) sequences: their state has a first axis of \(sequences)"
      )
    }
    return Array(array.shape.dropFirst())
  }

  private func part(
    _ name: String, _ shape: [Int], _ values: NumpyFile.Values, _ range: Range<Int>, _ path: String
  ) throws(ServiceError) -> StateArray {
    switch values {
    case .float32(let values): return StateArray(name: name, shape: shape, floats: Array(values[range]))
    case .float64(let values): return StateArray(name: name, shape: shape, floats: values[range].map { Float($0) })
    case .int64(let values): return StateArray(name: name, shape: shape, integers: Array(values[range]))
    default:
      throw ServiceError(.data, "\(path): '\(name)' is of a type that no state has; save it as float32 or int64")
    }
  }
}

extension StateArray {
  fileprivate var floats: [Float] { if case .floats(let values) = numbers { values } else { [] } }
  fileprivate var integers: [Int64] { if case .integers(let values) = numbers { values } else { [] } }
}
