import Glibc
import RunnelCore
import RunnelInference
import RunnelRecordings
import RunnelTesting
import Testing

@testable import RunnelService

/// `model run`: what another framework gave, however it is fed.
@Suite final class ModelRunTests {
  private let place = TemporaryFolder()
  private var folder: String { place.path }
  private let models = OfflineRig.root + "/Tests/Golden/models/"

  private func model(_ name: String) -> String { models + name + ".safetensors" }

  /// A golden tensor of a file.
  private func golden(_ name: String, _ tensor: String) throws -> NumpyFile {
    let bytes = try ByteFile.read(model(name), limit: 1 << 20)
    return try bytes.withUnsafeBytes { raw in
      let index = try SafeTensors(raw)
      let entry = try #require(index["golden.\(tensor)"])
      return NumpyFile(shape: entry.shape, values: .float32(try index.floats(entry, in: raw)))
    }
  }

  private func floats(_ file: NumpyFile) -> [Float] {
    if case .float32(let values) = file.values { values } else { [] }
  }

  @discardableResult
  private func run(
    _ name: String, _ input: NumpyFile, to output: String = "y.npy", _ edit: (inout ModelRun.Options) -> Void = { _ in }
  ) throws -> NumpyFile {
    try input.write(to: folder + "/x.npy")
    var options = ModelRun.Options()
    options.givesScores = true
    edit(&options)
    _ = try ModelRun(model(name), options).run(input: folder + "/x.npy", output: folder + "/" + output)
    return try NumpyFile(contentsOf: folder + "/" + output)
  }

  private func close(_ a: NumpyFile, _ b: NumpyFile) -> Bool {
    a.shape == b.shape && zip(floats(a), floats(b)).allSatisfy { abs($0 - $1) < 1e-5 * 100 }
  }

  @Test(arguments: [
    "conv-lstm", "lstm-2-layers", "gru-reset-before", "rnn-leaky", "two-rates", "cnn-lstm-pool", "window-cnn-lstm",
    "window-rnn-every", "window-bilstm-final", "window-lstm-normalised",
  ])
  func `the golden input gives the golden output, whole and in chunks the same bits`(name: String) throws {
    let input = try golden(name, "input")
    let whole = try run(name, input)
    #expect(try close(whole, golden(name, "output")))
    for chunk in [1, 7, 1000] {
      #expect(try run(name, input) { $0.chunk = chunk } == whole)
    }
    #expect(try run(name, input) { $0.kernels = "scalar" } == whole)
  }

