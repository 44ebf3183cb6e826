import RunnelCore
import RunnelImport
import RunnelInference
import Testing

/// What an ONNX graph betrays of regime, window and heads, and what must be asked.
@Suite struct RegimeTests {
  private func fixture(_ name: String) throws -> Fixture { try #require(Fixture.onnx.first { $0.name == name }) }

  private func spec(_ text: String) throws -> ModelSpec { try ModelSpec(try JSONValue(parsing: text)) }

  @Test func `everything that is missing is asked for at once`() throws {
    let fixture = try fixture("gru-every-script")
    let empty = ModelSpec()
    let error = #expect(throws: ImportError.self) { try fixture.imported(empty) }
    for word in ["rate", "labels: 4 names", "regime"] { #expect(error?.problem.contains(word) == true) }
  }

  @Test func `a graph that takes the last step is windowed, with the window of the file`() throws {
    let model = try fixture("lstm-last-script").imported(try spec(#"{"rate": 100, "labels": ["a", "b", "c", "d"]}"#))
    #expect(model.description["regime"]?.string == "windowed" && model.description["pattern"]?.string == "many-to-one")
    #expect(model.description["window"]?["length"]?.integer == 24 && model.description["window"]?["target"] == nil)
    #expect(model.notes.contains { $0.contains("say regime carried") })
  }

  @Test func `a graph that takes the last step is carried where the person says so`() throws {
    let text = #"{"rate": 100, "regime": "carried", "labels": ["a", "b", "c", "d"]}"#
    let model = try fixture("lstm-last-script").imported(try spec(text))
    #expect(model.description["regime"]?.string == "carried" && model.description["pattern"]?.string == "many-to-many")
    #expect(model.description["window"] == nil)
  }

  @Test func `a step in the middle becomes the target, counted in a window of the asked length`() throws {
    let text = #"{"rate": 100, "labels": ["a", "b", "c", "d"], "window": {"length": 30}}"#
    let model = try fixture("lstm-step-dynamic").imported(try spec(text))
    #expect(model.description["window"]?["target"]?.integer == 25)
  }

  @Test func `a step in the middle cannot be carried`() throws {
    let fixture = try fixture("lstm-step-script")
    let spec = try spec(#"{"rate": 100, "regime": "carried", "labels": ["a", "b", "c", "d"]}"#)
    let error = #expect(throws: ImportError.self) { try fixture.imported(spec) }
    #expect(error?.path == "regime")
  }

  @Test func `a window of no length is asked for its length`() throws {
    let fixture = try fixture("lstm-last-dynamic")
    let spec = try spec(#"{"rate": 100, "labels": ["a", "b", "c", "d"]}"#)
    let error = #expect(throws: ImportError.self) { try fixture.imported(spec) }
    #expect(error?.problem.contains("--window") == true)
  }

  @Test func `states as inputs mean carried`() throws {
    let model = try fixture("lstm-states-dynamo").imported(try spec(#"{"rate": 100, "labels": ["a", "b", "c", "d"]}"#))
    #expect(model.description["regime"]?.string == "carried")
    #expect(model.description["layers"]?.array?.contains { $0["initial_state"] != nil } == false)
  }

  @Test func `padding on the right is added to the delay`() throws {
    let text = #"{"rate": 100, "regime": "carried", "delay": 0.5, "labels": ["a", "b", "c", "d"]}"#
    let model = try fixture("conv-lstm-script").imported(try spec(text))
    #expect(model.description["delay"]?.number == 0.52)
  }

  @Test func `a softmax at the end belongs to the head, and labels are its names`() throws {
    let model = try fixture("keras-lstm").imported()
    #expect(model.kinds == ["lstm", "linear"])
    #expect(model.description["heads"]?.array?[0]["activation"]?.string == "softmax")
  }

  @Test func `two outputs are two heads with their own activations`() throws {
    let model = try fixture("gru-heads-script").imported()
    let heads = try #require(model.description["heads"]?.array)
    #expect(heads.map { $0["activation"]?.string } == ["softmax", "sigmoid"])
    #expect(heads.map { $0["name"]?.string } == ["arm", "grip"])
    #expect(model.kinds.last == "concat")
  }

  @Test func `too few labels are an error that counts`() throws {
    let fixture = try fixture("keras-lstm")
    let spec = try spec(#"{"rate": 100, "labels": ["a", "b"]}"#)
    let error = #expect(throws: ImportError.self) { try fixture.imported(spec) }
    #expect(error?.path == "labels" && error?.problem == "2 labels for the 4 outputs of the network")
  }

  @Test func `layers of a spec contradict a graph`() throws {
    let fixture = try fixture("keras-lstm")
    let spec = try spec(#"{"layers": []}"#)
    let error = #expect(throws: ImportError.self) { try fixture.imported(spec) }
    #expect(error?.path == "layers")
  }

  @Test func `an ignored tensor is accounted for, and a name that is none is an error`() throws {
    let fixture = try fixture("refuse-unused")
    var spec = try fixture.spec()
    spec["ignore"] = .array([.string("forgotten")])
    let model = try fixture.imported(spec)
    #expect(model.ledger.entries.first { $0.name == "forgotten" }?.unneeded == "ignored as told")
    spec["ignore"] = .array([.string("forgotten"), .string("nobody")])
    #expect(throws: ImportError.self) { try fixture.imported(spec) }
  }
}
