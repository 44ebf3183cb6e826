import ArgumentParser
import RunnelPipeline
import RunnelService

/// Which pipeline an offline command runs: a model by its own rules, or what a configuration says.
struct PipelineOptions: ParsableArguments {
  @Option(name: .shortAndLong, help: "A model file; its own rules decide.")
  var model: String?

  @Option(name: .shortAndLong, help: "A configuration; its pipelines, gap rules and decisions apply.")
  var config: String?

  @Option(
    help: ArgumentHelp(
      "With -c the pipeline to run, with -m the name it has in labels (default: the model's).", valueName: "name"))
  var pipeline: String?

  @Option(
    help: ArgumentHelp(
      "With -m: channels by name, separated by commas; INPUT=CHANNEL for a model of several inputs.",
      valueName: "names"))
  var channels: String?

  @Option(help: "With -m: how weights are stored, \(ModelRun.precisionNames.joined(separator: " or ")).")
  var precision: String?

  @Option(help: "With -m: the unit of channels whose recording states none, such as mV.")
  var unit: String?

  var channelNames: [String] { (channels ?? "").split(separator: ",").map(String.init) }

  /// What is read.
  var files: [String?] { [model, config] }

  var isGiven: Bool { model != nil || config != nil }

  func labeller() throws -> Labeller {
    switch (model, config) {
    case (let model?, nil):
      return try Labeller(
        model: try ModelLoader.load(model, precision: precision), channels: channelNames, pipeline: pipeline, unit: unit
      )
    case (nil, let config?):
      guard channels == nil else {
        throw ServiceError(.usage, "--channels goes with -m; with -c the channels stand in the configuration")
      }
      guard precision == nil else {
        throw ServiceError(.usage, "--precision goes with -m; with -c it stands in the configuration, at the model")
      }
      guard unit == nil else {
        throw ServiceError(.usage, "--unit goes with -m; with -c it stands in the configuration, at the channel")
      }
      let configuration = try ConfigurationFile.read(config).configuration
      do throws(ServiceError) {
        return try Labeller(configuration, models: try ModelLoader.load(configuration.models), pipeline: pipeline)
      } catch { throw ConfigurationProof.placed(error, in: config) }
    case (nil, nil): throw ServiceError(.usage, "nothing says which network to run: give -m MODEL or -c CONFIG")
    case (_?, _?): throw ServiceError(.usage, "-m and -c exclude each other: a configuration names its models itself")
    }
  }
}
