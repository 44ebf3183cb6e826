import RunnelCore
import RunnelLabels
import RunnelPipeline
import RunnelWire

/// A recording of messages being labelled, all of its streams and sessions.
///
/// Lines and MCAP say with each label which stream it is of, and take them all. The other forms are files about one
/// recording, whose places are counted in its rows: each session has one of its own, `ward-bed7.csv`, `ward-bed7-2.csv`
/// where `ward.csv` was asked for, and that name itself where there is one session only.
struct MessageWork {
  let run: LabelRun
  let recording: WholeRecording
  let say: (LabelRun.Word) -> Void
  let progress: (Int, Int) -> Void

  func label(to place: String?) throws(ServiceError) {
    for remark in recording.remarks { say(.message("warning: \(remark)")) }
    switch run.form {
    case .mcap: try writeMessages(to: place ?? "")
    case .csv, .edf, .atr: try writeSessions(to: place ?? "")
    case .text, .jsonl, nil: try writeLines(run.form == .text ? .live : .json(canonical: run.canonical), to: place)
    }
  }

  private func writeLines(_ form: LabelLines.Form, to place: String?) throws(ServiceError) {
    var messages = try RecordedMessages(recording.files)
    let remarks: [String]
    if let place {
      var file = try LineFile(form, place)
      remarks = try run.labeller.label(&messages, into: &file, progress: progress).remarks
      say(.message("\(place): \(try file.finish()) lines"))
    } else {
      let pending = Pending(say)
      var sink = LabelLines(form) { pending.append($0) }
      remarks = try run.labeller.label(&messages, into: &sink) { done, total in
        if run.isWatched { pending.flush() }
        progress(done, total)
      }.remarks
      pending.flush()
    }
    warn(remarks)
  }

  private func writeMessages(to place: String) throws(ServiceError) {
    var messages = try RecordedMessages(recording.files)
    var output = LabelOutput(.mcap, place, rate: nil, start: nil, library: run.library)
    let remarks = try run.labeller.label(&messages, into: &output, progress: progress).remarks
    say(.message("\(place): \(try output.finish()) messages"))
    warn(remarks)
  }

  private func writeSessions(to place: String) throws(ServiceError) {
    guard let form = run.form?.marks else { preconditionFailure("lines are written otherwise") }
    var messages = try RecordedMessages(recording.files)
    let (sessions, remarks) = try run.labeller.sessions(of: &messages, progress: progress)
    let places =
      sessions.count == 1
      ? [place] : Self.names(of: sessions.map(\.session)).map { LabelPlaces.place(place, ofSession: $0) }
    try OutputPlace.check(places, apartFrom: recording.files)
    if form == .atr { for part in sessions { try checkLane(of: part.session) } }
    for (part, place) in zip(sessions, places) {
      var output = LabelOutput(form, place, rate: part.session.rate, start: part.start, library: run.library)
      for label in part.labels { output.publish(label, arrived: 0) }
      say(.message("\(place): \(try output.finish()) labels"))
    }
    warn(remarks)
  }

  private func warn(_ remarks: [String]) { for remark in remarks { say(.message("warning: \(remark)")) } }

  private func checkLane(of session: Session) throws(ServiceError) {
    let lanes = run.labeller.plans.flatMap { plan in
      ((try? plan.lanes(on: session)) ?? []).map { Labeller.Lane(pipeline: plan.name, channel: $0) }
    }
    if lanes.count > 1 { throw .severalLanes(lanes) }
  }

  /// Names that can be told apart and stand in a file's name: the stream's, and `bed7-2` for its second session.
  static func names(of sessions: [Session]) -> [String] {
    var taken: Set<String> = []
    return sessions.map { session in
      let name = session.stream.stream.replacing("/", with: "%2F")
      var (own, number) = (name, 1)
      while !taken.insert(own).inserted {
        number += 1
        own = "\(name)-\(number)"
      }
      return own
    }
  }
}

/// Gathers small writes.
final class Pending {
  private var bytes: [UInt8] = []
  private let say: (LabelRun.Word) -> Void
  private static let size = 1 << 16

  init(_ say: @escaping (LabelRun.Word) -> Void) { self.say = say }

  func append(_ more: UnsafeRawBufferPointer) {
    bytes.append(contentsOf: more)
    if bytes.count >= Self.size { flush() }
  }

  func flush() {
    guard !bytes.isEmpty else { return }
    say(.output(bytes))
    bytes.removeAll(keepingCapacity: true)
  }
}
