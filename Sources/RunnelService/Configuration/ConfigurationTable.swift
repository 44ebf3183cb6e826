import RunnelInference
import RunnelKernels
import RunnelPipeline

/// Every key of the configuration, in the order of the reference page and of `check --print`.
///
/// Nothing else in the reader knows a key's spelling, unit, range or default, except the few lines that build the
/// typed values from what was read.
public enum ConfigurationTable {
  public static let keys: [ConfigurationKey] = streams + models + pipelines + outputs + daemon + later

  /// The keys directly below a pattern such as `["streams", "*"]`.
  static func children(of pattern: [String]) -> [ConfigurationKey] { byParent[pattern] ?? [] }

  static func key(_ pattern: [String]) -> ConfigurationKey? {
    children(of: Array(pattern.dropLast())).first { $0.path == pattern }
  }

  private static let byParent = Dictionary(grouping: keys) { Array($0.path.dropLast()) }

  /// Ten years: no duration in a configuration is longer.
  static let seconds = 0...3.2e8
  static let positive = 1e-6...3.2e8

  private static let models: [ConfigurationKey] = [
    ConfigurationKey(
      "models", .named(noun: "model"), .required, synonyms: ["model", "networks"],
      "The networks: one entry per model file, under a name that pipelines refer to."),
    ConfigurationKey(
      "models.*.file", .text(noun: "a path"), .required, example: "ecg-beats.safetensors",
      synonyms: ["path", "weights", "filename"],
      "The model file; a relative path counts from the folder of the configuration."),
    ConfigurationKey(
      "models.*.sha256", .digest, .absent("any content is accepted"),
      example: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
      synonyms: ["sha", "hash", "digest", "checksum"],
      "The digest that `runnel model show` prints; a file with another digest is refused."),
    ConfigurationKey(
      "models.*.precision", .choice(WeightPrecision.allCases.map(\.rawValue), later: []), .defaulted("float32"),
      example: "bf16",
      synonyms: ["dtype", "quantization"],
      """
      How weights are stored. `bf16` is faster for single lanes from 64 units on, `int8` for one lane and for many; both \
      change the scores, and `runnel model check` says by how much.
      """),
  ]

  private static let trained = "it is part of the model: a network trained one way and fed another gives other answers"

