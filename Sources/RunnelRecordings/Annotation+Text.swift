import RunnelCore

extension Annotation {
  /// A mark of a format that has only texts: one character that is a symbol of the MIT format is that code, anything
  /// else a comment.
  init(_ text: String, at: Int64, length: Int64) {
    if text.count == 1, let code = AnnotationCode(symbol: text.first ?? " "), code != .comment {
      self.init(at: at, code: code, length: length)
    } else {
      self.init(at: at, code: .comment, text: text, length: length)
    }
  }
}

extension [Annotation] {
  /// In the order of their places; those of one place stay as they were.
  func sortedByPlace() -> [Annotation] {
    enumerated().sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }.map(\.element)
  }
}
