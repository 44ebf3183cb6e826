import RunnelCore
import Testing

/// `runnel bench` as a script calls it.
@Suite struct BenchTests {
  private func run(_ arguments: String...) throws -> (code: Int32, output: String, messages: String) {
    let program = try Program(Program.runnel, ["bench"] + arguments)
    return (try program.ended(), program.output, program.messages)
  }

  @Test func `a load that is carried gives one JSON object and code 0`() throws {
    let (code, output, messages) = try run(
      "--hidden", "8", "--channels", "4", "--streams", "2", "--rows-per-message", "10", "--load", "real", "--rate",
      "500", "--seconds", "0.2", "--json")
    #expect(code == 0, "\(messages)")
    let report = try JSONValue(parsing: output)
    #expect(report["lanes"]?.integer == 4 && report["streams"]?.integer == 2 && report["rate"]?.number == 500)
    let rows = try #require(report["rows"])
    // A message of each stream opens its lanes, ten follow.
    #expect(rows["received"]?.integer == 2 * 11 * 10 && rows["used"] == rows["received"])
    #expect(rows["dropped"]?.integer == 0 && rows["held"]?.integer == 0 && rows["lost"]?.integer == 0)
    #expect(report["phases"]?.array?.map { $0["load"]?.string } == ["real"])
  }

  @Test(arguments: [
    (["--channels", "0"], "--channels"), (["--channels", "3", "--streams", "2"], "cannot be shared evenly"),
    (["--channels", "1", "--shards", "65"], "--shards is 1 to 64"),
    (["--channels", "1", "--cell", "elman"], "it is rnn, gru or lstm"),
    (["--channels", "1", "--seconds", "0"], "--seconds"),
  ])
  func `numbers that no bench can have are 64, and named`(arguments: [String], words: String) throws {
    let program = try Program(Program.runnel, ["bench"] + arguments)
    #expect(try program.ended() == 64)
    #expect(program.messages.contains(words), "\(program.messages)")
  }

  @Test func `a configuration that is not there is 66`() throws {
    let (code, _, messages) = try run("-c", "/nowhere/runnel.yaml", "--channels", "1")
    #expect(code == 66 && messages.contains("/nowhere/runnel.yaml"), "\(messages)")
  }
}
