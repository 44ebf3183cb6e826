import RunnelCore
import RunnelWire
import Testing

@Suite struct TopicTests {
  @Test func `names are escaped on the way out and resolved on the way in`() throws {
    let topic = try Topic.labels(stream: "ward 3/bed 7", pipeline: "50%", channel: "Ä2F")
    #expect(topic.description == "l/ward%203%2Fbed%207/50%25/Ä2F/")
    let read = try topic.bytes.withUnsafeBytes { try Topic($0) }
    #expect(read == topic)
    #expect(read.names == ["ward 3/bed 7", "50%", "Ä2F"])
  }

  @Test func `any name without control characters comes back`() throws {
    var random = SeededGenerator(seed: 3)
    let alphabet = Array("ab/% 2F05*é😀")
    for _ in 0..<500 {
      let name = String((0...random.below(8)).map { _ in alphabet[random.below(alphabet.count)] })
      let topic = try Topic.samples(name)
      #expect(try topic.bytes.withUnsafeBytes { try Topic($0) }.stream == name)
    }
  }

  @Test func `conditioned samples are a stream of their own, whose description has their names`() throws {
    let topic = try Topic.conditioned(stream: "ward 3/bed 7", pipeline: "beats", channel: "MLII")
    #expect(topic.stream == "ward 3/bed 7/beats/MLII")
    let description = try Topic(.description, topic.names)
    #expect(description.stream == topic.stream && description.bytes.dropFirst() == topic.bytes.dropFirst())
    #expect(try TopicPattern("c/*/beats/MLII/", kind: .conditioned).with(.description).description == "m/*/beats/MLII/")
  }

  @Test(arguments: [
    ("m/a/b/", 6), ("", 0), ("x/bed7/", 0), ("s", 0), ("sbed7/", 0), ("s/", 2), ("s//", 2), ("s/bed7", 6),
    ("s/a/b/", 6),
    ("l/a/b/", 6), ("l/a//c/", 4), ("s/bed%2/", 5), ("s/bed%2f/", 5), ("s/bed%41/", 5), ("s/%", 2), ("s/%2", 2),
    ("s/bed 7/", 5), ("s/bed\n/", 5), ("s/\u{85}/", 2), ("s/bed7/x", 8),
  ])
  func `a malformed topic names the byte`(text: String, offset: Int) {
    do throws(TopicError) {
      _ = try Array(text.utf8).withUnsafeBufferPointer { (raw: UnsafeBufferPointer<UInt8>) throws(TopicError) in
        try Topic(UnsafeRawBufferPointer(raw))
      }
      Issue.record("'\(text)' was accepted")
    } catch { #expect(error.byteOffset == offset, "'\(text)': \(error)") }
  }

  @Test func `an empty name has no topic`() {
    #expect(throws: TopicError.self) { try Topic.samples("") }
    #expect(throws: TopicError.self) { try Topic.labels(stream: "a", pipeline: "", channel: "c") }
  }

  @Test(arguments: [
    ("s/bed7/", "s/bed7/", true), ("s/bed7/", "s/bed70/", false), ("s/bed7/", "s/bed7/x", false),
    ("s/bed7/", "s/bed7", false), ("s/*/", "s/bed7/", true), ("s/*/", "s//", false), ("s/*/", "s/a/b/", false),
    ("s/*/", "s/a", false), ("s/*/", "m/a/", false), ("l/*/beats/*/", "l/bed7/beats/MLII/", true),
    ("l/*/beats/*/", "l/bed7/beat/MLII/", false), ("*", "anything", true), ("*", "any/thing", false), ("*", "", false),
    ("ecg", "ecg", true), ("ecg", "ecg/1", false), ("*/x", "ab/x", true),
  ])
  func `a pattern matches whole topics, a star one segment`(pattern: String, topic: String, expected: Bool) throws {
    let pattern = try TopicPattern(pattern)
    #expect(Array(topic.utf8).withUnsafeBytes { pattern.matches($0) } == expected)
  }

  @Test func `what to subscribe to is everything before the star`() throws {
    #expect(try TopicPattern("s/*/").prefix == Array("s/".utf8))
    #expect(try TopicPattern("s/bed7/").prefix == Array("s/bed7/".utf8))
    #expect(try TopicPattern("s/*/").with(.description).description == "m/*/")
  }

  @Test(arguments: ["", "s/bed*/", "s/**/", "*x"]) func `a star inside a name is refused`(pattern: String) {
    #expect(throws: TopicError.self) { try TopicPattern(pattern) }
  }

  @Test func `a pattern of samples is a topic of samples`() throws {
    #expect(throws: Never.self) { try TopicPattern("s/*/", kind: .samples) }
    #expect(throws: TopicError.self) { try TopicPattern("m/*/", kind: .samples) }
    #expect(throws: TopicError.self) { try TopicPattern("s/bed7", kind: .samples) }
    #expect(throws: TopicError.self) { try TopicPattern("s/*/*/", kind: .samples) }
  }
}
