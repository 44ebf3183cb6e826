import RunnelCore
import RunnelPipeline
import RunnelWire

/// Label messages taken as beats: point events called N, S, V, F or Q (or `unknown`, which is Q), as annotations.
///
/// Statuses say nothing of beats and pass by. Anything else is no beat, and the first such message is kept as the
/// `mistake` with which nothing should be done.
public struct BeatLabels: LabelSink, Sendable {
  public private(set) var annotations: [Annotation] = []
  public private(set) var mistake: String?
  private var sequences: Set<UInt64> = []

  public init() {}

  public mutating func publish(_ label: LabelMessage, arrived: Int64) {
    if let problem = take(label) { mistake = mistake ?? problem }
  }

  /// What is wrong with a message, or nil.
  mutating func take(_ label: LabelMessage) -> String? {
    switch label.kind {
    case .status, .heartbeat: return nil
    case .label, .event(.onset, _), .event(.offset, _):
      return """
        labels of \(label.pipeline) are no points in time, and beats are: give its `decide` the rule `emit: peaks`
        """
    case .event(.point, _): break
    }
    // A repeat for a late subscriber has the seq of its original.
    guard sequences.insert(label.sequence).inserted else { return nil }
    let name = label.label ?? ""
    guard let code = Self.code(of: name) else {
      return "label '\(name)' is no class of beats: N, S, V, F, Q or unknown"
    }
    annotations.append(Annotation(at: label.at ?? 0, code: code))
    return nil
  }

  static func code(of label: String) -> AnnotationCode? {
    switch label {
    case "N", "S", "V", "F", "Q": AnnotationCode(symbol: Character(label))
    case "unknown": AnnotationCode(symbol: "Q")
    default: nil
    }
  }
}