  @Test(arguments: ["conv-lstm", "gru-reset-before", "window-bilstm-final"], ["bf16", "int8"])
  func `reduced weights give other scores, and in chunks the same bits`(name: String, precision: String) throws {
    let input = try golden(name, "input")
    let whole = try run(name, input) { $0.precision = precision }
    #expect(try whole != run(name, input))
    for chunk in [1, 7] {
      #expect(
        try run(name, input) {
          ($0.chunk, $0.precision) = (chunk, precision)
        } == whole)
    }
  }

  @Test func `without --scores the output is what goes into softmax`() throws {
    let input = try golden("conv-lstm", "input")
    let scores = floats(try run("conv-lstm", input))
    let logits = floats(try run("conv-lstm", input) { $0.givesScores = false })
    for step in 0..<256 {
      let some = logits[step * 5..<step * 5 + 5].map(Double.init).map(exponential)
      let sum = some.reduce(0, +)
      for k in 0..<5 { #expect(abs(some[k] / sum - Double(scores[step * 5 + k])) < 1e-6) }
    }
  }

  private func exponential(_ x: Double) -> Double { exp(x) }

  @Test(arguments: ["conv-lstm", "two-rates", "lstm-2-layers", "cnn-lstm-pool"])
  func `a state that went through a file goes on as if nothing had been`(name: String) throws {
    let input = try golden(name, "input")
    let whole = try run(name, input)
    let (rows, width) = (input.shape[0], input.shape[1])
    for cut in [1, 101, rows] {
      let head = NumpyFile(shape: [cut, width], values: .float32(Array(floats(input)[..<(cut * width)])))
      let tail = NumpyFile(shape: [rows - cut, width], values: .float32(Array(floats(input)[(cut * width)...])))
      let first = try run(name, head) { $0.stateOut = folder + "/s.npz" }
      let second = try run(name, tail) {
        $0.stateIn = folder + "/s.npz"
        $0.chunk = 13
      }
      #expect(floats(first) + floats(second) == floats(whole))
    }
  }

  @Test func `several sequences are each as alone, and so are their states`() throws {
    let frames = floats(try golden("conv-lstm", "input"))
    let both = NumpyFile(shape: [2, 256, 1], values: .float32(frames + frames.reversed()))
    let output = try run("conv-lstm", both) { $0.stateOut = folder + "/s.npz" }
    #expect(output.shape == [2, 256, 5])
    let alone = try run("conv-lstm", NumpyFile(shape: [256, 1], values: .float32(frames.reversed()))) {
      $0.stateOut = folder + "/t.npz"
    }
    #expect(Array(floats(output)[1280...]) == floats(alone))
    let (states, one) = (
      try NumpyArchive(contentsOf: folder + "/s.npz"), try NumpyArchive(contentsOf: folder + "/t.npz")
    )
    #expect(states.arrays.map(\.name) == ["conv.ring", "lstm.h_l0", "lstm.c_l0", "next"])
    #expect(states["lstm.h_l0"]?.shape == [2, 16] && one["lstm.h_l0"]?.shape == [16])
    #expect(try floats(#require(states["lstm.h_l0"]))[16...].elementsEqual(floats(#require(one["lstm.h_l0"]))))
    let h = try golden("conv-lstm", "lstm.h_l0")
    #expect(zip(try floats(#require(states["lstm.h_l0"])), floats(h)).allSatisfy { abs($0 - $1) < 1e-5 })
    #expect(one["next"] == NumpyFile(shape: [], values: .int64([256])))
  }

  @Test func `f64 is rounded to f32`() throws {
    let input = try golden("lstm-odd", "input")
    let doubles = NumpyFile(shape: input.shape, values: .float64(floats(input).map(Double.init)))
    #expect(try run("lstm-odd", doubles) == run("lstm-odd", input))
  }

  @Test func `a windowed model cuts a stream at its hop`() throws {
    let windows = try golden("window-cnn-lstm", "input")
    let stream = NumpyFile(shape: [100, 1], values: .float32(Array(floats(windows)[..<100])))
    let output = try run("window-cnn-lstm", stream)
    // 64 frames every 16.
    let cut = NumpyFile(
      shape: [3, 64, 1], values: .float32((0..<3).flatMap { floats(stream)[$0 * 16..<$0 * 16 + 64] }))
    #expect(try output.shape == [3, 4] && output == run("window-cnn-lstm", cut))
  }

  @Test func `what does not fit is 65 with the shape that would`() throws {
    func sentence(_ shape: [Int], model: String = "conv-lstm", _ values: [Float]? = nil) throws -> String {
      let values = values ?? [Float](repeating: 0, count: shape.reduce(1, *))
      let error = serviceError { try run(model, NumpyFile(shape: shape, values: .float32(values))) }
      #expect(error?.kind == .data)
      return error?.description ?? ""
    }
    #expect(try sentence([10]).contains("takes (T, 1) or (B, T, 1), found (10); save x[:, None]"))
    #expect(try sentence([10, 2]).contains("found (10, 2)"))
    #expect(try sentence([2, 1, 30]).contains("features come last"))
    #expect(try sentence([3, 1], [0, .infinity, 0]).contains("the value at [1, 0] is inf"))
    #expect(try sentence([1, 3, 1], [0, 0, .nan]).contains("the value at [0, 2, 0] is nan"))
    #expect(try sentence([63, 1], model: "window-cnn-lstm").contains("less than a window"))
    #expect(try sentence([2, 63, 1], model: "window-cnn-lstm").contains("takes 64"))
  }

  @Test func `the state of another model, or of other sequences, is 65`() throws {
    let input = try golden("conv-lstm", "input")
    try run("conv-lstm", input) { $0.stateOut = folder + "/s.npz" }
    func sentence(_ name: String, _ input: NumpyFile) -> String? {
      let error = serviceError { try run(name, input) { $0.stateIn = folder + "/s.npz" } }
      return error?.kind == .data ? error?.description : nil
    }
    #expect(try sentence("lstm-2-layers", golden("lstm-2-layers", "input"))?.contains("another model") == true)
    let both = NumpyFile(shape: [1, 256, 1], values: input.values)
    #expect(sentence("conv-lstm", both)?.contains("a first axis of 1") == true)
    try NumpyArchive([("next", NumpyFile(shape: [], values: .int64([.max])))]).write(to: folder + "/s.npz")
    #expect(sentence("conv-lstm", input)?.contains("'next'") == true)
  }

  @Test func `options that do not fit the model are 64`() {
    func kind(_ name: String, _ edit: (inout ModelRun.Options) -> Void) -> ServiceError.Kind? {
      var options = ModelRun.Options()
      edit(&options)
      return serviceError { _ = try ModelRun(model(name), options) }?.kind
    }
    #expect(kind("conv-lstm") { $0.chunk = 0 } == .usage)
    #expect(kind("conv-lstm") { $0.kernels = "abacus" } == .usage)
    #expect(kind("window-cnn-lstm") { $0.stateOut = "s.npz" } == .usage)
    #expect(kind("nothing") { _ in } == .noInput)
  }

  @Test func `what cannot be computed leaves no file`() throws {
    _ = serviceError { try run("conv-lstm", NumpyFile(shape: [2, 1], values: .float32([0, .nan])), to: "z.npy") }
    #expect(access(folder + "/z.npy", F_OK) != 0)
  }

  @Test func `what is read is never written over, and scores and state have two names`() throws {
    let (x, y, link) = (folder + "/x.npy", folder + "/y.npy", folder + "/z.npy")
    let model = folder + "/a.npy"
    try ByteFile.write(ByteFile.read(self.model("rnn-tanh"), limit: 1 << 20), to: model)
    try golden("rnn-tanh", "input").write(to: x)
    symlink(x, link)
    let before = try ByteFile.read(x, limit: 1 << 20)
    var options = ModelRun.Options()
    for output in [x, link, model] {
      let error = #expect(throws: ServiceError.self) { try ModelRun(model, options).run(input: x, output: output) }
      #expect(error?.kind == .usage && error?.description.contains("give the result another name") == true)
    }
    options.stateOut = y
    let same = #expect(throws: ServiceError.self) { try ModelRun(model, options).run(input: x, output: y) }
    #expect(same?.kind == .usage && access(y, F_OK) != 0)
    options.stateOut = link
    #expect(throws: ServiceError.self) { try ModelRun(model, options).run(input: x, output: y) }
    #expect(try ByteFile.read(x, limit: 1 << 20) == before)
  }
}