  private static let pipelines: [ConfigurationKey] = [
    ConfigurationKey(
      "pipelines", .named(noun: "pipeline"), .required, synonyms: ["pipeline", "jobs", "lanes"],
      "What is done: one entry per pipeline, under a name that is part of its label topics."),
    ConfigurationKey(
      "pipelines.*.from", .reference(to: "streams"), .required, example: "beds",
      synonyms: ["stream", "input", "source", "streams"],
      "The entry of `streams` that it reads."),
    ConfigurationKey(
      "pipelines.*.channels", .channelNames, .defaulted("all"), example: "[MLII]",
      synonyms: ["channel", "signals", "leads"],
      "The channels, by name, that get a lane each; `all` takes every channel of the stream."),
    ConfigurationKey(
      "pipelines.*.each", .choice(["channel"], later: []), .defaulted("channel"), example: "channel",
      synonyms: ["per"],
      hints: ["group": "for one lane on several channels leave 'each' out and write group: {lead_a: MLII, lead_b: V5}"],
      "One lane per channel; for a model with several inputs use `group` instead."),
    ConfigurationKey(
      "pipelines.*.group", .bindings, .absent("one lane per channel"), example: "{lead_a: MLII, lead_b: V5}",
      synonyms: ["inputs", "bindings", "groups"],
      "One lane on several channels: each input of the model by name, and the channel it takes."),
    ConfigurationKey(
      "pipelines.*.model", .reference(to: "models"), .required, example: "beats",
      synonyms: ["network", "models"],
      "The entry of `models` that it runs."),
    ConfigurationKey(
      "pipelines.*.gap", .section, .absent("the defaults below"), synonyms: ["gaps", "missing"],
      "What a lane does when samples are missing."),
    ConfigurationKey(
      "pipelines.*.gap.fill", .fill, .defaulted("hold 50ms"), example: "hold 50ms", synonyms: ["interpolate"],
      "A gap of at most this length is filled: `hold` repeats the last sample, `linear` waits for the next, `zero` "
        + "puts zeros; `none` fills nothing."
    ),
    ConfigurationKey(
      "pipelines.*.gap.carry", .quantity(.duration, seconds), .defaulted("1s"), example: "1s", synonyms: ["keep"],
      "Over a gap of at most this length the network keeps its state."),
    ConfigurationKey(
      "pipelines.*.gap.longer", .choice(["reset"], later: []), .defaulted("reset"), example: "reset",
      synonyms: ["then", "beyond"],
      "What a longer gap does."),
    ConfigurationKey(
      "pipelines.*.gap.repair_within", .quantity(.duration, positive), .absent(""), availability: .later,
      example: "5s",
      "How long to wait for a replay endpoint."),
    ConfigurationKey(
      "pipelines.*.decide", .section, .absent("the model's own rule"),
      synonyms: ["decision", "rule", "labels"],
      "How scores become labels; each key given here overrides the one in the model file."),
    ConfigurationKey(
      "pipelines.*.decide.emit", .choice(["every", "change", "events", "peaks"], later: []),
      .absent("as in the model"), example: "peaks", synonyms: ["mode", "when"],
      "`every` step's label, each `change` of it, `events` with onset and offset, or `peaks` such as heart beats."),
    ConfigurationKey(
      "pipelines.*.decide.head", .text(noun: "a head's name"), .absent("as in the model"), example: "beat",
      synonyms: ["output"],
      "Which head of the model decides."),
    ConfigurationKey(
      "pipelines.*.decide.none", .text(noun: "a class's name"), .absent("as in the model"), example: "none",
      synonyms: ["background", "null_class"],
      "The class that means \"nothing there\", in `events` and `peaks`."),
    ConfigurationKey(
      "pipelines.*.decide.enter", .number(0...1), .absent("as in the model"), example: "0.6",
      synonyms: ["threshold", "thresholds", "on_threshold"],
      "The score from which an event or peak opens."),
    ConfigurationKey(
      "pipelines.*.decide.leave", .number(0...1), .absent("as in the model"), example: "0.4",
      synonyms: ["exit", "off_threshold"],
      "The score below which it closes."),
    ConfigurationKey(
      "pipelines.*.decide.min_on", .quantity(.duration, seconds), .absent("as in the model"), example: "40ms",
      "How long the score must stay at `enter` before an event begins."),
    ConfigurationKey(
      "pipelines.*.decide.min_off", .quantity(.duration, seconds), .absent("as in the model"), example: "80ms",
      "How long the score must stay below `leave` before an event ends."),
    ConfigurationKey(
      "pipelines.*.decide.refractory", .quantity(.duration, seconds), .absent("as in the model"), example: "200ms",
      synonyms: ["dead_time", "holdoff"],
      "A peak within this time of the last is dropped."),
    ConfigurationKey(
      "pipelines.*.decide.max_width", .quantity(.duration, positive), .absent("as in the model"), example: "300ms",
      "A candidate peak closes after this time at the latest."),
    ConfigurationKey(
      "pipelines.*.decide.smooth", .smoothing, .absent("as in the model"), example: "mean 50ms",
      synonyms: ["smoothing", "average"],
      "A causal mean of the scores, a majority of the last steps, or `none`."),
    ConfigurationKey(
      "pipelines.*.decide.unknown_below", .number(0...1), .absent("as in the model"), example: "0.5",
      synonyms: ["min_score", "unknown"],
      "A label with a lower score is `unknown`."),
    ConfigurationKey(
      "pipelines.*.conditioning", .section, .absent(""), availability: .partOfTheModel(trained),
      synonyms: [
        "filters", "filter", "normalisation", "normalization", "normalise", "normalize", "preprocessing",
        "resample", "highpass", "lowpass", "bandpass", "notch",
      ],
      "Filters, resampling and normalisation travel in the model file."),
    ConfigurationKey(
      "pipelines.*.regime", .choice(["carried", "windowed"], later: []), .absent("as in the model"),
      example: "carried", synonyms: ["stateful"],
      "How the model meets the stream. It may only repeat what the model file says: a network trained one way and "
        + "run the other gives different answers."),
    ConfigurationKey(
      "pipelines.*.window", .integer(1...ModelDescription.windowLimit), .absent("as in the model"), example: "256",
      synonyms: ["window_length", "length"],
      "Frames of a window, of a windowed model. It may only repeat what the model file says."),
    ConfigurationKey(
      "pipelines.*.hop", .integer(1...1_000_000), .absent("as in the model"), example: "64",
      synonyms: ["stride", "every"],
      "Windowed: frames from the start of a window to the start of the next; any number is possible, because "
        + "windows are independent of each other. Carried: outputs of the network from label to label. Frames are "
        + "counted at the model's rate."),
    ConfigurationKey(
      "pipelines.*.max_state_age", .quantity(.duration, positive), .absent("as in the model"), example: "1h",
      synonyms: ["state_age", "renew", "renew_after"],
      "Of a carried model that says how long it warms up: at multiples of this time a fresh state, warmed up beside the "
        + "old one, takes over."),
    ConfigurationKey(
      "pipelines.*.linger", .quantity(.duration, 0...1), .defaulted("0s"), example: "2ms",
      synonyms: ["batch_wait", "max_wait"],
      "How long lanes that have a frame wait for others to fill their batch: fuller batches take less time per "
        + "lane, and labels come that much later. The labels themselves do not depend on it."),
    ConfigurationKey(
      "pipelines.*.attach", .section, .absent("nothing"), synonyms: ["attachment", "snippet", "context"],
      "What the network saw around each label, sent with it as a third part."),
    ConfigurationKey(
      "pipelines.*.attach.before", .quantity(.duration, 0...AttachSettings.longest), .absent("nothing"), example: "1s",
      synonyms: ["pre"],
      "How much before the position of the label."),
    ConfigurationKey(
      "pipelines.*.attach.after", .quantity(.duration, 0...AttachSettings.longest), .absent("nothing"), example: "1s",
      synonyms: ["post"],
      "How much after it. A label waits until those samples exist; at a gap, a reset or the end it is sent with "
        + "what there is, marked `cut`."),
  ]

