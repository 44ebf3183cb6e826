import RunnelCore
import RunnelWire

/// Where samples come from.
extension ConfigurationTable {
  static let streams: [ConfigurationKey] =
    [
      ConfigurationKey(
        "streams", .named(noun: "stream"), .required, synonyms: ["inputs", "sources", "stream", "input"],
        "Where samples come from: one entry per input, under a name that labels carry as `input`."),
      ConfigurationKey(
        "streams.*.connect", .endpoints(.connect), .absent("give this or bind"), example: "tcp://127.0.0.1:5556",
        synonyms: ["url", "address", "endpoint", "endpoints", "uri", "host", "server", "subscribe"],
        "The publisher's endpoint, or a list of them with one socket each: tcp, ipc or inproc."),
      ConfigurationKey(
        "streams.*.bind", .endpoints(.bind), .absent("give this or connect"), example: "tcp://127.0.0.1:5556",
        synonyms: ["listen"],
        "The endpoint that publishers connect to, or a list of them; instead of `connect`."),
      ConfigurationKey(
        "streams.*.type", .choice(["sub", "pull"], later: []), .defaulted("sub"), example: "sub",
        synonyms: ["socket", "socket_type", "pattern", "kind"],
        "The socket's kind: `sub` for PUB and XPUB publishers, `pull` for PUSH."),
      ConfigurationKey(
        "streams.*.topic", .topic, .absent("s/*/ where the format is runnel, else everything"),
        example: "s/*/", synonyms: ["topics", "filter", "subscription", "prefix"],
        "Which topics to take; `*` stands for one name, and every distinct topic is a stream of its own. The key of "
          + "a GNU Radio sink is its topic; Open Ephys has no topics to choose from."),
      ConfigurationKey(
        "streams.*.format",
        .choice(["runnel", "array", "raw", "gnuradio", "openephys", "json", "msgpack", "auto"], later: []),
        .defaulted("runnel"), example: "array", synonyms: ["encoding", "codec", "protocol"],
        hints: [
          "numpy": "arrays of NumPy are format array", "pyzmq": "what pyzmq sends with a JSON head is format array",
          "open_ephys": "Open Ephys is format openephys", "open-ephys": "Open Ephys is format openephys",
          "gnu_radio": "GNU Radio is format gnuradio", "grc": "GNU Radio is format gnuradio",
          "bytes": "bare bytes are format raw", "binary": "bare bytes are format raw",
          "messagepack": "MessagePack is format msgpack", "pupil": "Pupil sends format msgpack",
          "plotjuggler": "PlotJuggler's publishers send format json or msgpack",
          "pickle": "a pickle can run code and is never opened; let the sender use format array",
        ],
        "How messages are written: `runnel` (rate, channels and units are part of the stream), `array` (a JSON head "
          + "with dtype and shape, then the bytes of a NumPy array; areaDetector's array-1.0 too), `raw` (bare "
          + "values), `gnuradio` (a ZMQ PUB or PUSH sink), `openephys` (the ZMQ Interface plugin), `json` and "
          + "`msgpack` (one map per message), or `auto`: the first message that bears the mark of a format "
          + "and can be read decides, and the log says which and why."),
      ConfigurationKey(
        "streams.*.rate", .quantity(.frequency, 1e-3...1e8), .absent("what the stream's description says"),
        example: "360 Hz",
        synonyms: ["sample_rate", "sampling_rate", "samplerate", "fs", "frequency", "sampling_frequency", "hz"],
        "Rows per second; required if the format carries no rate (all but runnel and openephys), otherwise it must "
          + "agree with the messages within 0.5 %."),
      ConfigurationKey(
        "streams.*.channels", .channels, .absent("what the stream's description says"), example: "[MLII, V5]",
        synonyms: ["channel", "signals", "leads", "columns", "names"],
        "The channels in the order of the columns; required unless the format is runnel. A channel is a name, or a "
          + "mapping with the keys below. Open Ephys channels are found by name; an item of GNU Radio is a row, "
          + "and a complex item has two channels: [I, Q]."
      ),
      ConfigurationKey(
        "streams.*.channels.[].name", .text(noun: "a channel's name"), .required, example: "MLII",
        synonyms: ["label", "channel"],
        "The name of the channel in pipelines and labels."),
      ConfigurationKey(
        "streams.*.channels.[].unit", .text(noun: "a unit"), .absent("the stream's unit"), example: "mV",
        synonyms: ["units"],
        "The physical unit after scaling. If the stream describes its channels, it counts only where they have no "
          + "unit; a stream with another unit is rejected."),
      ConfigurationKey(
        "streams.*.channels.[].gain", .number(-1e18...1e18), .absent("values count as physical"), example: "200",
        synonyms: ["adc_gain", "sensitivity"],
        "Raw steps per unit: physical = (raw − baseline) / gain."),
      ConfigurationKey(
        "streams.*.channels.[].baseline", .number(-1e18...1e18), .defaulted("0"), example: "1024", synonyms: ["zero"],
        "The raw value of physical zero; goes with `gain`."),
      ConfigurationKey(
        "streams.*.channels.[].scale", .number(-1e18...1e18), .absent("values count as physical"), example: "0.005",
        synonyms: ["factor", "multiplier", "lsb"],
        "Units per raw step: physical = raw × scale + offset."),
      ConfigurationKey(
        "streams.*.channels.[].offset", .number(-1e18...1e18), .defaulted("0"), example: "-5.12",
        synonyms: ["bias", "shift"],
        "The physical value of raw zero; goes with `scale`."),
      ConfigurationKey(
        "streams.*.channels.[].path", .path, .absent("the channel's name"), example: "norm_pos.0",
        formats: ["json", "msgpack"], synonyms: ["field", "key", "column"],
        "Where its values are in the map: keys and list positions separated by dots, `*` for each item of a list "
          + "(one row each). The value is a number or a list of numbers."),
      ConfigurationKey(
        "streams.*.unit", .text(noun: "a unit"), .absent("what the stream's description says"), example: "mV",
        synonyms: ["units"],
        "The unit of every channel without one."),
      ConfigurationKey(
        "streams.*.dtype", .choice(ElementType.allCases.map(\.name), later: []), .absent("what the messages say"),
        example: "i16", formats: ["raw", "gnuradio"], synonyms: ["element", "data_type", "sample_type", "item_type"],
        hints: [
          "int8": "write i8", "uint8": "write u8", "int16": "write i16", "short": "write i16", "uint16": "write u16",
          "int32": "write i32", "int": "write i32", "uint32": "write u32", "int64": "write i64", "float32": "write f32",
          "float": "write f32", "float64": "write f64", "double": "write f64", "byte": "write i8 or u8",
          "complex": "a complex item is a row of two f32: dtype: f32 and channels: [I, Q]",
          "complex64": "a complex item is a row of two f32: dtype: f32 and channels: [I, Q]",
        ],
        "The type of one value; required where the format is raw or gnuradio."),
      ConfigurationKey(
        "streams.*.byte_order", .choice(["little", "big"], later: []), .defaulted("little"), example: "little",
        formats: ["raw"], synonyms: ["endianness", "endian"],
        "The order of the bytes in one value."),
      ConfigurationKey(
        "streams.*.layout", .choice(["time_major", "channel_major"], later: []), .defaulted("time_major"),
        example: "time_major", formats: ["array", "raw"], synonyms: ["order", "axes", "axis"],
        "How rows and channels are arranged: `time_major` is [samples, channels], `channel_major` is [channels, "
          + "samples]."),
      ConfigurationKey(
        "streams.*.topic_parts", .integer(0...15), .absent("all parts but the last"), example: "1",
        formats: ["raw"],
        "How many parts come before the data; the first of them is the topic."),
      ConfigurationKey(
        "streams.*.pass_tags", .boolean, .defaulted("false"), example: "true", formats: ["gnuradio"],
        synonyms: ["tags"],
        "As in the sink: with tags each message carries the index of its first item, so that losses are seen, and "
          + "`rx_time` and `rx_rate` are used if present."),
      ConfigurationKey(
        "streams.*.heartbeat", .boolean, .defaulted("true"), example: "false", formats: ["openephys"],
        "Whether runnel tells the GUI every 2 s, at the port after the data port, that it listens: the GUI shows "
          + "its clients. Data come either way."),
      ConfigurationKey(
        "streams.*.time_origin", .choice(["1970", "1990"], later: []), .absent("timeStamp is not used"),
        example: "1990", formats: ["array"],
        "The year from which `timeStamp` of array-1.0 counts: 1990 with EPICS's own clock, else 1970. The messages "
          + "do not say it."
      ),
      ConfigurationKey(
        "streams.*.fields", .section, .absent("only the channels are read"), formats: ["json", "msgpack"],
        synonyms: ["paths", "keys"],
        "Where a map has time, sequence and index; paths as in `channels`."),
      ConfigurationKey(
        "streams.*.fields.time", .path, .absent("a third part of decimal seconds, else no time"), example: "timestamp",
        synonyms: ["timestamp", "t"],
        "The time of the message's first row, in the sender's clock; labels repeat it unchanged."),
      ConfigurationKey(
        "streams.*.fields.time_unit", .choice(TimeUnit.allCases.map(\.rawValue), later: []), .defaulted("s"),
        example: "ms", synonyms: ["unit"],
        "The unit of that time."),
      ConfigurationKey(
        "streams.*.fields.sequence", .path, .absent("losses are not seen, unless an index is there"), example: "seq",
        synonyms: ["seq", "counter", "message_number"],
        "A number that increases by 1 from message to message."),
      ConfigurationKey(
        "streams.*.fields.index", .path, .absent("losses are not seen in rows"), example: "first",
        synonyms: ["first", "sample_index"],
        "The index of the message's first row since the sender began."),
      ConfigurationKey(
        "streams.*.max_streams", .integer(1...65536), .defaulted("256"), example: "256", synonyms: ["limit"],
        "How many streams a wildcard topic may open; further ones are rejected and counted."),
      ConfigurationKey(
        "streams.*.takeover", .quantity(.duration, positive), .defaulted("2s"), example: "2s",
        synonyms: ["takeover_after"],
        "How long the current session must be silent before another publisher under the same name takes over, or in formats "
          + "without an epoch another rate."),
      ConfigurationKey(
        "streams.*.reorder", .quantity(.duration, seconds), .defaulted("2s"), example: "2s",
        "In formats without an epoch, an index that goes back by more than this starts a new session."),
      ConfigurationKey(
        "streams.*.stale_after", .quantity(.duration, positive),
        .absent("the larger of 2s and four usual message intervals"), example: "10s",
        synonyms: ["stale", "timeout", "silence"],
        "How long a silence must be for the status `stale` to be published; no state changes."),
      ConfigurationKey(
        "streams.*.missing", .numbers, .absent("only NaN and infinities are missing"), example: "[-32768]",
        synonyms: ["sentinel", "sentinels", "nodata", "invalid", "nan"],
        "Raw values that stand for a missing sample."),
      ConfigurationKey(
        "streams.*.range", .numberSpan, .absent("no limits"), example: "[-5, 5]",
        synonyms: ["limits", "bounds", "valid_range"],
        "Physical values outside this are missing samples, with the reason `range`."),
      ConfigurationKey(
        "streams.*.flat", .quantity(.duration, positive), .absent("a flat line is a signal"), example: "5s",
        synonyms: ["flatline", "flat_after"],
        "A channel that does not change for longer than this is missing, with the reason `flat`."),
      ConfigurationKey(
        "streams.*.time", .choice(["sender", "index", "received", "none"], later: []), .defaulted("sender"),
        example: "sender", synonyms: ["clock", "timestamp", "timestamps", "t_source"],
        "What `t` in labels is made of: the sender's clock, the sample index, the time of arrival, or nothing."),
      ConfigurationKey(
        "streams.*.queue", .quantity(.size, 65536...0x1p36), .defaulted("64MiB"), example: "64MiB",
        synonyms: ["buffer", "hwm", "queue_size", "buffer_size", "high_water_mark"],
        "How much may wait: in the socket, counted as a kilobyte per message, beyond which the publisher waits or "
          + "drops (a gap here); and per stream, in bytes, while a description is missing or a rival is not yet "
          + "silent, beyond which rows are dropped and counted."
      ),
    ] + socket("streams.*") + [
      ConfigurationKey(
        "streams.*.replay", .endpoints(.connect), .absent(""), availability: .later, example: "tcp://127.0.0.1:5557",
        "The endpoint that repairs losses."),
      ConfigurationKey(
        "streams.*.evict_after", .quantity(.duration, positive), .absent(""), availability: .later, example: "1h",
        "After how long a silence a lane is checkpointed and its memory freed."),
    ]
}
