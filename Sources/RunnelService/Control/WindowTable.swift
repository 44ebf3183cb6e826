import RunnelCore

/// The conditioned samples of a lane as a table: a row for each frame that the network saw, and one for each gap between
/// them.
///
///     index  step       t_seconds    MLII  status
///     11016  3672  1763923532.12   -0.131  ok
///     11019  3673  1763923532.13    0.222  filled
///                                          missing 12
public struct WindowTable {
  /// Frames a second, and input rows a second.
  public let rate: Double
  public let inputRate: Double
  /// The columns: channels, or the model's inputs where two of them take one channel.
  public let columns: [String]
  public let rows: [Row]
  private let head: JSONValue

  public enum Row: Equatable {
    /// `t` in Unix seconds, nil where no time is known; the status is a quality, or `jump` after a gap whose length nobody
    /// knows.
    case frame(step: Int64, index: Int64, time: Double?, values: [Float], status: String)
    case missing(step: Int64, index: Int64, count: Int)
  }

  /// - Throws: `ServiceError` 65 where the answer is none about a window.
  public init(_ answer: ControlCaller.Answer) throws(ServiceError) {
    head = answer.value
    guard let rate = head["rate"]?.number, let inputRate = head["input_rate"]?.number,
      let ratio = head["ratio"]?.array?.compactMap(\.integer), ratio.count == 2, ratio[0] > 0, ratio[1] > 0,
      let inputs = head["inputs"]?.array, !inputs.isEmpty, let runs = head["runs"]?.array,
      let flaws = head["flaws"]?.array
    else { throw Self.foreign }
    (self.rate, self.inputRate) = (rate, inputRate)
    let channels = inputs.compactMap { $0["channel"]?.string }
    columns = Set(channels).count == inputs.count ? channels : inputs.compactMap { $0["input"]?.string }
    let values = answer.bytes.withUnsafeBytes { bytes in
      stride(from: 0, to: bytes.count - 3, by: 4).map { place in
        Float(bitPattern: UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt32.self)))
      }
    }
    let spans = runs.compactMap { run in
      run["step"]?.integer.flatMap { step in run["count"]?.integer.map { (step, Int($0)) } }
    }
    guard spans.allSatisfy({ $0.1 >= 0 }), spans.reduce(0, { $0 + $1.1 }) * inputs.count == values.count else {
      throw Self.foreign
    }
    var reader = Reader(ratio: (ratio[0], ratio[1]), width: inputs.count, inputRate: inputRate)
    reader.flaws = flaws.compactMap { flaw in
      guard let first = flaw["first"]?.integer, let count = flaw["count"]?.integer,
        let quality = flaw["quality"]?.string
      else { return nil }
      return (first..<first + count, quality)
    }
    if let time = head["time"], let index = time["index"]?.integer {
      reader.anchor = time["t_ns"]?.string.flatMap { Int64($0) }.map { (index, $0) }
    }
    rows = reader.rows(spans, values)
  }

  private static let foreign = ServiceError(
    .data, "the daemon's answer is about no window: is it of another version than this program?")

  // MARK: words

  /// What it is, then the table.
  public var lines: [String] { title + Figure.table([header] + rows.map { cells($0) }) }

  private var title: [String] {
    let inputs = (head["inputs"]?.array ?? []).map { input in
      let unit = input["unit"]?.string.map { " in \(Quoted.printable($0))" } ?? ""
      return Quoted.printable(input["channel"]?.string ?? "") + unit
    }
    var json = JSONWriter()
    json.write(head["conditioning"] ?? .null)
    return [
      "lane \(Quoted.printable(head["lane"]?.string ?? "")): \(frames) frames (\(Figure.text(seconds)) s) at "
        + "\(rate) Hz, of \(inputRate) Hz; labels speak of \(head["delay"]?.number ?? 0) s before",
      "\(inputs.joined(separator: ", ")), conditioned by \(json.text)",
    ]
  }

  /// How much there is.
  public var seconds: Double { Double(frames) / rate }

  private var frames: Int {
    rows.count { row in
      if case .frame = row { true } else { false }
    }
  }

  private var header: [String] { ["index", "step", "t"] + columns.map { Quoted.printable($0) } + ["status"] }

  private func cells(_ row: Row) -> [String] {
    switch row {
    case .frame(let step, let index, let time, let values, let status):
      ["\(index)", "\(step)", time.map { "\($0)" } ?? ""] + values.map { "\($0)" } + [status]
    case .missing(let step, let index, let count):
      ["\(index)", "\(step)", ""] + columns.map { _ in "" } + ["missing \(count)"]
    }
  }

  // MARK: for programs

  /// A head, then a line each; what is missing is empty.
  public var csv: [String] {
    ([header] + rows.map { cells($0) }).map { row in row.map { Self.quoted($0) }.joined(separator: ",") }
  }

  private static func quoted(_ cell: String) -> String {
    guard cell.contains(where: { ",\"\n\r".contains($0) }) else { return cell }
    return "\"\(cell.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\""))\""
  }

  /// The daemon's head, and the frames as columns; gaps between them under `missing`.
  public func write(into json: inout JSONWriter) {
    json.beginObject()
    for member in head.members ?? [] where !["bytes", "runs", "flaws", "time"].contains(member.key) {
      json.pair(member.key, member.value)
    }
    let frames = rows.compactMap { row in
      if case .frame(let step, let index, let time, let values, let status) = row {
        (step: step, index: index, time: time, values: values, status: status)
      } else {
        nil
      }
    }
    json.list("index", frames) { $1.write($0.index) }
    json.list("step", frames) { $1.write($0.step) }
    if frames.contains(where: { $0.time != nil }) { json.list("t", frames) { $1.write($0.time ?? .nan) } }
    json.key("values")
    json.beginObject()
    for (place, name) in columns.enumerated() { json.list(name, frames) { $1.write($0.values[place]) } }
    json.endObject()
    json.list("status", frames) { $1.write($0.status) }
    json.key("missing")
    json.beginArray()
    for case .missing(let step, let index, let count) in rows {
      json.beginObject()
      json.pair("step", Int(step))
      json.pair("index", Int(index))
      json.pair("count", count)
      json.endObject()
    }
    json.endArray()
    json.endObject()
  }
}

