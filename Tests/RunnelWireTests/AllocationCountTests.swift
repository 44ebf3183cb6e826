import RunnelTesting
import Testing

@Suite struct AllocationCountTests {
  @Test(.enabled(if: allocationsAreCounted)) func `an array that grows is counted and arithmetic is not`() {
    var sum = 0
    #expect(allocations { for n in 0..<1000 { sum &+= n } } == 0)
    var grown: [Int] = []
    #expect(allocations { for n in 0..<1000 { grown.append(n + sum) } } > 0)
    #expect(grown.count == 1000)
  }
}
