import RunnelCore
import Testing

/// `runnel model bench` as a script calls it.
@Suite struct ModelBenchTests {
  private func json(_ arguments: String...) throws -> JSONValue {
    let program = try Program(Program.runnel, ["model", "bench"] + arguments + ["--quick", "--json"])
    let code = try program.ended()
    #expect(code == 0, "\(program.messages)")
    return try JSONValue(parsing: program.output)
  }

  @Test func `cells by their sizes give figures for each row count`() throws {
    let report = try json("--cell", "gru", "--hidden", "16", "--inputs", "2", "--rows", "1,3", "--kernels", "scalar")
    #expect(report["results"]?.array?.compactMap { $0["rows"]?.integer } == [1, 3])
    #expect(report["results"]?.array?.allSatisfy { ($0["us_per_step_row"]?.number ?? 0) > 0 } == true)
    #expect(report["kernels"]?.string == "scalar")
  }

  @Test func `weights are stored as it is asked, of cells and of a model`() throws {
    let cells = try json("--cell", "lstm", "--hidden", "16", "--inputs", "2", "--rows", "1", "--precision", "int8")
    #expect(cells["precision"]?.string == "int8" && cells["weight_bytes"]?.integer == 4 * 16 * 18)
    let model = try json(Place.model, "--rows", "1", "--precision", "bf16")
    #expect(model["precision"]?.string == "bf16")
    let wide = try json(Place.model, "--rows", "1")
    #expect((model["weight_bytes"]?.integer ?? .max) < (wide["weight_bytes"]?.integer ?? 0))
  }

  @Test func `a model gives the channels that a core carries`() throws {
    let report = try json(Place.model, "--rows", "2")
    #expect(report["results"]?.array?.first?["channels_per_core"]?.number.map { $0 > 0 } == true)
    #expect(report["rate"]?.number == 120)
  }

  @Test func `without a model or sizes it says what to give, with code 64`() throws {
    let program = try Program(Program.runnel, ["model", "bench"])
    #expect(try program.ended() == 64)
    #expect(program.messages.contains("give a model file, or --cell, --hidden and --inputs"))
  }
}
