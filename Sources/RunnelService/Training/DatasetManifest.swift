import RunnelCore
import RunnelLabels
import RunnelPipeline

/// What a training set is: how it was conditioned, what is in it, what was left out. `manifest.json` of its folder, so
/// that nobody has to guess later, and so that a model can be exported with the same rate, inputs and conditioning.
public struct DatasetManifest: Sendable {
  /// What became of one record.
  public struct Record: Sendable {
    public var name: String
    public var path: String
    public var channel: String
    /// Rows per second, and rows, of the recording.
    public var rate: Double
    public var rows: Int
    /// Rows of the record's part of the arrays.
    public var frames: Range<Int>
    public var counts: Counts
    /// Rows of the recording that were missing and not filled, and whether state begins anew after them.
    var gaps: [GapList.Gap]
    /// Beats of each class in the annotations.
    public var beats: [Int]
  }

  /// What the mask says, in rows of y.
  public struct Counts: Sendable, Equatable {
    /// With mask 1, of each class.
    public var classes: [Int]
    /// With mask 0: no frame was made; the label would be `warming`; nobody knows what it should be.
    public var missing = 0
    public var warming = 0
    public var unknown = 0
    /// Windows that a gap that was not filled crosses: not there.
    public var windowsLeftOut = 0

    public init(classes: Int) { self.classes = Array(repeating: 0, count: classes) }

    public var good: Int { classes.reduce(0, +) }

    public static func += (sum: inout Counts, other: Counts) {
      for index in sum.classes.indices { sum.classes[index] += other.classes[index] }
      sum.missing += other.missing
      sum.warming += other.warming
      sum.unknown += other.unknown
      sum.windowsLeftOut += other.windowsLeftOut
    }
  }

  public var tool: String
  public var form: Dataset.Form
  public var input: TrainingInput
  public var rule: TargetRule
  /// Of the annotations: `atr`.
  public var truth: String
  public var records: [Record] = []
  public var totals: Counts
  /// Of the event stage's inputs: what each column is.
  public var columns: [String] = []
  /// By name; shapes.
  public var arrays: [(name: String, shape: [Int], element: ElementType)] = []

  /// `{"format": 1, "kind": "windows", "made_by": "runnel 0.1.0", "classes": ["none", "N", …], …}`
  public func json(into json: inout JSONWriter) {
    json.beginObject()
    json.pair("format", 1)
    json.pair("kind", form.name)
    json.pair("made_by", tool)
    json.key("model")
    if let model = input.model {
      json.beginObject()
      json.pair("name", model.name)
      json.pair("digest", model.digest)
      json.endObject()
    } else {
      json.writeNull()
    }
    json.pair("rate", input.rate)
    json.pair("trained_rate", input.trainedRate)
    json.pair("delay", input.delay)
    json.list("inputs", input.inputs) { each, json in
      json.beginObject()
      json.pair("name", each.name)
      json.pair("unit", each.unit)
      json.endObject()
    }
    json.pair("conditioning", input.conditioning)
    targets(into: &json)
    if case .windows(let cut) = form { cut.json(into: &json) }
    if !columns.isEmpty { json.list("columns", columns) { $1.write($0) } }
    json.key("arrays")
    json.beginObject()
    for array in arrays {
      json.key(array.name)
      json.beginObject()
      json.numbers("shape", array.shape)
      json.pair("type", array.element.name)
      json.endObject()
    }
    json.endObject()
    write(totals, "totals", into: &json)
    json.list("records", records) { write($0, into: &$1) }
    json.endObject()
  }

  private func targets(into json: inout JSONWriter) {
    json.list("classes", rule.classes) { $1.write($0) }
    json.key("truth")
    json.beginObject()
    json.pair("annotator", truth)
    json.pair("map", rule.map.rawValue)
    json.key("symbols")
    json.beginObject()
    for name in rule.classes where name != rule.none { json.pair(name, rule.symbols(of: name)) }
    json.endObject()
    json.pair("width", rule.width)
    json.endObject()
  }

  private func write(_ counts: Counts, _ key: String, into json: inout JSONWriter) {
    json.key(key)
    json.beginObject()
    json.key("classes")
    json.beginObject()
    for (name, count) in zip(rule.classes, counts.classes) { json.pair(name, count) }
    json.endObject()
    json.key("masked")
    json.beginObject()
    json.pair("missing", counts.missing)
    json.pair("warming", counts.warming)
    json.pair("unknown", counts.unknown)
    json.endObject()
    if case .windows = form { json.pair("windows_left_out", counts.windowsLeftOut) }
    json.endObject()
  }

  private func write(_ record: Record, into json: inout JSONWriter) {
    json.beginObject()
    json.pair("name", record.name)
    json.pair("file", record.path)
    json.pair("channel", record.channel)
    json.pair("rate", record.rate)
    json.pair("rows", record.rows)
    json.numbers("frames", [record.frames.lowerBound, record.frames.upperBound])
    write(record.counts, "counts", into: &json)
    json.key("beats")
    json.beginObject()
    for (name, count) in zip(rule.classes, record.beats) where name != rule.none { json.pair(name, count) }
    json.endObject()
    json.list("gaps", record.gaps) { gap, json in
      json.beginObject()
      json.numbers("rows", [Int(gap.rows.lowerBound), Int(gap.rows.upperBound)])
      json.pair("reset", gap.wasReset)
      json.endObject()
    }
    json.endObject()
  }

  /// For people: what there is, and what is not.
  public var text: String {
    let rows = totals.good + totals.missing + totals.warming + totals.unknown
    let unit = form.unit
    let classes = zip(rule.classes, totals.classes).map { "\($0) \($1)" }.joined(separator: ", ")
    var lines = ["\(Phrase.count(records.count, "record")), \(rows) \(unit): \(classes)"]
    let masked = [(totals.missing, "missing"), (totals.warming, "warming"), (totals.unknown, "unknown")]
      .filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
    if !masked.isEmpty { lines.append("masked: \(masked.joined(separator: ", "))") }
    if totals.windowsLeftOut > 0 {
      lines.append("left out: \(totals.windowsLeftOut) windows across gaps that were not filled")
    }
    for array in arrays.prefix(6) { lines.append("  \(array.name)  \(array.element.name) \(array.shape)") }
    if arrays.count > 6 { lines.append("  and \(arrays.count - 6) more") }
    return lines.joined(separator: "\n")
  }
}

extension TargetRule {
  /// Annotation symbols of a class: `N L R B e j`.
  func symbols(of name: String) -> String {
    BeatClass(rawValue: name).map { map.symbols(of: $0) } ?? ""
  }
}

extension JSONWriter {
  fileprivate mutating func numbers(_ name: String, _ numbers: [Int]) { list(name, numbers) { $1.write($0) } }
}
