import Foundation
import RunnelCore
import RunnelInference
import Testing

/// Files made to do harm: little memory, one short line, whatever they say of themselves.
@Suite struct HostileFileTests {
  private func error(_ bytes: [UInt8]) -> String {
    do throws(ModelFileError) { _ = try ModelFile(bytes: bytes) } catch { return error.description }
    return "accepted"
  }

  private static let empty = #"{"dtype":"F32","shape":[0],"data_offsets":[0,0]}"#

  static let headers: [(header: String, says: String)] = [
    ("{" + (0..<5000).map { #""t\#($0)":\#(empty)"# }.joined(separator: ",") + "}", "at most 4096 tensors"),
    (
      #"{"a":{"dtype":"F32","data_offsets":[0,0],"shape":["# + repeated("0", 100_000) + "]}}",
      "4096 bytes about a tensor"
    ),
    (#"{"a":{"b":["# + repeated("{}", 100_000) + "]}}", "4096 bytes about a tensor"),
    (#"{"__metadata__":{"# + (0..<2000).map { #""k\#($0)":"""# }.joined(separator: ",") + "}}", "1024 keys"),
    (#"{"__metadata__":["# + repeated("0", 10) + #"],"a":\#(empty)}"#, "__metadata__ as an object of strings"),
    (#"{"\u001b[31mred\n":{"dtype":"F12","shape":[0],"data_offsets":[0,0]}}"#, "tensor '·[31mred·'"),
    (#"{"a":{"dtype":"\u001b[31m\n\u202e","shape":[0],"data_offsets":[0,0]}}"#, "'·[31m··'"),
    (#"{"\#(String(repeating: "a", count: 100_000))":{}}"#, "a dtype"),
    (#"{"__metadata__":{"runnel.model":"[\#(repeated("[]", 1_000_000))]"},"a":\#(empty)}"#, "at most 2097152 bytes"),
  ]

  private static func repeated(_ item: String, _ count: Int) -> String {
    [String](repeating: item, count: count).joined(separator: ",")
  }

  @Test(arguments: headers.indices) func `a header that asks for too much is told so in one short line`(place: Int) {
    let (header, says) = Self.headers[place]
    let error = error(Models.container(header, data: []))
    #expect(error.contains(says), "\(error.prefix(300))")
    #expect(error.unicodeScalars.count < 600 && Quoted.isPrintable(error))
  }

  /// Seconds and rates become counts of frames: what no integer holds stopped the program at the first sample.
  @Test(arguments: [
    (#""delay": 0.35"#, #""delay": 1e308"#, "delay: expected at most 1e6 seconds"),
    (#""delay": 0.35"#, #""delay": 9.2e18"#, "delay: expected at most 1e6 seconds"),
    (#""warmup": 1.5"#, #""warmup": 9.2e18"#, "warmup: expected at most 1e6 seconds"),
    (#""warmup": 1.5"#, #""max_state_age": 1e300, "warmup": 1.5"#, "max_state_age: expected at most 1e6 seconds"),
    (#""rate": 120.0"#, #""rate": 1e308"#, "rate: expected a rate from 1e-8 to 1e9 Hz"),
    (#""rate": 120.0"#, #""rate": 1e-300"#, "rate: expected a rate from 1e-8 to 1e9 Hz"),
    (#""trained_rate": 360.0"#, #""trained_rate": 1e12"#, "trained_rate: expected a rate from"),
    (#""name": "lead""#, #""name": "\u001b[2J""#, "inputs[0].name: '·[2J' is no name"),
    (#""unit": "mV""#, #""unit": "m\nV""#, "inputs[0].unit: 'm·V' is no name"),
    (#""none", "N""#, #""none", "N\r""#, "heads[0].labels[1]: 'N·' is no name"),
    (#""name": "conv""#, #""name": "\#(String(repeating: "c", count: 300))""#, "no name: at most 256 bytes"),
    (#""regime": "carried""#, #""regime": "\#(String(repeating: "c", count: 99_999))""#, "c…' is not supported"),
    (#""hop": 1"#, #""hop": "\u001b[31m""#, "the string '·[31m'"),
  ])
  func `a description that no stream can follow is refused by its key`(old: String, new: String, says: String) throws {
    let pieces = try Models.Pieces(Models.bytes("conv-lstm"))
    #expect(pieces.description.contains(old), "the edit '\(old)' finds its place")
    let error = error(try Models.edited("conv-lstm", text: { $0.replacingOccurrences(of: old, with: new) }))
    #expect(error.contains(says), "\(error.prefix(300))")
    #expect(error.unicodeScalars.count < 600 && Quoted.isPrintable(error))
  }
}
