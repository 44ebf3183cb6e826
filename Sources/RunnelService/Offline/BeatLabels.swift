import RunnelCore
import RunnelLabels
import RunnelPipeline
import RunnelWire

/// Label messages taken as beats: point events called N, S, V, F or Q (or `unknown`, which is Q), as annotations.
///
/// Statuses say nothing of beats and pass by. Anything else is no beat, and the first such message is kept as the
/// `mistake` with which nothing should be done.
public struct BeatLabels: LabelSink, Sendable {
  public private(set) var annotations: [Annotation] = []
  public private(set) var mistake: String?
  private var list = MarkList()

  public init() {}

  public mutating func publish(_ label: LabelMessage, arrived: Int64) {
    guard list.take(label), let mark = list.marks.last else { return }
    do throws(Mistake) { annotations.append(try Self.beat(mark)) } catch { mistake = mistake ?? error.sentence }
  }

  /// Why a label is no beat.
  struct Mistake: Error {
    var sentence: String
  }

  static func beat(_ mark: LabelMark) throws(Mistake) -> Annotation {
    guard mark.extent == .point else {
      throw Mistake(
        sentence: """
          labels of \(mark.lane.pipeline ?? "it") are no points in time, and beats are: give its `decide` the rule \
          `emit: peaks`, or score them as states, with --episodes
          """)
    }
    guard let code = code(of: mark.label) else {
      throw Mistake(
        sentence:
          "label '\(mark.label)' is no class of beats: N, S, V, F, Q or unknown; states are scored with --episodes")
    }
    return Annotation(at: mark.at, code: code)
  }

  static func code(of label: String) -> AnnotationCode? {
    switch label {
    case "N", "S", "V", "F", "Q": AnnotationCode(symbol: Character(label))
    case "unknown": AnnotationCode(symbol: "Q")
    default: nil
    }
  }
}
