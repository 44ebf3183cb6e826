import RunnelCore

/// Where the readers of maps put what a path led to, with the place of what is wrong.
struct FieldSink {
  let bytes: UnsafeRawBufferPointer
  /// Which part of the message, for errors.
  let part: Int
  let values: FieldValues
  private let rowLimit: Int

  init(bytes: UnsafeRawBufferPointer, part: Int, values: FieldValues, limits: WireLimits) {
    self.bytes = bytes
    self.part = part
    self.values = values
    // In one byte a format may say a number that takes eight here.
    rowLimit = min(limits.rows, limits.messageBytes / (8 * values.channels))
  }

  /// - Parameters:
  ///   - inList: a row after others; elsewhere a second value of one channel is a repeated key.
  ///   - start: where the value stands.
  func take(
    _ number: FieldValues.Number, _ target: FieldTree.Target, inList: Bool, _ start: Int
  ) throws(DecodeError) {
    let count = values.count(target)
    if !inList, count > 0 { throw wrong(start, "each key once") }
    guard count < rowLimit else {
      throw DecodeError(
        .limit, part: part, byteOffset: start, expected: "at most \(rowLimit) rows of \(values.channels) channels",
        found: "more")
    }
    if let expected = values.take(number, for: target) { throw wrong(start, "\(expected)") }
  }

  func wrong(_ start: Int, _ expected: String) -> DecodeError {
    DecodeError(.malformed, part: part, byteOffset: start, expected: expected, found: excerpt(bytes, at: start))
  }
}
