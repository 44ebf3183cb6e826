import RunnelCore
import RunnelInference
import RunnelRecordings

/// What a command line says where there is no model yet.
extension TrainingInput {
  /// - Parameters:
  ///   - path: a record like those of the training: its rate is what `delay` is measured with, its units are kept.
  ///   - channels: by name, as the labeller takes them.
  ///   - file: JSON as a model file states it under `conditioning`; nil conditions nothing but the rate.
  /// - Throws: `ServiceError` (66, 77, 65 for the files, 64).
  public init(
    rate: Double, delay: Double, like path: String, channels: [String], conditioningFile file: String?
  ) throws(ServiceError) {
    let names = channels.map { $0.split(separator: "=").last.map(String.init) ?? $0 }
    let record = try RecordingSource(path, .init(channels: names))
    var conditioning = JSONValue.object([])
    if let file {
      do throws(RecordingError) {
        conditioning = try Self.parse(try ByteFile.read(file, limit: 1 << 20), file)
      } catch { throw ServiceError(error) }
    }
    let chosen = channels.isEmpty ? record.description.channels.map(\.name) : channels
    var inputs: [Feature] = []
    for name in chosen {
      let sides = name.split(separator: "=", maxSplits: 1).map(String.init)
      let channel = record.description.channels.first { $0.name == sides.last }
      inputs.append(Feature(name: sides.first ?? name, unit: channel?.unit))
    }
    // Without `=` each channel is a lane, and all lanes have the one input.
    if !chosen.contains(where: { $0.contains("=") }) { inputs = Array(inputs.prefix(1)) }
    self.init(rate: rate, trainedRate: record.rate, delay: delay, inputs: inputs, conditioning: conditioning)
    _ = try placed(file) { () throws(ServiceError) in try standIn() }
  }

  private static func parse(_ bytes: [UInt8], _ file: String) throws(RecordingError) -> JSONValue {
    do { return try bytes.withUnsafeBytes { try JSONValue(parsing: $0) } } catch {
      throw RecordingError(.malformed, file: file, "\(error)", remedy: "write it as a model file has `conditioning`")
    }
  }

  private func placed<Value>(
    _ file: String?, _ body: () throws(ServiceError) -> Value
  ) throws(ServiceError) -> Value {
    do { return try body() } catch {
      throw ServiceError(error.kind, file.map { "\($0): \(error)" } ?? error.description)
    }
  }
}

extension TargetRule {
  /// The labels of a model's deciding head as classes, where they are those of beats; nil where they are something else.
  public static func classes(of model: ModelDescription) -> (classes: [String], none: String)? {
    guard let head = model.heads.first(where: { model.decide.head == nil || $0.name == model.decide.head }) else {
      return nil
    }
    return classes(head, none: model.decide.none)
  }

  /// The same of the head that judges events.
  public static func classes(ofEventsOf model: ModelDescription) -> (classes: [String], none: String)? {
    model.eventStage.flatMap { stage in classes(stage.head, none: stage.none.map { stage.head.labels[$0] }) }
  }

  private static func classes(
    _ head: ModelDescription.Head, none: String?
  ) -> (classes: [String], none: String)? {
    let none = none ?? "none"
    guard head.labels.count > 1, head.labels.allSatisfy({ $0 == none || allClasses.contains($0) }) else { return nil }
    return (head.labels, none)
  }
}
