import RunnelCore

/// A file of annotations in the MIT format (`NAME.atr` and the like, docs/foreign-formats.md §7): beats and other marks
/// of a recording, in the order of the file.
///
///     let truth = try AnnotationFile(contentsOf: "mitdb/119.atr")
///     for mark in truth.annotations where mark.code.isBeat { … }
///
/// An annotation's `at` counts ticks of `resolution` where the file states one, else rows of the record. Code 0, a
/// place holder, is kept. Texts lose the zero bytes some writers end them with.
public struct AnnotationFile: Sendable, Hashable {
  public var annotations: [Annotation]
  /// Ticks per second, where the file has its own (a `## time resolution:` note at the start, not among the
  /// annotations); nil means the record's rate.
  public var resolution: Double?

  public init(_ annotations: [Annotation] = [], resolution: Double? = nil) {
    self.annotations = annotations
    self.resolution = resolution
  }

  /// The annotations with `at` in rows of a record of so many rows per second, rounded to the nearest.
  public func annotations(rate: Double) -> [Annotation] {
    guard let resolution, resolution != rate else { return annotations }
    return annotations.map { annotation in
      var moved = annotation
      moved.at = Int64(nearest: Double(annotation.at) * rate / resolution)
      return moved
    }
  }

  /// Reads a file of at most 256 MiB.
  public init(contentsOf path: String) throws(RecordingError) {
    try self.init(parsing: try ByteFile.read(path, limit: 256 << 20), file: path)
  }

  /// Writes the file as one act: whole or not at all.
  public func write(to path: String) throws(RecordingError) {
    try ByteFile.write(try encoded(file: path), to: path)
  }

  static let resolutionText = "## time resolution: "

  /// The words that are no annotation (codes 59 to 63).
  enum Word {
    static let skip: UInt16 = 59
    static let number: UInt16 = 60
    static let subtype: UInt16 = 61
    static let channel: UInt16 = 62
    static let text: UInt16 = 63
  }
}
