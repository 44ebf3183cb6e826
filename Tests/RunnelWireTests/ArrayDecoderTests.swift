import RunnelCore
import RunnelTesting
import RunnelWire
import Testing

@Suite struct ArrayDecoderTests {
  @Test(arguments: GoldenMessage.all("arrays.txt")) func `a vector decodes to what it says`(golden: GoldenMessage)
    throws
  {
    let says = golden.says
    let layout = try #require(says["layout"]?.string.flatMap { ArrayLayout(rawValue: $0) })
    try golden.message.lend { parts in
      guard case .samples(let message) = try ArrayDecoder(layout: layout).decode(parts) else {
        Issue.record("not samples")
        return
      }
      #expect(String(decoding: message.topic, as: UTF8.self) == says["topic"]?.string)
      #expect(message.chunk.rows == says["rows"]?.integer.map { Int($0) })
      #expect(message.chunk.channels == says["channels"]?.integer.map { Int($0) })
      #expect(samples(message.chunk) == says["samples"]?.array?.compactMap(\.number))
      #expect(message.sequence == says["seq"]?.integer.map { UInt64($0) })
      #expect(message.first == says["first"]?.integer)
      #expect(message.timestamp == says["t_ns"]?.string.flatMap { Int64($0) })
      #expect(message.rate == says["rate"]?.number)
      #expect(message.epoch == says["epoch"]?.decimal)
      #expect(!message.discontinuity)
    }
  }

