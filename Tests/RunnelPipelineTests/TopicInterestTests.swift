import Testing

@testable import RunnelPipeline

/// What is known of subscribers to conditioned samples.
@Suite struct TopicInterestTests {
  private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

  @Test func `a topic is covered while somebody subscribes to a beginning of it`() {
    var interest = TopicInterest()
    #expect(interest.isEmpty && !interest.covers(bytes("c/bed7/")))
    interest.begin(bytes("c/bed7/"))
    interest.begin(bytes("c/"))
    #expect(interest.covers(bytes("c/bed7/beats/I/")) && interest.covers(bytes("c/bed8/")))
    interest.end(bytes("c/"))
    #expect(interest.covers(bytes("c/bed7/")) && !interest.covers(bytes("c/bed8/")))
    interest.end(bytes("c/bed7/"))
    #expect(interest.isEmpty)
  }

  /// Whoever subscribed without end filled the memory, and every topic was compared with all of it.
  @Test func `more prefixes than are kept make every topic wanted, until they have gone`() {
    var interest = TopicInterest((0..<TopicInterest.most).map { bytes("x/\($0)/") })
    #expect(!interest.covers(bytes("c/bed7/")))
    for number in 0..<1000 { interest.begin(bytes("y/\(number)/")) }
    #expect(interest.covers(bytes("c/bed7/")))
    var both = TopicInterest([bytes("z/")])
    both.formUnion(interest)
    #expect(both.covers(bytes("c/bed7/")), "so it is of two outputs together")
    for number in 0..<TopicInterest.most { interest.end(bytes("x/\(number)/")) }
    #expect(interest.covers(bytes("y/999/")), "nobody is forgotten who is still there")
    for number in 0..<1000 { interest.end(bytes("y/\(number)/")) }
    #expect(interest.isEmpty && !interest.covers(bytes("y/999/")))
  }

  @Test func `who is not kept and subscribes twice is never taken for gone too early`() {
    var interest = TopicInterest((0..<TopicInterest.most).map { bytes("x/\($0)/") })
    interest.begin(bytes("c/bed7/"))
    interest.begin(bytes("c/bed7/"))
    interest.end(bytes("x/0/"))
    interest.begin(bytes("c/bed8/"))
    interest.end(bytes("c/bed8/"))
    #expect(interest.covers(bytes("c/bed7/")))
  }
}
