import RunnelCore
import RunnelTesting
import RunnelWire
import Testing

@Suite struct StreamDescriptionTests {
  private static func read(_ json: String) throws(DecodeError) -> StreamDescription {
    try Array(json.utf8).withUnsafeBufferPointer { (raw: UnsafeBufferPointer<UInt8>) throws(DecodeError) in
      try StreamDescription(UnsafeRawBufferPointer(raw), part: 1)
    }
  }

  @Test(arguments: [
    (#"{"stream":"a"}"#, RejectReason.malformed, 0), (#"{"v":2,"stream":"a"}"#, .version, 5),
    (#"{"v":1}"#, .malformed, 0), (#"{"v":1,"stream":""}"#, .malformed, 16), (#"{"v":1,"stream":7}"#, .malformed, 16),
    (#"{"v":1,"stream":"a","stream":"a"}"#, .malformed, 21),
    (#"{"v":1,"stream":"a","x":{"y":1,"y":2}}"#, .malformed, 32),
    (#"{"v":1,"stream":"a\u0007"}"#, .malformed, 16), (#"{"v":1,"stream":"a","rate":-1}"#, .malformed, 27),
    (#"{"v":1,"stream":"a","dtype":"int16"}"#, .dtype, 28), (#"{"v":1,"stream":"a","channels":{}}"#, .malformed, 31),
    (#"{"v":1,"stream":"a","channels":["MLII"]}"#, .malformed, 32),
    (#"{"v":1,"stream":"a","channels":[{"unit":"mV"}]}"#, .malformed, 32),
    (#"{"v":1,"stream":"a","channels":[{"name":"x"},{"name":"x"}]}"#, .malformed, 45),
    (#"{"v":1,"stream":"a","channels":[{"name":"x","scale":1,"gain":1}]}"#, .malformed, 32),
    (#"{"v":1,"stream":"a","channels":[{"name":"x","offset":1,"gain":1}]}"#, .malformed, 32),
    (#"{"v":1,"stream":"a","channels":[{"name":"x","baseline":1}]}"#, .malformed, 32),
    (#"{"v":1,"stream":"a","channels":[{"name":"x","gain":0}]}"#, .malformed, 51),
    (#"{"v":1,"stream":"a","channels":[{"name":"x","scale":0.0}]}"#, .malformed, 52),
    (#"{"v":1,"stream":"a","channels":[{"name":"x","missing":"-1"}]}"#, .malformed, 54),
    (#"{"v":1,"stream":"a","channels":[{"name":"x","scale":1e999}]}"#, .malformed, 52),
    (#"{"v":1,"stream":"a","synthetic":1}"#, .malformed, 32), (#"{"v":1,"stream":"a","epoch":-1}"#, .malformed, 28),
    (#"{"v":1,"stream":"a"} {}"#, .malformed, 21),
  ])
  func `a broken description is refused with its place`(json: String, reason: RejectReason, offset: Int) {
    do throws(DecodeError) {
      _ = try Self.read(json)
      Issue.record("\(json) was accepted")
    } catch {
      #expect(error.reason == reason, "\(json): \(error)")
      #expect(error.byteOffset == offset, "\(json): \(error)")
    }
  }

  @Test func `an epoch may be a number or a decimal string, up to the largest u64`() throws {
    #expect(try Self.read(#"{"v":1,"stream":"a","epoch":18446744073709551615}"#).epoch == .max)
    #expect(try Self.read(#"{"v":1,"stream":"a","epoch":"18446744073709551615"}"#).epoch == .max)
  }

  @Test func `what is null or unknown is as if it were absent`() throws {
    let read = try Self.read(#"{"v":1,"stream":"a","rate":null,"channels":null,"subject":null,"later":[{}]}"#)
    #expect(read == StreamDescription(stream: "a"))
  }

  @Test func `the raw value that stands for a missing sample is written and read`() throws {
    let channels = [
      Channel(name: "MLII", unit: "mV", scaling: .gain(200, baseline: 1024), missing: -32768), Channel(name: "V5"),
    ]
    var writer = JSONWriter()
    StreamDescription(stream: "a", channels: channels).write(to: &writer)
    let json = writer.withBytes { String(decoding: $0, as: UTF8.self) }
    #expect(json.contains(#""baseline":1024.0,"missing":-32768.0}"#))
    #expect(try Self.read(json).channels == channels)
  }

  @Test func `a description of another stream than its topic is refused`() throws {
    let message = OwnedMessage([Array("m/b/".utf8), Array(#"{"v":1,"stream":"a"}"#.utf8)])
    #expect(try #require(message.refusal(RunnelDecoder().decode)).reason == .malformed)
  }

  @Test func `a description that names no epoch is refused, for it could be that of another run`() throws {
    for json in [#"{"v":1,"stream":"a"}"#, #"{"v":1,"stream":"a","epoch":null}"#] {
      let error = try #require(OwnedMessage([Array("m/a/".utf8), Array(json.utf8)]).refusal(RunnelDecoder().decode))
      #expect(error.reason == .malformed && error.expected.contains("epoch"))
    }
  }

  @Test func `more channels than the limit are refused`() throws {
    var limits = WireLimits()
    limits.channels = 1
    let message = OwnedMessage([
      Array("m/a/".utf8), Array(#"{"v":1,"stream":"a","channels":[{"name":"x"},{"name":"y"}]}"#.utf8),
    ])
    #expect(try #require(message.refusal(RunnelDecoder(limits: limits).decode)).reason == .limit)
  }
}
