import RunnelCore
import Testing

@testable import RunnelWire

/// What goes with a label: the third part on the wire, and the samples in a line of a file.
@Suite struct AttachmentTests {
  private static func label(_ attachment: LabelAttachment?) -> LabelMessage {
    var label = LabelMessage(
      kind: .event(.point, number: 3), stream: "bed7", channel: "MLII", pipeline: "beats", epoch: 17, sequence: 42,
      at: 98765, first: 98700, last: 98780, decided: 98800, label: "V", id: 2, p: 0.75, scores: [0.25, 0.75],
      level: .sequenced, quality: .ok, missing: 0)
    label.attachment = attachment
    return label
  }

  private static let frames = LabelAttachment(
    first: 32921, rate: 120, columns: 2, rows: 3, values: [1, -2, 0.1, 1e-7, 65536.5, 1 / 3], isCut: true,
    timestamp: 1_763_923_532_123_456_789)

  /// The message as parts, changed by the test.
  private func decode(_ label: LabelMessage, _ change: (inout [UInt8]) -> Void = { _ in }) throws -> LabelMessage {
    let topic = try Topic.labels(stream: "bed7", pipeline: "beats", channel: "MLII").bytes
    var json = LabelEncoder()
    var encoder = AttachmentEncoder()
    let body = Array(json.text(label).utf8)
    var third = try #require(encoder.encode(label) { Array($0) })
    change(&third)
    return try topic.withUnsafeBytes { topic in
      try body.withUnsafeBytes { body in
        try third.withUnsafeBytes { third in
          try MessageParts.with(topic, body, third) { try LabelDecoder().decode($0) }
        }
      }
    }
  }

  @Test func `frames go along as a header of 64 bytes and f32, and come back to the bit`() throws {
    let label = Self.label(Self.frames)
    #expect(try decode(label) == label)
    var encoder = AttachmentEncoder()
    let part = try #require(encoder.encode(label) { Array($0) })
    #expect(part.count == 64 + 24 && Array(part[..<12]) == [0x52, 0x4E, 0x4C, 0x31, 1, 1, 8, 0, 64, 0, 1, 0])
    #expect(encoder.encode(Self.label(nil)) { _ in true } == nil)
  }

  @Test func `the JSON names what is attached, and in a line of a file holds it`() throws {
    let label = Self.label(Self.frames)
    var (wire, file) = (LabelEncoder(canonical: true), LabelEncoder(canonical: true, inlinesSamples: true))
    let named = #""attached":{"first":32921,"rate":120.0,"columns":2,"rows":3,"cut":true"#
    #expect(wire.text(label).hasSuffix(named + "}}"))
    #expect(file.text(label).hasSuffix(named + #","samples":[1.0,-2.0,0.1,1e-07,65536.5,0.33333334]}}"#))
    let read = try LabelDecoder().decode(file.text(label))
    #expect(read.attachment?.values == Self.frames.values && file.text(read) == file.text(label))
    let bare = try LabelDecoder().decode(wire.text(label))
    #expect(bare.attachment?.rows == 3 && bare.attachment?.values == [] && wire.text(bare) == wire.text(label))
  }

  @Test func `a label with nothing to attach says so and has two parts`() throws {
    let nothing = LabelAttachment(first: 5, rate: 120, columns: 1, rows: 0, values: [], isCut: true)
    var json = LabelEncoder()
    var encoder = AttachmentEncoder()
    #expect(encoder.encode(Self.label(nothing)) { _ in true } == nil)
    #expect(try LabelDecoder().decode(json.text(Self.label(nothing))) == Self.label(nothing))
  }

  @Test func `a third part that is not what the label names is rejected with its place`() throws {
    for (change, reason) in [
      ({ $0.removeLast() }, RejectReason.truncated), ({ $0.append(0) }, .truncated), ({ $0[0] = 0 }, .version),
      ({ $0[6] = 3 }, .malformed), ({ $0[5] = 3 }, .malformed), ({ $0[32] ^= 1 }, .malformed),
      ({ $0[56] = 1 }, .malformed), ({ $0[60] = 9 }, .malformed), ({ $0.removeAll() }, .truncated),
      ({ $0.removeLast(60) }, .truncated),
    ] as [((inout [UInt8]) -> Void, RejectReason)] {
      let error = #expect(throws: DecodeError.self) { try decode(Self.label(Self.frames), change) }
      #expect(error?.part == 2 && error?.reason == reason, "\(error.map { "\($0)" } ?? "")")
    }
  }

  @Test(arguments: [
    #"{"first":1,"rate":120,"columns":1}"#, #"{"first":-1,"rate":120,"columns":1,"rows":1}"#,
    #"{"first":1,"rate":0,"columns":1,"rows":1}"#, #"{"first":1,"rate":120,"columns":0,"rows":1}"#,
    #"{"first":1,"rate":120,"columns":9999,"rows":1}"#, #"{"first":1,"rate":120,"columns":1,"rows":99999999999}"#,
    #"{"first":1,"rate":120,"columns":1,"rows":2,"samples":[1]}"#, #"[1]"#, #""x""#,
  ])
  func `a head that cannot be is rejected`(head: String) throws {
    var encoder = LabelEncoder()
    let text = encoder.text(Self.label(nil)).dropLast() + #","attached":\#(head)}"#
    #expect(throws: DecodeError.self) { try LabelDecoder().decode(String(text)) }
  }
}
