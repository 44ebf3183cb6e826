import RunnelCore
import RunnelInference
import RunnelPipeline

/// What a network is fed with, whether there is a network yet or not: rate, inputs, conditioning, delay. A model file
/// states it; before the first training one is made of what the command line says.
public struct TrainingInput: Sendable {
  /// One feature of a frame.
  public struct Feature: Sendable, Hashable {
    public var name: String
    /// Nil where it does not matter.
    public var unit: String?
  }

  /// Of the model that states it; nil where there is none.
  public var model: (name: String, digest: String)?
  /// Of the network's steps, Hz.
  public var rate: Double
  /// Of the recordings, Hz: fixes which lag of the resampler is inside `delay`.
  public var trainedRate: Double
  /// Seconds by which the network's scores lag behind what they speak of.
  public var delay: Double
  public var warmUp: Double
  public var inputs: [Feature]
  /// As a model file states it.
  public var conditioning: JSONValue

  /// What a model was, or is to be, trained on.
  public init(_ description: ModelDescription) {
    model = (description.name, description.digest)
    rate = description.rate
    trainedRate = description.trainedRate
    delay = description.delay
    warmUp = description.warmUp
    inputs = description.inputs.map { Feature(name: $0.name, unit: $0.unit) }
    conditioning = description.conditioning.json
  }

  public init(
    rate: Double, trainedRate: Double, delay: Double, warmUp: Double = 0, inputs: [Feature],
    conditioning: JSONValue = .object([])
  ) {
    self.rate = rate
    self.trainedRate = trainedRate
    self.delay = delay
    self.warmUp = warmUp
    self.inputs = inputs
    self.conditioning = conditioning
  }

  /// Normalisation of each window by itself, which is no part of a stream's conditioning: whoever cuts the windows does
  /// it. Its ε.
  var windowEpsilon: Double? {
    guard conditioning["normalisation"]?["kind"]?.string == "window" else { return nil }
    return conditioning["normalisation"]?["epsilon"]?.number ?? 1e-5
  }

  /// A model of these inputs whose network does nothing: lanes condition for it exactly as they do for the one that is
  /// to be trained.
  ///
  /// - Throws: `ServiceError` (65) where the conditioning is none.
  public func standIn() throws(ServiceError) -> Model {
    do throws(ModelFileError) { return Model(try ModelFile(bytes: standInBytes)) } catch {
      if case .description(let mistake) = error { throw ServiceError(.data, "\(mistake)") }
      throw ServiceError(.data, "\(error)")
    }
  }

  // MARK: the file of the stand-in

  private var standInDescription: JSONValue {
    func object(_ members: [(String, JSONValue)]) -> JSONValue { .object(members.map { JSONValue.Member($0.0, $0.1) }) }
    let features = Int64(inputs.count)
    let named = inputs.map { input in
      object([("name", .string(input.name))] + (input.unit.map { [("unit", .string($0))] } ?? []))
    }
    var stream = conditioning
    if windowEpsilon != nil, case .object(let members) = conditioning {
      stream = .object(members.filter { $0.key != "normalisation" })
    }
    return object([
      ("format", .integer(1)), ("name", .string(model?.name ?? "untrained")), ("regime", .string("carried")),
      ("pattern", .string("one-to-one")), ("rate", .number(rate)), ("trained_rate", .number(trainedRate)),
      ("hop", .integer(1)), ("delay", .number(delay)), ("warmup", .number(warmUp)), ("inputs", .array(named)),
      ("conditioning", stream),
      (
        "layers",
        .array([
          object([
            ("kind", .string("linear")), ("name", .string("nothing")), ("input", .integer(features)),
            ("output", .integer(1)),
          ])
        ])
      ),
      (
        "heads",
        .array([
          object([
            ("name", .string("nothing")), ("activation", .string("softmax")), ("labels", .array([.string("none")])),
          ])
        ])
      ),
      // One class never changes: no labels are composed but the first.
      ("decide", object([("emit", .string("change"))])),
      ("golden", object([("tolerance", object([("float32", .number(1e-5))]))])),
      ("provenance", .object([])), ("digest", .string("sha256:" + String(repeating: "0", count: 64))),
    ])
  }

  /// safetensors: description, a weight of zeros, and one golden step.
  private var standInBytes: [UInt8] {
    var text = JSONWriter()
    text.write(standInDescription)
    var header = JSONWriter()
    header.beginObject()
    header.key("__metadata__")
    header.beginObject()
    header.pair("runnel.model", text.text)
    header.endObject()
    var values: [Float] = []
    let tensors: [(String, [Int], Float)] = [
      ("golden.input", [1, inputs.count], 0), ("golden.output", [1, 1], 1), ("nothing.bias", [1], 0),
      ("nothing.weight", [1, inputs.count], 0),
    ]
    for (name, shape, value) in tensors {
      let start = values.count * 4
      values += Array(repeating: value, count: shape.reduce(1, *))
      header.key(name)
      header.beginObject()
      header.pair("dtype", "F32")
      header.list("shape", shape) { $1.write($0) }
      header.list("data_offsets", [start, values.count * 4]) { $1.write($0) }
      header.endObject()
    }
    header.endObject()
    var bytes = (0..<8).map { UInt8(truncatingIfNeeded: header.bytes.count >> (8 * $0)) } + header.bytes
    for value in values {
      for shift in 0..<4 { bytes.append(UInt8(truncatingIfNeeded: value.bitPattern >> (8 * shift))) }
    }
    let digest = Array(bytes.withUnsafeBytes { SHA256.hex($0) }.utf8)
    if let place = bytes.firstRange(of: Array("sha256:".utf8)) {
      bytes.replaceSubrange(place.upperBound..<place.upperBound + 64, with: digest)
    }
    return bytes
  }
}

extension Labeller {
  /// The same lanes with a network that does nothing: what they condition is what the real one would see.
  ///
  /// - Parameter input: nil is what each pipeline's model states.
  func conditioningOnly(_ input: TrainingInput? = nil) throws(ServiceError) -> Labeller {
    var bare = self
    for (index, plan) in plans.enumerated() {
      let model = try (input ?? TrainingInput(plan.model.description)).standIn()
      do throws(Refusal) {
        bare.plans[index] = try PipelinePlan(
          name: plan.name, model: model, binding: plan.binding, gap: plan.gap, missing: plan.missing, range: plan.range,
          flat: plan.flat)
        bare.plans[index].units = plan.units
      } catch { throw ServiceError(.usage, error.sentence) }
    }
    return bare
  }
}
