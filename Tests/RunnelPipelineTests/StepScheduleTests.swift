import RunnelCore
import Testing

@testable import RunnelPipeline

/// Schedules drawn as text, one line a place, one character a frame: `●` a step whose scores count, `○` one whose do
/// not, `s` and `S` the same with a reset before it, `.` none.
@Suite struct StepScheduleTests {
  @Test func `one carried state steps with every frame, and each step counts`() {
    #expect(drawn(.carried, frames: 5..<12) == ["●●●●●●●"])
  }

  @Test func `windows begin on the grid of the session, each in the place of one that ended`() {
    #expect(drawn(.sideBySide(hop: 2, length: 4), frames: 0..<10) == ["s○○●s○○●s○", "..s○○●s○○●"])
    #expect(drawn(.sideBySide(hop: 3, length: 2), frames: 0..<8) == ["s●.s●.s●"])
    #expect(
      drawn(.sideBySide(hop: 2, length: 5), frames: 0..<10) == ["s○○○●.s○○○", "..s○○○●.s○", "....s○○○●."])
    #expect(drawn(.sideBySide(hop: 1, length: 1), frames: 0..<3) == ["SSS"])
  }

  @Test func `who joins late steps the windows that begin after it, and the others are left out`() {
    var leftOut: Int64 = 0
    //                                                  5678901234
    #expect(drawn(.sideBySide(hop: 2, length: 4), frames: 5..<15, leftOut: &leftOut) == ["...s○○●s○○", ".s○○●s○○●s"])
    #expect(leftOut == 2, "windows 1 and 2, of frames 2 ..< 6 and 4 ..< 8")
    leftOut = 0
    _ = drawn(.sideBySide(hop: 2, length: 4), frames: 6..<9, leftOut: &leftOut)
    #expect(leftOut == 1, "window 2 misses frames 4 and 5; window 3 begins with frame 6")
    leftOut = 0
    _ = drawn(.sideBySide(hop: 10, length: 4), frames: 5..<30, leftOut: &leftOut)
    #expect(leftOut == 0, "between two windows nobody misses anything")
  }

  @Test func `frames that never came leave out the windows they belong to, each once`() {
    let schedule = StepSchedule(.sideBySide(hop: 2, length: 4))
    var (state, leftOut) = schedule.open(at: 0)
    for frame in 0..<Int64(5) { leftOut += take(schedule, frame, &state) }
    #expect(leftOut == 0)
    for frame in 8..<Int64(14) { leftOut += take(schedule, frame, &state) }
    #expect(leftOut == 3, "windows 1, 2 and 3; windows 4 and 5 are whole")
    leftOut += schedule.interrupt(&state, at: 14)
    #expect(leftOut == 4, "the end comes in the middle of window 6")
  }

  @Test func `an interruption without a missing frame leaves out the windows across it`() {
    let schedule = StepSchedule(.whole(hop: 1, length: 3))
    var (state, _) = schedule.open(at: 0)
    for frame in 0..<Int64(10) { _ = take(schedule, frame, &state) }
    for window in 0..<Int64(8) { schedule.settle(window: window, &state) }
    #expect(schedule.interrupt(&state, at: 10) == 2, "windows 8 and 9")
    #expect(schedule.window(endingAt: 11, state) == nil)
    #expect(schedule.window(endingAt: 12, state) == 10)
  }

  @Test func `a window that failed takes no more steps and is left out at its end`() {
    let schedule = StepSchedule(.sideBySide(hop: 2, length: 4))
    var (state, leftOut) = schedule.open(at: 0)
    _ = take(schedule, 0, &state)
    leftOut += schedule.fail(.init(place: 0, step: 1, starts: false, counts: false), at: 1, &state)
    var rows: [Int] = []
    for frame in 2..<Int64(6) { leftOut += schedule.take(frame, &state) { rows.append($0.place) } }
    #expect(rows == [1, 1, 1, 0, 1, 0], "place 0 rests until window 2 begins")
    #expect(leftOut == 1)
  }

  @Test func `a shadow warms up before each multiple of the age and takes over there`() {
    #expect(drawn(.renewed(age: 6, lead: 2), frames: 0..<14) == ["●●●●●●....s○●●", "....s○●●●●●●.."])
  }

  @Test func `a lane that joined after the shadow should have begun goes on with its own state`() {
    //                                                   56789012345678
    #expect(drawn(.renewed(age: 6, lead: 2), frames: 5..<19) == ["●●●●●●●....s○●", ".....s○●●●●●●."])
  }

  @Test func `a reset ends the shadow, and a gap that is carried lets it warm up behind it`() {
    let schedule = StepSchedule(.renewed(age: 6, lead: 2))
    var (state, _) = schedule.open(at: 0)
    for frame in 0..<Int64(5) { _ = take(schedule, frame, &state) }
    _ = schedule.reset(&state, at: 5)
    #expect(rows(schedule, 5..<8, &state) == ["0", "0", "0"])
    _ = rows(schedule, 8..<11, &state)
    _ = schedule.interrupt(&state, at: 13)
    // The shadow of frame 10 has had one frame of two, and frames 11 and 12 were lost.
    #expect(rows(schedule, 13..<15, &state) == ["01", "1"])
    _ = rows(schedule, 15..<16, &state)
    // The shadow of frame 16 begins behind the gap that swallowed it.
    _ = schedule.interrupt(&state, at: 20)
    #expect(rows(schedule, 20..<23, &state) == ["10", "10", "01"])
    // What begins anew behind a gap is as fresh as a shadow would be.
    _ = schedule.reset(&state, at: 23)
    _ = schedule.interrupt(&state, at: 29)
    #expect(rows(schedule, 29..<34, &state) == ["0", "0", "0", "0", "0"])
  }

  @Test(arguments: 0..<200)
  func `every window is labelled or left out, whatever the losses`(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let (hop, length) = (Int64(1 + random.below(7)), Int64(1 + random.below(12)))
    let schedule = StepSchedule(
      random.below(2) == 0 ? .sideBySide(hop: hop, length: length) : .whole(hop: hop, length: length))
    let first = Int64(random.below(3) == 0 ? 0 : random.below(40)) + (random.below(4) == 0 ? 1 << 31 : 0)
    var (state, leftOut) = schedule.open(at: first)
    var frame = first
    var labelled: [Int64] = []
    for _ in 0..<200 {
      if random.below(12) == 0 {
        frame += Int64(random.below(20))
        leftOut += schedule.interrupt(&state, at: frame)
      }
      var counts = 0
      leftOut += schedule.take(frame, &state) { if $0.counts { counts += 1 } }
      if let window = schedule.window(endingAt: frame, state) {
        #expect(schedule.places == 0 || counts == 1)
        schedule.settle(window: window, &state)
        labelled.append(window)
      } else {
        #expect(counts == 0)
      }
      frame += 1
    }
    leftOut += schedule.interrupt(&state, at: frame)
    let oldest = (0...).first { ($0 + (first > 1 << 30 ? (1 << 31) / hop - 99 : 0)) * hop + length > first }!
    let base = oldest + (first > 1 << 30 ? (1 << 31) / hop - 99 : 0)
    let newest = (frame - 1) / hop
    #expect(Int64(labelled.count) + leftOut == newest - base + 1)
    #expect(labelled == labelled.sorted() && Set(labelled).count == labelled.count)
  }

  @Test func `windows that gaps of any length leave out stop the count, not the daemon`() {
    let schedule = StepSchedule(.sideBySide(hop: 1, length: 4))
    var counts = LaneCounts()
    for _ in 0..<1025 {
      var (state, _) = schedule.open(at: 0)
      counts.leaveOut(windows: schedule.interrupt(&state, at: StreamAdmission.lastIndex))
    }
    #expect(counts.windowsLeftOut == .max)
    counts += counts
    #expect(counts.windowsLeftOut == .max)
  }

  // MARK: drawing

  private func drawn(_ way: StepSchedule.Way, frames: Range<Int64>) -> [String] {
    var leftOut: Int64 = 0
    return drawn(way, frames: frames, leftOut: &leftOut)
  }

  private func drawn(_ way: StepSchedule.Way, frames: Range<Int64>, leftOut: inout Int64) -> [String] {
    let schedule = StepSchedule(way)
    var lines = Array(repeating: "", count: schedule.places)
    var (state, first) = schedule.open(at: frames.lowerBound)
    leftOut += first
    for frame in frames {
      var column = Array(repeating: ".", count: schedule.places)
      leftOut += schedule.take(frame, &state) { row in
        column[row.place] = row.starts ? (row.counts ? "S" : "s") : (row.counts ? "●" : "○")
      }
      if let window = schedule.window(endingAt: frame, state) { schedule.settle(window: window, &state) }
      for place in lines.indices { lines[place] += column[place] }
    }
    return lines
  }

  private func take(_ schedule: StepSchedule, _ frame: Int64, _ state: inout StepSchedule.State) -> Int64 {
    let leftOut = schedule.take(frame, &state) { _ in }
    if let window = schedule.window(endingAt: frame, state) { schedule.settle(window: window, &state) }
    return leftOut
  }

  private func rows(
    _ schedule: StepSchedule, _ frames: Range<Int64>, _ state: inout StepSchedule.State
  ) -> [String] {
    frames.map { frame in
      var places = ""
      _ = schedule.take(frame, &state) { places += "\($0.place)" }
      return places
    }
  }
}