  @Test(arguments: [
    (#"{"dtype":"uint64","shape":[1]}"#, RejectReason.dtype, 10), (#"{"dtype":"float16","shape":[1]}"#, .dtype, 10),
    (#"{"dtype":"bool","shape":[1]}"#, .dtype, 10), (#"{"dtype":"c8","shape":[1]}"#, .dtype, 10),
    (#"{"dtype":"b1","shape":[1]}"#, .dtype, 10), (#"{"dtype":"f","shape":[1]}"#, .dtype, 10),
    (#"{"dtype":"<>f4","shape":[1]}"#, .dtype, 10), (#"{"dtype":"","shape":[1]}"#, .dtype, 10),
    (#"{"dtype":"f4 ","shape":[1]}"#, .dtype, 10), (#"{"dtype":"[('a','<f4')]","shape":[1]}"#, .dtype, 10),
    (#"{"dtype":3,"shape":[1]}"#, .malformed, 9), (#"{"shape":[1]}"#, .dtype, 0),
    (#"{"dtype":"f4"}"#, .malformed, 0), (#"{"dtype":"f4","shape":[]}"#, .malformed, 22),
    (#"{"dtype":"f4","shape":[1,1,1]}"#, .malformed, 22), (#"{"dtype":"f4","shape":1}"#, .malformed, 22),
    (#"{"dtype":"f4","shape":[1.0]}"#, .malformed, 23), (#"{"dtype":"f4","shape":[-1]}"#, .malformed, 23),
    (#"{"dtype":"f4","shape":[1, 0]}"#, .malformed, 22), (#"{"dtype":"f4","shape":[99999999]}"#, .limit, 22),
    (#"{"dtype":"f4","shape":[1,5000]}"#, .limit, 22),
    (#"{"dtype":"f4","shape":[4611686018427387904,4611686018427387904]}"#, .malformed, 23),
    (#"{"dtype":"f4","shape":[4611686018427387903]}"#, .limit, 22), (#"{"dtype":"f4","shape":[2]}"#, .truncated, 4),
    (#"{"dtype":"f8","shape":[1]}"#, .truncated, 4), (#"{"dtype":"f4","shape":[0]}"#, .truncated, 4),
    (#"{"dtype":"f4","dtype":"f4","shape":[1]}"#, .malformed, 15),
    (#"{"dtype":"f4","shape":[1],"seq":-1}"#, .malformed, 32),
    (#"{"dtype":"f4","shape":[1],"seq":1.5}"#, .malformed, 32),
    (#"{"dtype":"f4","shape":[1],"first":4611686018427387903}"#, .malformed, 22),
    (#"{"dtype":"f4","shape":[1],"first":4611686018427387904}"#, .malformed, 34),
    (#"{"dtype":"f4","shape":[1],"rate":-1}"#, .malformed, 33),
    (#"{"dtype":"f4","shape":[1],"rate":1e999}"#, .malformed, 33),
    (#"{"dtype":"f4","shape":[1],"rate":"360"}"#, .malformed, 33),
    (#"{"dtype":"f4","shape":[1],"t_ns":"9223372036854775807"}"#, .malformed, 33),
    (#"{"dtype":"f4","shape":[1],"t_ns":"-"}"#, .malformed, 33),
    (#"{"dtype":"f4","shape":[1],"epoch":"18446744073709551616"}"#, .malformed, 34),
    (#"{"htype":"array-1.0","type":"float32","shape":[1],"encoding":"bslz4"}"#, .malformed, 61),
    (#"{"dtype":"f4","shape":[1]} x"#, .malformed, 27), (#"{"dtype":"f4","shape":[1]"#, .malformed, 25),
    (#"["f4",[1]]"#, .malformed, 0), ("float32", .malformed, 0), ("", .malformed, 0),
  ])
  func `a broken descriptor is refused with its place`(json: String, reason: RejectReason, offset: Int) throws {
    let message = OwnedMessage([Array(json.utf8), [0, 0, 0, 0]])
    let error = try #require(message.refusal(ArrayDecoder().decode), "\(json) was accepted")
    #expect(error.reason == reason, "\(json): \(error)")
    #expect(error.byteOffset == offset, "\(json): \(error)")
  }

  @Test(arguments: ["complex64", "float16", "uint64", "bool", "O"])
  func `an unsupported dtype is told what is supported`(dtype: String) throws {
    let message = OwnedMessage([Array(#"{"dtype":"\#(dtype)","shape":[1]}"#.utf8), [0, 0, 0, 0]])
    let error = try #require(message.refusal(ArrayDecoder().decode))
    #expect(error.expected.contains("float32") && error.expected.contains("astype"))
    #expect(error.found.hasPrefix(dtype))
  }

  @Test(
    arguments: [
      [[0x80, 4, 0x95]], [[0x80, 2, 0x95], [1, 2]], [Array("ecg".utf8), [0x80, 5, 0x95]],
      [Array("ecg".utf8), [0x80, 3, 0x95], [1]],
    ] as [[[UInt8]]])
  func `a pickle is refused in a sentence of its own`(parts: [[UInt8]]) throws {
    let error = try #require(OwnedMessage(parts).refusal(ArrayDecoder().decode))
    #expect(error.found.contains("pickle"))
  }

  @Test func `data that begin like a pickle are data`() {
    let message = OwnedMessage([Array(#" {"dtype":"i2","shape":[2]}"#.utf8), [0x80, 2, 0x80, 4]])
    #expect(message.refusal(ArrayDecoder().decode) == nil)
  }

  @Test(arguments: [0, 1, 4]) func `one, four or no parts are refused`(count: Int) throws {
    let message = OwnedMessage(Array(repeating: Array("{}".utf8), count: count))
    #expect(try #require(message.refusal(ArrayDecoder().decode)).reason == .parts)
  }

  @Test func `another count of channels than configured is refused with both`() throws {
    let message = OwnedMessage([Array(#"{"dtype":"i1","shape":[2,3]}"#.utf8), [0, 0, 0, 0, 0, 0]])
    let error = try #require(message.refusal(ArrayDecoder(expectedChannels: 2).decode))
    #expect(error.expected.contains("2 channels"))
    #expect(error.found.hasPrefix("3"))
    #expect(message.refusal(ArrayDecoder(expectedChannels: 3).decode) == nil)
    #expect(message.refusal(ArrayDecoder(layout: .channelMajor, expectedChannels: 2).decode) == nil)
  }

  @Test func `a descriptor above 64 KiB is not read`() throws {
    let long = #"{"dtype":"i1","shape":[1],"note":""# + String(repeating: "x", count: 65536) + "\"}"
    let error = try #require(OwnedMessage([Array(long.utf8), [0]]).refusal(ArrayDecoder().decode))
    #expect(error.reason == .limit)
  }

  @Test func `a descriptor deeper than 16 levels is refused`() throws {
    let deep =
      #"{"dtype":"i1","shape":[1],"note":"# + String(repeating: "[", count: 16) + String(repeating: "]", count: 16)
      + "}"
    let error = try #require(OwnedMessage([Array(deep.utf8), [0]]).refusal(ArrayDecoder().decode))
    #expect(error.reason == .malformed)
  }
}
