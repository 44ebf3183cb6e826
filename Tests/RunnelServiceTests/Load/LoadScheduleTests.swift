import Testing

@testable import RunnelService

@Suite struct LoadScheduleTests {
  let schedule = LoadSchedule(start: 1000, first: 3, interval: 100, streams: 4, rows: 10)

  @Test func `streams take their turns evenly within an interval`() {
    #expect((0..<4).map { schedule.due(message: 3, stream: $0) } == [1000, 1025, 1050, 1075])
    #expect(schedule.due(message: 5, stream: 1) == 1225)
  }

  @Test func `a row is due with its message`() {
    #expect(schedule.due(row: 30, stream: 0) == 1000)
    #expect(schedule.due(row: 39, stream: 0) == 1000)
    #expect(schedule.due(row: 40, stream: 2) == 1150)
  }

  @Test func `rows before the schedule, and any where messages come as they are taken, are never due`() {
    #expect(schedule.due(row: 29, stream: 0) == nil)
    let free = LoadSchedule(start: 0, first: 0, interval: 0, streams: 1, rows: 1)
    #expect(free.due(row: 5, stream: 0) == nil)
  }
}
