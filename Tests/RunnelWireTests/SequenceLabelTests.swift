import RunnelCore
import RunnelTesting
import RunnelWire
import Testing

@Suite struct SequenceLabelTests {
  static let line = #"""
    {"v":1,"kind":"label","stream":"bed7","channel":"MLII","pipeline":"p","seq":4,"at":12,"first":1,"last":12,"decided":14,"label":"V","id":2,"p":0.8,"labels":["unknown","N","V"],"ids":[null,1,2],"ps":[0.4,0.9,0.8],"scores":[[0.4,0.3,0.3],[0.05,0.9,0.05],[0.1,0.1,0.8]],"step":3,"level":"sequenced","quality":"ok","missing":0}
    """#

  @Test func `a sequence is written with a list of each kind and the last step beside them`() throws {
    let label = LabelMessage(
      kind: .label, stream: "bed7", channel: "MLII", pipeline: "p", sequence: 4, at: 12, first: 1, last: 12,
      decided: 14,
      label: "V", id: 2, p: 0.8,
      steps: LabelSequence(
        labels: ["unknown", "N", "V"], ids: [nil, 1, 2], ps: [0.4, 0.9, 0.8],
        scores: [0.4, 0.3, 0.3, 0.05, 0.9, 0.05, 0.1, 0.1, 0.8], step: 3),
      level: .sequenced, quality: .ok, missing: 0)
    var encoder = LabelEncoder(canonical: true)
    #expect(encoder.text(label) == Self.line)
    #expect(try LabelDecoder().decode(Self.line) == label)
  }

  @Test func `an empty sequence is one still`() throws {
    let label = LabelMessage(
      kind: .label, stream: "s", channel: "c", pipeline: "p", sequence: 0, at: 1, first: 0, last: 1, decided: 1,
      steps: LabelSequence(), level: .sequenced, quality: .ok, missing: 0)
    var encoder = LabelEncoder(canonical: true)
    let text = encoder.text(label)
    #expect(text.contains(#""decided":1,"labels":[],"ids":[],"ps":[],"level""#))
    #expect(try LabelDecoder().decode(text) == label)
  }

  @Test func `without its scores a sequence keeps labels, classes and their own scores`() throws {
    var label = try LabelDecoder().decode(Self.line)
    label.removeScores()
    var encoder = LabelEncoder(canonical: true)
    let text = encoder.text(label)
    #expect(!text.contains("scores") && text.contains(#""ps":[0.4,0.9,0.8],"step":3"#))
  }

  @Test(arguments: [
    (#""ids":[null,1,2]"#, #""ids":[null,1]"#), (#""ps":[0.4,0.9,0.8],"#, ""), (#""labels":["unknown","N","V"],"#, ""),
    (#""labels":["unknown""#, #""labels":[null"#), (#"[0.4,0.3,0.3],"#, "0.4,"), (#"[0.4,0.3,0.3],"#, ""),
    (#"[0.4,0.3,0.3]"#, "[0.4,0.3]"), (#""step":3"#, #""step":0"#), (#""step":3"#, #""step":"3""#),
  ])
  func `a sequence whose lists do not fit each other is refused`(part: String, broken: String) throws {
    let pieces = Self.line.split(separator: part, maxSplits: 1).map { String($0) }
    try #require(pieces.count == 2)
    #expect(throws: DecodeError.self) { try LabelDecoder().decode(pieces[0] + broken + pieces[1]) }
  }

  @Test(.enabled(if: allocationsAreCounted)) func `encoding a sequence allocates nothing`() throws {
    let label = try LabelDecoder().decode(Self.line)
    var encoder = LabelEncoder()
    var bytes = 0
    for _ in 0..<10 { encoder.encode(label) { bytes += $0.count } }
    #expect(allocations { for _ in 0..<1000 { encoder.encode(label) { bytes += $0.count } } } == 0)
  }
}
