import RunnelCore
import RunnelPipeline
import RunnelWire

/// A signal as other programs would send it, in f32 millivolts, and the decoder that reads it.
enum ForeignFormat: String, CaseIterable, Sendable {
  case raw, gnuradio
  case gnuradioWithTags = "gnuradio with tags"
  case array, openephys, json, msgpack

  /// Whether its messages say where they belong, so that a loss is seen.
  var hasIndex: Bool { self != .raw && self != .gnuradio && self != .array }

  func decoder(_ channels: [String]) throws -> MessageDecoder {
    let shape = RawShape(element: .float32, channels: channels.count)
    switch self {
    case .raw: return .raw(RawDecoder(shape: shape))
    case .gnuradio: return .gnuradio(GNURadioDecoder(shape: shape, passTags: false))
    case .gnuradioWithTags: return .gnuradio(GNURadioDecoder(shape: shape, passTags: true))
    case .array: return .array(ArrayDecoder(expectedChannels: channels.count))
    case .openephys: return .openephys(OpenEphysDecoder(channels: channels))
    case .json, .msgpack:
      let map = FieldMap(channels: try channels.map { try FieldPath($0) }, first: try FieldPath("first"))
      return .map(MapDecoder(encoding: self == .json ? .json : .msgpack, map: map))
    }
  }

  /// Its messages, of so many rows each.
  func messages(of signal: Signal, cut: [Int]) -> [Recorded.Message] {
    var messages: [Recorded.Message] = []
    var row = 0
    for count in cut where count > 0 {
      let end = min(row + count, signal.rows)
      messages += Slice(signal: signal, rows: row..<end).messages(self).map { Recorded.Message($0) }
      row = end
    }
    return messages
  }
}

/// Some rows of a signal, as each format writes them.
private struct Slice {
  let signal: Signal
  let rows: Range<Int>

  func messages(_ format: ForeignFormat) -> [[[UInt8]]] {
    switch format {
    case .raw, .gnuradio: [[interleaved]]
    case .gnuradioWithTags: [[[0xF0, 0x5F, 1] + little(UInt64(rows.lowerBound)) + little(0) + interleaved]]
    case .array:
      [[Array("{\"dtype\":\"float32\",\"shape\":[\(rows.count),\(signal.channels.count)]}".utf8), interleaved]]
    case .openephys: signal.channels.indices.map(openEphys)
    case .json: [[json]]
    case .msgpack: [[messagePack]]
    }
  }

  private func column(_ channel: Int) -> [Float] {
    rows.map { Float(Double(signal.samples[$0 * signal.channels.count + channel]) * 0.005) }
  }

  private var interleaved: [UInt8] {
    let columns = signal.channels.indices.map(column)
    return bytes((0..<rows.count).flatMap { row in columns.map { $0[row] } })
  }

  private func openEphys(_ channel: Int) -> [[UInt8]] {
    let content =
      "\"stream\":\"bed7\",\"channel_num\":\(channel),\"channel_name\":\"\(signal.channels[channel].name)\","
      + "\"num_samples\":\(rows.count),\"sample_num\":\(rows.lowerBound),\"sample_rate\":\(signal.rate)"
    return [
      Array("DATA\0".utf8), Array("{\"type\":\"data\",\"content\":{\(content)}}".utf8), bytes(column(channel)),
    ]
  }

  private var json: [UInt8] {
    let columns = signal.channels.indices.map { channel in
      "\"\(signal.channels[channel].name)\":[\(column(channel).map { "\($0)" }.joined(separator: ","))]"
    }
    return Array("{\"first\":\(rows.lowerBound),\(columns.joined(separator: ","))}".utf8)
  }

  private var messagePack: [UInt8] {
    func text(_ text: String) -> [UInt8] { [0xA0 | UInt8(text.utf8.count)] + Array(text.utf8) }
    func big(_ value: UInt64) -> [UInt8] { little(value).reversed() }
    var map = [0x81 + UInt8(signal.channels.count)] + text("first") + [0xCF] + big(UInt64(rows.lowerBound))
    for channel in signal.channels.indices {
      map += text(signal.channels[channel].name) + [0xDD] + big(UInt64(rows.count))[4...]
      for sample in column(channel) { map += [0xCA] + big(UInt64(sample.bitPattern))[4...] }
    }
    return map
  }

  private func bytes(_ values: [Float]) -> [UInt8] { values.withUnsafeBytes { Array($0) } }

  private func little(_ value: UInt64) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
}
