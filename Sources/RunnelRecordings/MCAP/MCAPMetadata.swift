import RunnelCore

/// Names and values beside the messages of a file.
public struct MCAPMetadata: Sendable, Hashable {
  public var name: String
  public var values: [String: String]

  /// - Parameter content: as `MCAPReader` gives it.
  public init(_ content: [UInt8], file: String) throws(RecordingError) {
    var fields = FileFields(content, file: file)
    name = try fields.mcapString("a name")
    values = try fields.mcapMap("values")
  }
}

/// A file beside the messages of a file.
public struct MCAPAttachment: Sendable, Hashable {
  public var name: String
  public var mediaType: String
  public var data: [UInt8]

  /// - Parameter content: as `MCAPReader` gives it.
  public init(_ content: [UInt8], file: String) throws(RecordingError) {
    var fields = FileFields(content, file: file)
    _ = try fields.take(16, "times")
    name = try fields.mcapString("a name")
    mediaType = try fields.mcapString("a type")
    let size = Int(clamping: try fields.integer(UInt64.self, "a size"))
    data = Array(try fields.take(size, "an attachment"))
  }
}
