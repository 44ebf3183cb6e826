import Glibc
import RunnelCore
import RunnelKernels
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
      for (t, y) in filtered(cascade, Golden.signal(expected.count)).enumerated() {
        #expect((y - expected[t]).magnitude <= 1e-12, "\(String(describing: golden.design)), sample \(t)")
      }
    }
  }

  @Test func `a constant makes no step at the start`() throws {
    let cascade = BiquadCascade(
      sections: try ButterworthDesign.sections(of: .highPass(order: 2, corner: 0.5), rate: 360))
    #expect(filtered(cascade, [Float](repeating: 1000, count: 1000)).allSatisfy { $0.magnitude < 1e-9 })
  }

  /// Transposed direct form II once more, sample by sample: what the kernel must give bit for bit, however long its runs.
  @Test(arguments: 0...9) func `a cascade is its sections in turn, whatever is filtered at once`(count: Int) {
    var random = SeededGenerator(seed: UInt64(count))
    func number(_ size: Double) -> Double { (random.uniform() * 2 - 1) * size }
    let cascade = BiquadCascade(
      sections: (0..<count).map { _ in
        Biquad(b0: number(1), b1: number(1), b2: number(1), a1: number(0.9), a2: number(0.09))
      })
    let samples = (0..<500).map { n in n % 50 == 7 ? Float(number(1) * 1e-42) : Float(number(3)) }
    var memories = [Double](repeating: 0, count: cascade.memoryCount)
    let expected = samples.map { sample in
      var x = Double(sample)
      for (i, s) in cascade.sections.enumerated() {
        let y = s.b0 * x + memories[2 * i]
        memories[2 * i] = s.b1 * x - s.a1 * y + memories[2 * i + 1]
        memories[2 * i + 1] = s.b2 * x - s.a2 * y
        x = y
      }
      return x.bitPattern
    }
    for length in [1, 2, 36, 500] {
      #expect(filtered(cascade, samples, primed: false, by: length).map(\.bitPattern) == expected)
    }
  }

  /// In f64, as the history of a resampler sees it that has no frame to make.
  private func filtered(
    _ cascade: BiquadCascade, _ samples: [Float], primed: Bool = true, by length: Int = 1
  ) -> [Double] {
    var memories = [Double](repeating: 0, count: cascade.memoryCount)
    if primed { _ = memories.withUnsafeMutableBufferPointer { cascade.prime($0, with: Double(samples[0])) } }
    var (y, none) = ([Double](repeating: 0, count: samples.count), Float(0))
    for first in stride(from: 0, to: samples.count, by: length) {
      let piece = Array(samples[first..<min(first + length, samples.count)])
      cascade.coefficients.withUnsafeBufferPointer { coefficients in
        memories.withUnsafeMutableBufferPointer { memories in
          y.withUnsafeMutableBufferPointer { y in
            ConditioningKernel.run(
              piece, count: piece.count, column: piece.count, channels: 1,
              .init(
                sections: cascade.sections.count, coefficients: coefficients.baseAddress,
                memories: memories.baseAddress),
              .init(
                p: 1, q: 1, taps: samples.count, rows: nil, history: y.baseAddress, place: first, phase: 0,
                wait: Int64(samples.count)), into: &none)
          }
        }
      }
    }
    return y
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
