import RunnelCore
import RunnelPipeline
import RunnelWire

/// Label messages as lines of text, handed on as they come.
public struct LabelLines: LabelSink {
  public enum Form: Sendable {
    /// One label message as in docs/wire-format.md §8, JSON.
    case json(canonical: Bool)
    /// For people: time in the recording, sample index, label, score, and whatever is amiss.
    case text(rate: Double)
    /// The same of several streams, as `runnel watch` shows them.
    case live
  }

  /// Lines written.
  public private(set) var count = 0
  private let form: Form
  private var encoder: LabelEncoder
  private let write: (UnsafeRawBufferPointer) -> Void

  /// - Parameter write: takes bytes, whole lines.
  public init(_ form: Form, write: @escaping (UnsafeRawBufferPointer) -> Void) {
    self.form = form
    self.write = write
    if case .json(let canonical) = form {
      encoder = LabelEncoder(canonical: canonical, inlinesSamples: true)
    } else {
      encoder = LabelEncoder()
    }
  }

  public mutating func publish(_ label: LabelMessage, arrived: Int64) {
    switch form {
    case .json(let canonical):
      if canonical && !label.isCanonical { return }
      encoder.encode(label, write)
      withUnsafeBytes(of: UInt8(ascii: "\n"), write)
    case .text(let rate):
      var line = Self.line(label, rate: rate) + "\n"
      line.withUTF8 { write(UnsafeRawBufferPointer($0)) }
    case .live:
      var line = LabelLine.text(label) + "\n"
      line.withUTF8 { write(UnsafeRawBufferPointer($0)) }
    }
    count += 1
  }

  /// `   1:23.456     29924  MLII  V      97 %`, and of a sequence `   1:23.456     29924  MLII  N N V`
  static func line(_ label: LabelMessage, rate: Double) -> String {
    let at = label.at ?? 0
    let place = "\(time(Double(at) / rate)) \(padded("\(at)", 10))  \(label.channel)  "
    switch label.kind {
    case .label: return place + decided(label)
    case .event(.point, _): return place + decided(label)
    case .event(let phase, let number): return place + decided(label) + "  \(phase.rawValue) \(number)"
    case .status(let status, let reason):
      let range = label.first == label.last ? "" : " \(label.first ?? 0) to \(label.last ?? 0)"
      let isSaid = reason == nil || reason == status.rawValue
      return place + "\(status.rawValue)\(isSaid ? "" : " (\(reason ?? ""))")\(range)"
    case .heartbeat: return place + "heartbeat"
    }
  }

  private static func decided(_ label: LabelMessage) -> String {
    var text = label.steps.map(LabelLine.sequence) ?? label.label ?? ""
    if label.steps == nil, let p = label.p {
      text += String(repeating: " ", count: max(1, 6 - text.count)) + percent(p)
    }
    if let quality = label.quality, quality != .ok { text += "  \(quality.name)" }
    return text
  }

  private static func percent(_ p: Float) -> String { padded("\(Int((p * 100).rounded()))", 3) + " %" }

  /// Minutes, seconds and thousandths, wide enough for hours.
  private static func time(_ seconds: Double) -> String {
    let thousandths = Int((seconds * 1000).rounded())
    let (minutes, rest) = (thousandths / 60000, abs(thousandths % 60000))
    let digits = String(100_000 + rest).dropFirst()
    return padded("\(minutes):\(digits.prefix(2)).\(digits.suffix(3))", 11)
  }

  private static func padded(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }
}
