import RunnelCore
import RunnelInference
import Testing

@testable import RunnelService

/// What `model show` tells of models of other kinds.
@Suite struct ModelDrawingTests {
  private func drawing(_ name: String) throws -> ModelDrawing {
    ModelDrawing(try ModelLoader.read(OfflineRig.root + "/Tests/Golden/models/\(name).safetensors"))
  }

  @Test func `parameters of RNN, LSTM and GRU of one size are as 1 to 4 to 3`() throws {
    func parameters(_ name: String) throws -> Int {
      var writer = JSONWriter()
      try drawing(name).json(into: &writer)
      let layer = try JSONValue(parsing: writer.text)["layers"]?.array?.first
      let (inputs, units) = (Int(layer?["input"]?.integer ?? 0), Int(layer?["output"]?.integer ?? 0))
      let one = units * (inputs + units) + 2 * units
      let count = Int(layer?["parameters"]?.integer ?? 0)
      #expect(count % one == 0)
      return count / one
    }
    #expect(try [parameters("rnn-tanh"), parameters("lstm-plain"), parameters("gru-reset-after")] == [1, 4, 3])
  }

  @Test func `a branch says from where it comes`() throws {
    let text = try drawing("residual").text
    #expect(text.contains("from input, kernel 1") && text.contains("from a2 and down"))
  }

  @Test func `of windows it is told why they are evaluated at their end, or how many run side by side`() throws {
    #expect(
      try drawing("window-bilstm-final").text.contains(
        "windows of 24 frames (240ms) every 6, each evaluated at its end, because layer is bidirectional"))
    #expect(
      try drawing("window-lstm-normalised").text.contains("each window is normalised by its own mean and deviation"))
    #expect(try drawing("window-rnn-every").text.contains("the labels of all its steps come together"))
    #expect(try drawing("window-lstm-last").text.contains("side by side: 4 rows a step"))
    // Frames behind the target are not stepped: 13 every 6.
    #expect(try drawing("window-gru-target").text.contains("side by side: 3 rows a step"))
  }

  @Test func `work is that of a window with its decoder, and state that of all windows which are open`() throws {
    let sequence = try drawing("decoder-state-scores").text
    #expect(sequence.contains("12480 multiply-adds a window, 4800 of them in the 8 steps of the decoder\n"))
    let windows = try drawing("window-lstm-last").text
    #expect(windows.contains("work      12000 multiply-adds a window, 320 bytes of state a lane\n"))
    #expect(try drawing("window-bilstm-final").text.contains("   0 bytes"))
  }

  @Test func `a stride says how often a score comes`() throws {
    #expect(try drawing("two-rates").text.contains("a score every 4 frames (40ms)"))
  }

  @Test func `variants of a cell are named`() throws {
    let text = try drawing("lstm-all-variants").text
    for word in ["projected to", "peepholes", "clipped to ±"] { #expect(text.contains(word), "\(word)") }
    #expect(try drawing("gru-before-hard-sigmoid").text.contains("reset before, gates hard_sigmoid (alpha 0.2)"))
    #expect(try drawing("rnn-leaky").text.contains("leak "))
  }

  @Test func `the reach of a kernel is told in milliseconds and seconds, rounded`() {
    func words(_ kernel: Int, _ rate: Double) -> String {
      TimeSpan(kernel: kernel, left: kernel - 1).words(rate: rate)[0]
    }
    #expect(words(7, 360) == "kernel 7 (19.4ms)" && words(5, 180) == "kernel 5 (27.8ms)")
    #expect(words(250, 100) == "kernel 250 (2.5s)" && words(3, 0) == "kernel 3")
  }

  @Test func `of a hundred inputs the first and the last are drawn`() {
    let names = (0..<113).map { "  imu\($0)" }
    #expect(ModelDrawing.shortened(names) == Array(names[..<4]) + ["  … 108 more"] + [names[112]])
    #expect(ModelDrawing.shortened(Array(names[..<12])) == Array(names[..<12]))
  }

  @Test func `every model of the golden files can be drawn`() throws {
    for name in ["embedding", "prelu", "maxpool", "layernorm", "two-heads", "window-birnn-mean", "gated"] {
      #expect(try drawing(name).text.contains("golden    "))
    }
  }
}
