import Glibc
import RunnelCore
import RunnelKernels
import Testing

@Suite struct ExactTests {
  /// The distance of two results in units of the last place of the second.
  private func ulps(_ a: Double, _ b: Double) -> Double { a == b ? 0 : (a - b).magnitude / b.ulp }

  private func largest(_ count: Int, seed: UInt64, _ body: (inout SeededGenerator) -> Double) -> Double {
    var random = SeededGenerator(seed: seed)
    var worst = 0.0
    for _ in 0..<count { worst = max(worst, body(&random)) }
    return worst
  }

  @Test func `exp is within 2 ulp of the C library over its range`() {
    let worst = largest(20_000, seed: 1) { random in
      let x = (random.uniform() * 2 - 1) * (random.below(2) == 0 ? 700 : 2)
      return ulps(Exact.exp(x), exp(x))
    }
    #expect(worst <= 2)
  }

  @Test func `log is within 2 ulp of the C library from the smallest to the largest number`() {
    let worst = largest(20_000, seed: 2) { random in
      let x = random.below(2) == 0 ? exp(random.uniform() * 1400 - 700) : 0.5 + random.uniform() * 1.5
      return ulps(Exact.log(x), log(x))
    }
    #expect(worst <= 2)
  }

  @Test func `sin and cos are within 2 ulp of the C library up to a million`() {
    let worst = largest(20_000, seed: 3) { random in
      let x = (random.uniform() * 2 - 1) * [4, 100, 1e6][random.below(3)]
      return max(ulps(Exact.sin(x), sin(x)), ulps(Exact.cos(x), cos(x)))
    }
    #expect(worst <= 2)
  }

  @Test func `sin and cos keep their precision beside the multiples of a quarter turn`() {
    let worst = largest(5000, seed: 4) { random in
      let x = Double(random.below(600_000)) * (Double.pi / 2)
      return max(ulps(Exact.sin(x), sin(x)), ulps(Exact.cos(x), cos(x)))
    }
    #expect(worst <= 2)
  }

  @Test func `atan2 is within 3 ulp of the C library in every quadrant`() {
    let worst = largest(20_000, seed: 5) { random in
      let (y, x) = (random.uniform() * 2 - 1, (random.uniform() * 2 - 1) * (random.below(2) == 0 ? 1 : 0.01))
      return ulps(Exact.atan2(y, x), atan2(y, x))
    }
    #expect(worst <= 3)
  }

  @Test func `known values come out`() {
    #expect(Exact.exp(0) == 1 && Exact.log(1) == 0 && Exact.sin(0) == 0 && Exact.cos(0) == 1)
    #expect(ulps(Exact.exp(1), 0x1.5bf0a8b145769p+1) <= 1)
    #expect(Exact.log(2) == 0x1.62e42fefa39efp-1)
    #expect(Exact.sin(Double.pi) == 0x1.1a62633145c07p-53)
    #expect(Exact.atan2(1, 1) == Double.pi / 4 && Exact.atan2(0, -1) == Double.pi)
    #expect(Exact.atan2(-1, 0) == -Double.pi / 2 && Exact.atan2(0, 0) == 0)
  }

  @Test func `the ends of the range are infinite, zero or NaN, never wrong`() {
    #expect(Exact.exp(710) == .infinity && Exact.exp(-746) == 0 && Exact.exp(.infinity) == .infinity)
    #expect(Exact.exp(-.infinity) == 0 && Exact.exp(.nan).isNaN)
    #expect(ulps(Exact.exp(709.78), exp(709.78)) <= 1)
    #expect((Exact.exp(-740) - exp(-740)).magnitude <= .leastNonzeroMagnitude)
    #expect(Exact.log(0) == -.infinity && Exact.log(-1).isNaN && Exact.log(.nan).isNaN)
    #expect(Exact.log(.infinity) == .infinity)
    #expect(ulps(Exact.log(.leastNonzeroMagnitude), log(.leastNonzeroMagnitude)) <= 1)
    #expect(Exact.sin(.infinity).isNaN && Exact.cos(.nan).isNaN && Exact.atan2(.nan, 1).isNaN)
  }
}