  private static let outputs: [ConfigurationKey] =
    [
      ConfigurationKey(
        "outputs", .named(noun: "output"), .required, synonyms: ["output", "sinks", "publish", "publishers"],
        "Where labels go: one entry per socket; each publishes the labels of every pipeline."),
      ConfigurationKey(
        "outputs.*.publish", .choice(["labels", "conditioned"], later: []), .defaulted("labels"),
        example: "conditioned", synonyms: ["content", "what", "send", "samples"],
        "`labels`, or `conditioned`: the samples as the networks see them, for the lanes with a subscriber (topics "
          + "`c/STREAM/PIPELINE/CHANNEL/`); without one this costs nothing."),
      ConfigurationKey(
        "outputs.*.bind", .endpoints(.bind), .absent("give this or connect"), example: "tcp://127.0.0.1:9872",
        synonyms: ["url", "address", "endpoint", "endpoints", "listen", "uri", "port"],
        "The endpoint that subscribers connect to, or a list of them."),
      ConfigurationKey(
        "outputs.*.connect", .endpoints(.connect), .absent("give this or bind"), example: "tcp://127.0.0.1:9872",
        "A collector's endpoint, or a list of them; instead of `bind`."),
      ConfigurationKey(
        "outputs.*.type", .choice(["xpub", "pub", "push"], later: []), .defaulted("xpub"), example: "xpub",
        synonyms: ["socket", "socket_type", "pattern", "kind"],
        "The socket's kind: `xpub` sends the last label of each lane to a late subscriber, `pub` does not; `push` gives each "
          + "label to one of the collectors that pull."),
      ConfigurationKey(
        "outputs.*.format", .choice(["runnel", "plotjuggler", "binary"], later: []), .defaulted("runnel"),
        example: "plotjuggler", synonyms: ["encoding", "shape"],
        "How labels are written: `runnel` (JSON), `plotjuggler` (JSON and the time as a third part: `t`, else the "
          + "time of arrival) or `binary` (a 64-byte header, then the scores of each decision in f32). For "
          + "conditioned samples `runnel` is a sample message in f32 and `plotjuggler` a message for each frame."),
      ConfigurationKey(
        "outputs.*.heartbeat", .quantity(.duration, 0.01...3600), .defaulted("1s"), example: "1s",
        synonyms: ["heartbeat_interval", "keepalive_interval"],
        "How often each label topic says that it is alive, and which seq comes next."),
      ConfigurationKey(
        "outputs.*.scores", .boolean, .defaulted("true"), example: "true",
        "Whether labels carry the score of every class."),
      ConfigurationKey(
        "outputs.*.queue", .quantity(.size, 65536...0x1p36), .defaulted("16MiB"), example: "16MiB",
        synonyms: ["buffer", "hwm", "queue_size", "buffer_size", "high_water_mark"],
        "How much may wait for one slow subscriber, counted as a kilobyte per message; beyond that labels are "
          + "dropped for this subscriber alone, and their seq tells it how many."),
    ] + socket("outputs.*")