/// Makes rows of what the daemon sent.
private struct Reader {
  /// Frames per input row: p/q.
  let ratio: (p: Int64, q: Int64)
  let width: Int
  let inputRate: Double
  var flaws: [(rows: Range<Int64>, quality: String)] = []
  /// An input row and its Unix ns.
  var anchor: (index: Int64, nanoseconds: Int64)?

  func rows(_ runs: [(step: Int64, count: Int)], _ values: [Float]) -> [WindowTable.Row] {
    var rows: [WindowTable.Row] = []
    var expected: Int64?
    var place = 0
    for (start, count) in runs {
      if let expected, start > expected {
        rows.append(.missing(step: expected, index: index(of: expected), count: Int(start - expected)))
      }
      for step in start..<start + Int64(count) {
        let status = step == start && start == expected ? "jump" : quality(of: step, beginsRun: step == start)
        rows.append(
          .frame(
            step: step, index: index(of: step), time: time(of: index(of: step)),
            values: Array(values[place..<place + width]), status: status))
        place += width
      }
      expected = start + Int64(count)
    }
    return rows
  }

  /// The newest input row that a frame used.
  private func index(of step: Int64) -> Int64 {
    let whole = step / ratio.p
    return whole * ratio.q + step % ratio.p * ratio.q / ratio.p
  }

  /// What was missing between the runs is no flaw of the frame behind it.
  private func quality(of step: Int64, beginsRun: Bool) -> String {
    let last = index(of: step)
    let first = beginsRun || step == 0 ? last : min(index(of: step - 1) + 1, last)
    return flaws.last { $0.rows.overlaps(first..<last + 1) }?.quality ?? Quality.ok.name
  }

  private func time(of index: Int64) -> Double? {
    guard let anchor, inputRate > 0 || index == anchor.index else { return nil }
    let rest = inputRate > 0 ? Double(index - anchor.index) / inputRate : 0
    return ((Double(anchor.nanoseconds) / 1e9 + rest) * 1e6).rounded() / 1e6
  }
}
