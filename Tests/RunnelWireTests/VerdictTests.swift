import RunnelCore
import Testing

@testable import RunnelWire

@Suite struct VerdictTests {
  private static let kinds: [Verdict.Kind] = [
    .session(
      Verdict.Start(
        stream: "bed 7/\"x\"", endpoint: "tcp://127.0.0.1:5556", epoch: .max, cause: "joined-mid-stream",
        start: 1 << 60,
        level: .sequenced)),
    .session(
      Verdict.Start(
        stream: "a", endpoint: "", epoch: nil, cause: "first", start: 0, level: .unsequenced, isJoined: true)),
    .gap(720..<1080), .gap(5..<5), .unknownGap(at: 1440), .end(at: 21600), .stale(at: 9), .overflow(3),
  ]

  private func text(_ verdict: Verdict) -> String {
    var writer = JSONWriter()
    verdict.write(to: &writer)
    return writer.text
  }

  private func read(_ text: String) throws(DecodeError) -> Verdict {
    let outcome: Result<Verdict, DecodeError> = Array(text.utf8).withUnsafeBytes { bytes in
      do throws(DecodeError) { return .success(try Verdict(bytes)) } catch { return .failure(error) }
    }
    return try outcome.get()
  }

  @Test func `every verdict reads back as it was written`() throws {
    for kind in Self.kinds {
      let verdict = Verdict(kind, input: "beds", number: 3)
      #expect(try read(text(verdict)) == verdict)
    }
  }

  @Test func `a gap is written as people would read it`() {
    #expect(
      text(Verdict(.gap(720..<1080), input: "beds", number: 0))
        == #"{"v":1,"kind":"gap","input":"beds","number":0,"first":720,"end":1080}"#)
  }

  @Test(arguments: [
    "", "{", "[]", "{}", #"{"v":2,"kind":"gap","input":"a","number":0,"at":1}"#,
    #"{"v":1,"kind":"gap","input":"a","number":0}"#, #"{"v":1,"kind":"gap","input":"a","number":0,"first":5,"end":4}"#,
    #"{"v":1,"kind":"gap","input":"a","number":-1,"at":1}"#, #"{"v":1,"kind":"reset","input":"a","number":0,"at":1}"#,
    #"{"v":1,"kind":"end","input":"a","number":0,"at":-1}"#, #"{"v":1,"kind":"end","input":"a","number":0,"at":"1"}"#,
    #"{"v":1,"kind":"session","input":"a","number":0,"stream":"a","endpoint":"","cause":"first","level":"x","start":0}"#,
    #"{"v":1,"kind":"session","input":"a","number":0,"stream":"a","endpoint":"","cause":"first","level":"sequenced","start":0,"epoch":"x"}"#,
  ])
  func `what is no verdict is told of`(text: String) {
    #expect(throws: DecodeError.self) { try read(text) }
  }
}
