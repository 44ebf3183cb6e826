import RunnelCore
import RunnelService
import RunnelWire

/// From the bytes of a message to its chunk.
struct DecodeBenchmark {
  var pace: Pace

  var section: Section {
    get throws {
      var section = Section(
        "decode", "Decoding a message, i16",
        [
          ("format", "format"), ("rows", "rows"), ("channels", "channels"), ("ns", "ns per message"),
          ("median", "median"), ("spread", "spread"), ("rows_per_second", "rows/s"), ("gb_per_second", "GB/s"),
        ])
      for (rows, channels) in [(1, 1), (36, 1), (36, 8), (360, 8)] {
        for message in [
          try runnel(rows, channels, checksums: false), try runnel(rows, channels, checksums: true),
          array(rows, channels), raw(rows, channels),
        ] {
          let timing = message.parts.withParts { parts in
            pace.watch.time { calls in
              for _ in 0..<calls {
                guard case .samples(let samples)? = try? message.decoder.decode(parts), samples.chunk.rows == rows
                else { preconditionFailure("a message that was made here is good") }
              }
            }
          }
          let bytes = message.parts.bytes.reduce(0) { $0 + $1.count }
          section.rows.append([
            .text(message.name), .count(rows), .count(channels), .figure(timing.best * 1e9),
            .figure(timing.median * 1e9), .part(timing.spread), .figure(Double(rows) / timing.best),
            .figure(Double(bytes) / timing.best / 1e9),
          ])
        }
      }
      return section
    }
  }

  private struct Message {
    var name: String
    var decoder: MessageDecoder
    var parts: OwnedParts
  }

  private func runnel(_ rows: Int, _ channels: Int, checksums: Bool) throws -> Message {
    let description = StreamDescription(
      stream: "bed7", rate: 360, channels: (0..<channels).map { Channel(name: "c\($0)", unit: "mV") })
    var encoder = try RunnelEncoder(description, epoch: 1, element: .int16, checksums: checksums)
    let samples = [Int16](repeating: 7, count: rows * channels)
    let parts = samples.withUnsafeBytes { encoder.withSamples($0, rows: rows) { OwnedParts($0) } }
    return Message(
      name: checksums ? "runnel, CRC-32C" : "runnel", decoder: .runnel(RunnelDecoder()), parts: parts)
  }

  private func array(_ rows: Int, _ channels: Int) -> Message {
    let head = #"{"dtype": "int16", "shape": [\#(rows), \#(channels)], "seq": 7, "first": 2520, "rate": 360.0}"#
    let parts = OwnedParts([Array("s/bed7/".utf8), Array(head.utf8), [UInt8](repeating: 7, count: 2 * rows * channels)])
    return Message(name: "array", decoder: .array(ArrayDecoder()), parts: parts)
  }

  private func raw(_ rows: Int, _ channels: Int) -> Message {
    let shape = RawShape(element: .int16, channels: channels)
    return Message(
      name: "raw", decoder: .raw(RawDecoder(shape: shape)),
      parts: OwnedParts([[UInt8](repeating: 7, count: rows * shape.rowSize)]))
  }
}

/// The bytes of a message, kept.
struct OwnedParts {
  var bytes: [[UInt8]]

  init(_ bytes: [[UInt8]]) { self.bytes = bytes }
  init(_ parts: MessageParts) { bytes = (0..<parts.count).map { Array(parts[$0]) } }

  func withParts<R>(_ body: (MessageParts) -> R) -> R { lend([], bytes[...], body) }

  private func lend<R>(
    _ buffers: [UnsafeRawBufferPointer], _ rest: ArraySlice<[UInt8]>, _ body: (MessageParts) -> R
  ) -> R {
    guard let first = rest.first else {
      return buffers.withUnsafeBufferPointer { list in
        guard let base = list.baseAddress else { preconditionFailure("a message has parts") }
        return body(MessageParts(base, count: list.count))
      }
    }
    return first.withUnsafeBytes { lend(buffers + [$0], rest.dropFirst(), body) }
  }
}
