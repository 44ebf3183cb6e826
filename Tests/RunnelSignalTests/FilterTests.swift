import Glibc
import RunnelCore
import Testing

@testable import RunnelSignal

@Suite struct FilterTests {
  private func cascade(_ golden: JSONValue) throws -> BiquadCascade {
    let design = try #require(golden.design)
    return BiquadCascade(sections: try ButterworthDesign.sections(of: design, rate: golden.number("rate")))
  }

  @Test func `sections are those of scipy, in its pairing and order`() throws {
    for golden in try Golden.cases("filters.json") {
      let sections = try cascade(golden).sections
      let expected = try #require(golden["sections"]?.array)
      #expect(sections.count == expected.count)
      for (section, row) in zip(sections, expected) {
        let e = (row.array ?? []).compactMap(\.number)
        try #require(e.count == 6)
        let pairs = [
          (section.b0, e[0]), (section.b1, e[1]), (section.b2, e[2]), (section.a1, e[4]), (section.a2, e[5]),
        ]
        for (ours, theirs) in pairs {
          #expect(
            (ours - theirs).magnitude <= 1e-12 * max(1e-3, theirs.magnitude), "\(String(describing: golden.design))")
        }
      }
    }
  }

  /// At a 500th of the rate 1 + a1 + a2 has lost four digits to cancellation, in scipy as here: the last bit of a
  /// coefficient moves the response by 2e-12 there.
  @Test func `the frequency response is scipy's within 1e-12`() throws {
    for golden in try Golden.cases("filters.json") {
      let sections = try cascade(golden).sections
      for (i, frequency) in golden.numbers("frequencies").enumerated() {
        let w = 2 * Double.pi * frequency / golden.number("rate")
        var (re, im) = (1.0, 0.0)
        for s in sections {
          let numerator = (s.b0 + s.b1 * cos(w) + s.b2 * cos(2 * w), -s.b1 * sin(w) - s.b2 * sin(2 * w))
          let denominator = (1 + s.a1 * cos(w) + s.a2 * cos(2 * w), -s.a1 * sin(w) - s.a2 * sin(2 * w))
          let square = denominator.0 * denominator.0 + denominator.1 * denominator.1
          let h = (
            (numerator.0 * denominator.0 + numerator.1 * denominator.1) / square,
            (numerator.1 * denominator.0 - numerator.0 * denominator.1) / square
          )
          (re, im) = (re * h.0 - im * h.1, re * h.1 + im * h.0)
        }
        let error = max((re - golden.numbers("real")[i]).magnitude, (im - golden.numbers("imaginary")[i]).magnitude)
        #expect(error <= (i == 0 ? 4e-12 : 1e-12), "\(String(describing: golden.design)) at \(frequency) Hz: \(error)")
      }
    }
  }

  @Test func `the time response from the steady state is that of sosfilt with sosfilt_zi within 1e-12`() throws {
    for golden in try Golden.cases("filters.json") {
      let cascade = try cascade(golden)
      let expected = golden.numbers("output")
      var memories = [Double](repeating: 0, count: cascade.memoryCount)
      let samples = Golden.signal(expected.count)
      memories.withUnsafeMutableBufferPointer { memories in
        cascade.prime(memories, with: Double(samples[0]))
        cascade.sections.withUnsafeBufferPointer { sections in
          for (t, sample) in samples.enumerated() {
            let y = BiquadCascade.step(Double(sample), through: sections, memories.baseAddress!)
            #expect((y - expected[t]).magnitude <= 1e-12, "\(String(describing: golden.design)), sample \(t)")
          }
        }
      }
    }
  }

  @Test func `a constant makes no step at the start`() throws {
    let cascade = BiquadCascade(
      sections: try ButterworthDesign.sections(of: .highPass(order: 2, corner: 0.5), rate: 360))
    var memories = [Double](repeating: 0, count: cascade.memoryCount)
    memories.withUnsafeMutableBufferPointer { memories in
      cascade.prime(memories, with: 1000)
      cascade.sections.withUnsafeBufferPointer { sections in
        for _ in 0..<1000 {
          #expect(BiquadCascade.step(1000, through: sections, memories.baseAddress!).magnitude < 1e-9)
        }
      }
    }
  }

  @Test func `a corner above half the rate is refused with the remedy`() {
    let error = #expect(throws: ConditioningError.self) {
      try ButterworthDesign.sections(of: .lowPass(order: 2, corner: 40), rate: 60)
    }
    #expect(error == .aboveNyquist(filter: "low-pass", corner: 40, rate: 60))
    #expect(
      error?.description
        == "the low-pass filter's 40.0 Hz is not below half the stream's rate (30.0 Hz of 60.0 Hz): "
        + "lower it, leave the filter out, or use a stream of more than 80.0 Hz")
  }

  @Test(arguments: [
    FilterDesign.lowPass(order: 0, corner: 10), .highPass(order: 13, corner: 10), .lowPass(order: 2, corner: 0),
    .highPass(order: 2, corner: -1), .lowPass(order: 2, corner: .nan), .bandPass(order: 2, low: 40, high: 0.5),
    .bandPass(order: 2, low: 5, high: 180), .bandPass(order: 2, low: 5, high: 5), .notch(frequency: 50, quality: 0),
    .notch(frequency: 50, quality: 0.1), .notch(frequency: 180, quality: 30), .highPass(order: 2, corner: 1e-5),
  ]) func `what cannot be designed is an error and not a filter`(design: FilterDesign) {
    #expect(throws: ConditioningError.self) { try ButterworthDesign.sections(of: design, rate: 360) }
  }
}
