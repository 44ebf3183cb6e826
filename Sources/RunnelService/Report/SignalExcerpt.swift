import RunnelCore
import RunnelRecordings
import RunnelSignal

/// Rows of one channel of a recording as they are drawn: physical values, NaN where nothing was recorded.
struct SignalExcerpt: Sendable {
  var channel: String
  var unit: String?
  var samples: [Float]

  /// More are not drawn.
  private static let most = 1 << 26

  /// Several of one recording, opened once; of too many rows none.
  ///
  /// - Parameters:
  ///   - channel: nil takes the first one of the track.
  ///   - selection: which track.
  /// - Throws: `ServiceError` where the samples cannot be read.
  static func list(
    of path: String, channel name: String?, rows: [Range<Int64>], selection: RecordingSource.Selection
  ) throws(ServiceError) -> [SignalExcerpt] {
    var selection = selection
    if let name { selection.channels.append(name) }
    let (recording, track) = try selection.open(path)
    let channels = recording.tracks[track].channels
    let number = channels.firstIndex { $0.name == name } ?? 0
    var excerpts: [SignalExcerpt] = []
    for range in rows {
      let samples: [Float]
      guard range.count <= most else {
        excerpts.append(SignalExcerpt(channel: channels[number].name, unit: channels[number].unit, samples: []))
        continue
      }
      do throws(RecordingError) { samples = try read(recording, track, number, range) } catch {
        throw ServiceError(error)
      }
      excerpts.append(SignalExcerpt(channel: channels[number].name, unit: channels[number].unit, samples: samples))
    }
    return excerpts
  }

  private static func read(
    _ recording: any Recording, _ number: Int, _ channel: Int, _ rows: Range<Int64>
  ) throws(RecordingError) -> [Float] {
    let track = recording.tracks[number]
    let described = track.channels[channel]
    let reader = SampleReader(scaling: described.scaling, missing: described.missing.map { [$0] } ?? [])
    let wanted = Int(rows.lowerBound)..<Int(rows.upperBound)
    var samples = [Float](repeating: .nan, count: wanted.count)
    for run in track.runs {
      let part = run.clamped(to: wanted)
      if part.isEmpty { continue }
      let bytes = try recording.bytes(part, of: number)
      var faults = [UInt8](repeating: 0, count: part.count)
      bytes.withUnsafeBytes { payload in
        let chunk = Chunk(payload: payload, element: track.element, rows: part.count, channels: track.channels.count)
        samples.withUnsafeMutableBufferPointer { samples in
          faults.withUnsafeMutableBufferPointer { faults in
            guard let target = samples.baseAddress, let marks = faults.baseAddress else { return }
            _ = reader.read(
              chunk, channel: channel, rows: 0..<part.count, into: target + (part.lowerBound - wanted.lowerBound),
              faults: marks)
          }
        }
      }
    }
    return samples
  }
}
