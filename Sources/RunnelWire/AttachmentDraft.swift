import RunnelCore

/// What a label's JSON says of the frames that go with it, while its keys come in.
///
///     "attached":{"first":3552,"rate":120,"columns":1,"rows":241,"cut":true,"samples":[…]}
struct AttachmentDraft {
  private var first: Int64?
  private var rate: Double?
  private var columns: Int64?
  private var rows: Int64?
  private var isCut = false
  private var samples: [Float] = []
  private var isThere = false

  mutating func read(_ fields: inout JSONFields) throws(DecodeError) {
    guard try fields.beginObject("what is attached") else { return }
    isThere = true
    var isFirst = true
    while let key = try fields.key(&isFirst) {
      if fields.matches(key, "first") {
        first = try fields.index("the first frame's index")
      } else if fields.matches(key, "rate") {
        rate = try fields.number("frames a second")
      } else if fields.matches(key, "columns") {
        columns = try fields.index("a count of values")
      } else if fields.matches(key, "rows") {
        rows = try fields.index("a count of frames")
      } else if fields.matches(key, "cut") {
        isCut = try fields.bool("true or false") ?? false
      } else if fields.matches(key, "samples") {
        guard try fields.beginArray("a list of samples") else { continue }
        var isFirst = true
        while try fields.element(&isFirst) { samples.append(try fields.float("a sample") ?? .nan) }
      } else {
        try fields.skip()
      }
    }
  }

  /// Nil where nothing is attached.
  func finish(_ fields: JSONFields, isDecision: Bool, limits: WireLimits) throws(DecodeError) -> LabelAttachment? {
    guard isThere else { return nil }
    guard isDecision else { throw fields.error(at: 0, "\"attached\" of a label or an event only") }
    guard let first, let rate, let columns, let rows, WireLimits.rates.contains(rate), (1...4096).contains(columns),
      rows <= limits.rows
    else { throw fields.error(at: 0, "\"first\", \"rate\", \"columns\" and \"rows\" of \"attached\"") }
    guard samples.isEmpty || samples.count == Int(rows * columns) else {
      throw fields.error(at: 0, "\"rows\" × \"columns\" of \"samples\"")
    }
    return LabelAttachment(
      first: first, rate: rate, columns: Int(columns), rows: Int(rows), values: samples, isCut: isCut)
  }
}
