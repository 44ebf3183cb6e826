import RunnelCore
import RunnelPipeline
import Testing

@Suite struct RollingWindowTests {
  @Test func `the newest frames are one span, oldest first, at every fill`() {
    var window = RollingWindow(length: 3, features: 2)
    var expected: [[Float]] = []
    for t in 0..<20 {
      let frame: [Float] = [Float(t), Float(-t)]
      window.push(frame, step: Int64(t))
      expected.append(frame)
      if expected.count > 3 { expected.removeFirst() }
      #expect(window.withNewest { Array($0) } == expected.flatMap { $0 })
    }
    window.breakOff()
    #expect(window.withNewest { Array($0) } == [])
  }

  @Test func `what is left of older runs is there too, and each frame keeps its index`() {
    var random = SeededGenerator(seed: 3)
    for length in [1, 2, 5, 16] {
      var window = RollingWindow(length: length, features: 1)
      var kept: [Int64] = []
      var newest = 0
      var step: Int64 = 40
      for _ in 0..<300 {
        let jump = random.uniform() < 0.2 ? Int64(1 + 9 * random.uniform()) : 0
        let breaks = jump > 0 || random.uniform() < 0.1
        if breaks, random.uniform() < 0.5 || jump == 0 { window.breakOff() }
        if breaks { newest = 0 }
        step += jump
        window.push([Float(step)], step: step)
        kept = (kept + [step]).suffix(length)
        newest = min(newest + 1, length)
        step += 1
        #expect(window.runs.flatMap { Array($0) } == kept)
        #expect(window.withAll { $0.map { Int64($0) } } == kept)
        #expect(window.count == newest && window.withNewest { $0.map { Int64($0) } } == Array(kept.suffix(newest)))
      }
    }
  }

  @Test func `frames that come together are as if they came one by one, however many there are`() {
    var random = SeededGenerator(seed: 5)
    for length in [1, 3, 16] {
      var (together, oneByOne) = (
        RollingWindow(length: length, features: 2), RollingWindow(length: length, features: 2)
      )
      var step: Int64 = 0
      for _ in 0..<100 {
        let count = 1 + random.below(40)
        if random.below(3) == 0 { step += Int64(random.below(5)) }
        let frames = (0..<2 * count).map { _ in Float(random.uniform()) }
        together.push(frames, count: count, step: step)
        for t in 0..<count { oneByOne.push(Array(frames[2 * t..<2 * t + 2]), step: step + Int64(t)) }
        step += Int64(count)
        #expect(together == oneByOne)
      }
    }
  }

  @Test func `of a signal that is all gaps the oldest frames are forgotten, and the rest is right`() {
    var window = RollingWindow(length: 1000, features: 1)
    for t in 0..<500 { window.push([Float(2 * t)], step: Int64(2 * t)) }
    let steps = window.runs.flatMap { Array($0) }
    #expect(steps == (0..<500).map { 2 * $0 }.suffix(steps.count).map { Int64($0) } && steps.count >= 32)
    #expect(window.withAll { $0.map { Int64($0) } } == steps)
  }
}
