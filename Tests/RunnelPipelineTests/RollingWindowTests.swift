import RunnelPipeline
import Testing

@Suite struct RollingWindowTests {
  @Test func `the newest frames are one span, oldest first, at every fill`() {
    var window = RollingWindow(length: 3, features: 2)
    var expected: [[Float]] = []
    for t in 0..<20 {
      let frame: [Float] = [Float(t), Float(-t)]
      window.push(frame)
      expected.append(frame)
      if expected.count > 3 { expected.removeFirst() }
      #expect(window.withNewest { Array($0) } == expected.flatMap { $0 })
    }
    window.clear()
    #expect(window.withNewest { Array($0) } == [])
  }
}
