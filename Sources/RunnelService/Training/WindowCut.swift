import RunnelCore
import RunnelInference
import RunnelPipeline

/// How records are cut into windows, in frames of the model's rate: window w covers frames w · hop ..< w · hop + length
/// of its record, as it would live.
public struct WindowCut: Sendable, Hashable {
  /// Which frame of a window the label is asked of.
  public enum Target: Sendable, Hashable {
    case frame(Int)
    /// Every one: y has a row per frame, and is gathered as x is.
    case all
  }

  public var length: Int
  public var hop: Int
  public var target: Target

  /// - Throws: `ServiceError` (64).
  public init(length: Int, hop: Int, target: Target) throws(ServiceError) {
    guard (1...ModelDescription.windowLimit).contains(length) else {
      throw ServiceError(.usage, "--window \(length): give 1 to \(ModelDescription.windowLimit) frames")
    }
    guard (1...ModelDescription.windowLimit).contains(hop) else {
      throw ServiceError(.usage, "--hop \(hop): give 1 to \(ModelDescription.windowLimit) frames")
    }
    if case .frame(let frame) = target, !(0..<length).contains(frame) {
      throw ServiceError(
        .usage,
        "--target \(frame): a window of \(length) frames has the frames 0 to \(length - 1); 'last' is \(length - 1)")
    }
    self.length = length
    self.hop = hop
    self.target = target
  }

  /// As people write them: numbers count frames, durations (`3s`) are turned into frames of `rate`.
  ///
  /// - Parameter target: `last`, `all`, or a frame from 0 on.
  public init(window: String, hop: String, target: String, rate: Double) throws(ServiceError) {
    let length = try Self.frames(window, "--window", rate)
    let place: Target
    switch target {
    case "last": place = .frame(length - 1)
    case "all": place = .all
    default:
      guard let frame = Int(target) else {
        throw ServiceError(.usage, "--target \(target): write last, all, or a frame of the window from 0 on")
      }
      place = .frame(frame)
    }
    try self.init(length: length, hop: try Self.frames(hop, "--hop", rate), target: place)
  }

  /// The windows of a windowed model, as its lanes cut them; nil for a carried one.
  public init?(_ plan: PipelinePlan) {
    let model = plan.model.description
    guard let window = model.window, let spoken = plan.spokenFrame else { return nil }
    (length, hop) = (window.length, model.hop)
    target = model.pattern == .manyToMany ? .all : .frame(Int(spoken))
  }

  private static func frames(_ text: String, _ option: String, _ rate: Double) throws(ServiceError) -> Int {
    if let count = Int(text) { return count }
    let frames = (try Double(duration: text, option: option) * rate).rounded()
    guard frames >= 1, frames <= Double(ModelDescription.windowLimit) else {
      throw ServiceError(
        .usage,
        "\(option) \(text) is \(Phrase.number(frames)) frames of \(Phrase.number(rate)) Hz: give 1 to \(ModelDescription.windowLimit)"
      )
    }
    return Int(frames)
  }

  /// Starts of the windows in a record, as rows from its first frame, and how many a missing frame crosses.
  ///
  /// - Parameters:
  ///   - first: the record's first frame on the session's grid, on which windows are anchored.
  func starts(first: Int64, marks: [ConditionedRecord.Mark]) -> (starts: [Int], leftOut: Int) {
    var (starts, leftOut): ([Int], Int) = ([], 0)
    var start = Int((Int64(hop) - first % Int64(hop)) % Int64(hop))
    // The last missing frame before `seen`.
    var (lastMissing, seen) = (-1, 0)
    while start + length <= marks.count {
      while seen < start + length {
        if marks[seen] == .missing { lastMissing = seen }
        seen += 1
      }
      if lastMissing >= start { leftOut += 1 } else { starts.append(start) }
      start += hop
    }
    return (starts, leftOut)
  }

  func json(into json: inout JSONWriter) {
    json.key("window")
    json.beginObject()
    json.pair("length", length)
    json.pair("hop", hop)
    json.key("target")
    switch target {
    case .frame(let frame): json.write(frame)
    case .all: json.write("all")
    }
    json.endObject()
  }
}
