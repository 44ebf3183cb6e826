import RunnelWire

/// Where labels go: a socket, a file, a test.
public protocol LabelSink {
  /// - Parameters:
  ///   - label: whole but for its latency; borrowed until the call returns.
  ///   - arrived: monotonic ns when the message that brought it about came in; 0 where none did.
  mutating func publish(_ label: LabelMessage, arrived: Int64)
}

/// How a label leaves the pipeline: what `LabelSink.publish` takes. A closure and not a type parameter, for generic code
/// that another module calls would run unspecialised from a chunk to its labels.
typealias Publish = (_ label: LabelMessage, _ arrived: Int64) -> Void
