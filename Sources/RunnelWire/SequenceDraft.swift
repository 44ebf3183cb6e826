import RunnelCore

/// The steps of a label that is a sequence, while their keys come in, in whatever order.
struct SequenceDraft {
  private var labels: [String]?
  private var ids: [Int?]?
  private var ps: [Float]?
  /// A list of each step; nil where the scores were plain numbers.
  private var scores: [[Float]]?
  private var step: Double?

  /// False where the key is none of a sequence's.
  mutating func read(_ key: Range<Int>, _ fields: inout JSONFields) throws(DecodeError) -> Bool {
    if fields.matches(key, "labels") {
      labels = try fields.list("a list of labels") { (fields) throws(DecodeError) in
        let start = fields.valueStart
        guard let label = try fields.string("a label") else { throw fields.error(at: start, "a label") }
        return label
      }
    } else if fields.matches(key, "ids") {
      ids = try fields.list("a list of class numbers") { (fields) throws(DecodeError) in
        try fields.index("a class number").map { Int($0) }
      }
    } else if fields.matches(key, "ps") {
      ps = try fields.list("a list of scores") { (fields) throws(DecodeError) in try fields.score() }
    } else if fields.matches(key, "step") {
      let start = fields.valueStart
      step = try fields.number("samples from step to step")
      if let step, step <= 0 { throw fields.error(at: start, "samples from step to step, above 0") }
    } else {
      return false
    }
    return true
  }

  /// Numbers, of one label, or a list of numbers for each step.
  mutating func readScores(_ plain: inout [Float], _ fields: inout JSONFields) throws(DecodeError) {
    guard try fields.beginArray("a list of scores") else { return }
    var first = true
    while try fields.element(&first) {
      let start = fields.valueStart
      guard start < fields.bytes.count, fields.bytes[start] == UInt8(ascii: "[") else {
        if scores != nil { throw fields.error(at: start, "a list of scores for each step") }
        plain.append(try fields.score())
        continue
      }
      if !plain.isEmpty { throw fields.error(at: start, "a score") }
      scores = scores ?? []
      scores?.append(try fields.list("a list of scores") { (fields) throws(DecodeError) in try fields.score() } ?? [])
    }
  }

  /// - Returns: nil where the message is no sequence.
  func finish(_ fields: JSONFields, isDecision: Bool) throws(DecodeError) -> LabelSequence? {
    guard let labels else {
      if ids != nil || ps != nil || scores != nil || step != nil {
        throw fields.error(at: 0, "\"labels\" of a sequence")
      }
      return nil
    }
    guard isDecision else { throw fields.error(at: 0, "\"labels\" of a label only") }
    guard let ids, let ps, ids.count == labels.count, ps.count == labels.count else {
      throw fields.error(at: 0, "\"ids\" and \"ps\", one for each of \"labels\"")
    }
    let scores = scores ?? []
    let classes = scores.first?.count ?? 0
    guard scores.isEmpty || (scores.count == labels.count && scores.allSatisfy { $0.count == classes && classes > 0 })
    else {
      throw fields.error(at: 0, "\"scores\", a list of equal length for each of \"labels\"")
    }
    return LabelSequence(labels: labels, ids: ids, ps: ps, scores: scores.flatMap { $0 }, step: step)
  }
}

extension JSONFields {
  /// Nil where there is `null`.
  fileprivate mutating func list<T>(
    _ expected: String, _ item: (inout JSONFields) throws(DecodeError) -> T
  ) throws(DecodeError) -> [T]? {
    guard try beginArray(expected) else { return nil }
    var items: [T] = []
    var first = true
    while try element(&first) { items.append(try item(&self)) }
    return items
  }

  /// One of a list: `null` reads as NaN, which no encoder writes.
  fileprivate mutating func score() throws(DecodeError) -> Float { try float("a score") ?? .nan }
}