  /// What every socket takes besides its endpoint and kind.
  static func socket(_ parent: String) -> [ConfigurationKey] {
    [
      ConfigurationKey(
        "\(parent).ipv6", .boolean, .defaulted("false"), example: "true",
        "Whether tcp endpoints may be IPv6 addresses."),
      ConfigurationKey(
        "\(parent).keepalive", .boolean, .defaulted("true"), example: "true", synonyms: ["tcp_keepalive"],
        "Whether TCP keepalive detects connections that died silently."),
      ConfigurationKey(
        "\(parent).reconnect", .durationSpan(1e-3...3600), .defaulted("100ms..5s"), example: "100ms..5s",
        synonyms: ["retry", "backoff", "reconnect_interval"],
        "How soon a lost connection is retried: the first wait, and the longest."),
    ]
  }

  private static let daemon: [ConfigurationKey] = [
    ConfigurationKey(
      "shards", .integer(1...ShardRouter.mostShards), .defaulted("1"), example: "4", synonyms: ["threads", "workers"],
      "The number of threads among which lanes are divided. With 1 everything runs on one thread; with more, one "
        + "thread receives and publishes, and each shard steps its lanes on a thread of its own. Labels do not "
        + "depend on it."),
    ConfigurationKey(
      "control", .section, .absent("the default below"), synonyms: ["admin", "status"],
      "How to ask the running daemon what it is doing."),
    ConfigurationKey(
      "control.socket", .text(noun: "a path, or none"),
      .absent("`control.sock` in systemd's runtime directory, else `runnel-….sock` in `$XDG_RUNTIME_DIR`"),
      example: "/run/runnel/control.sock", synonyms: ["path", "unix", "file"],
      """
      The unix socket that `runnel status` uses, for its owner and group only; `none` for no socket. A relative path \
      counts from the folder of the configuration.
      """),
  ]

  private static let later: [ConfigurationKey] = [
    ConfigurationKey(
      "state", .section, .absent(""), availability: .later, synonyms: ["checkpoints", "checkpoint"],
      "Checkpoints of carried state."),
    ConfigurationKey(
      "state.restart", .section, .absent(""), availability: .later,
      "How a restart crosses the range it missed."),
    ConfigurationKey(
      "http", .section, .absent(""), availability: .later, synonyms: ["dashboard", "metrics", "prometheus"],
      "The dashboard and metrics."),
  ]
}
