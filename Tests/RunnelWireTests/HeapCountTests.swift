import RunnelTesting
import Testing

@Suite struct HeapCountTests {
  @Test(.enabled(if: allocationsAreCounted)) func `an array that grows is counted and arithmetic is not`() {
    var sum = 0
    #expect(allocations { for n in 0..<1000 { sum &+= n } } == 0)
    var grown: [Int] = []
    #expect(allocations { for n in 0..<1000 { grown.append(n + sum) } } > 0)
    #expect(grown.count == 1000)
  }

  final class Thing {}

  @Test func `a reference that is kept is counted and arithmetic is not`() {
    var sum = 0
    #expect(references { for n in 0..<1000 { sum &+= n } } == 0)
    let thing = Thing()
    var kept: [Thing] = []
    #expect(references { for _ in 0..<1000 { kept.append(thing) } } >= 1000)
    #expect(kept.count == 1000 && sum > 0)
  }
}
