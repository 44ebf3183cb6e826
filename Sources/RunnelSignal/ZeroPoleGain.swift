/// A pole: real where `im` is 0, else it stands for itself and its conjugate, with `im` > 0.
struct Root: Equatable {
  var re: Double
  var im: Double

  init(_ re: Double, _ im: Double) {
    self.re = re
    self.im = im
  }

  var isReal: Bool { im == 0 }
  var magnitude: Double { (re * re + im * im).squareRoot() }

  /// The larger square root of the two in the sense of `direction`: the one that points the same way.
  func squareRoot(along direction: Root) -> Root {
    let m = magnitude
    var root: Root
    if re >= 0 {
      let a = ((m + re) / 2).squareRoot()
      root = Root(a, a == 0 ? 0 : im / (2 * a))
    } else {
      let b = ((m - re) / 2).squareRoot()
      root = Root(im / (2 * b), b)
    }
    if root.re * direction.re + root.im * direction.im < 0 { root = Root(-root.re, -root.im) }
    return root
  }
}

/// A digital filter as its zeros, poles and gain. Every zero of a Butterworth filter is real.
struct ZeroPoleGain {
  var zeros: [Double]
  var poles: [Root]
  var gain: Double

  /// `prototype`: the normalised poles, one of each pair. Corners are analogue, for a bilinear transform at rate 2.
  init(lowPass prototype: [Root], corner: Double) {
    let analogue = prototype.map { Root($0.re * corner, $0.im * corner) }
    let order = Self.count(prototype)
    self.init(analogue: analogue, gain: Self.power(corner, order), zerosAtOne: 0, zerosAtMinusOne: order)
  }

  init(highPass prototype: [Root], corner: Double) {
    // corner / p, and the prototype's poles have magnitude 1; the conjugate stands for the pair as well.
    let analogue = prototype.map { Root($0.re * corner, $0.im * corner) }
    let order = Self.count(prototype)
    self.init(analogue: analogue, gain: Self.power(4, order), zerosAtOne: order, zerosAtMinusOne: 0)
  }

  init(bandPass prototype: [Root], low: Double, high: Double) {
    let (width, centre) = (high - low, low * high)
    let order = Self.count(prototype)
    self.init(
      analogue: prototype.flatMap { Self.bandPassPoles(Root($0.re * width / 2, $0.im * width / 2), centre) },
      gain: Self.power(width, order) * Self.power(4, order), zerosAtOne: order, zerosAtMinusOne: order)
  }

  /// The bilinear transform at rate 2: z = (4 + s) / (4 − s).
  private init(analogue: [Root], gain: Double, zerosAtOne: Int, zerosAtMinusOne: Int) {
    zeros = Array(repeating: 1, count: zerosAtOne) + Array(repeating: -1, count: zerosAtMinusOne)
    poles = []
    self.gain = gain
    for p in analogue {
      let (down, up) = (4 - p.re, 4 + p.re)
      if p.isReal {
        self.gain /= down
        poles.append(Root(up / down, 0))
      } else {
        let square = down * down + p.im * p.im
        self.gain /= square
        poles.append(Root((up * down - p.im * p.im) / square, 8 * p.im / square))
      }
    }
  }

  /// The two roots of s² − 2 p s + centre: the larger by adding the square root, the smaller from their product.
  private static func bandPassPoles(_ p: Root, _ centre: Double) -> [Root] {
    let square = Root(p.re * p.re - p.im * p.im - centre, 2 * p.re * p.im)
    if p.isReal, square.re < 0 { return [Root(p.re, (-square.re).squareRoot())] }
    let s = square.squareRoot(along: p)
    let larger = Root(p.re + s.re, p.im + s.im)
    let scale = centre / (larger.re * larger.re + larger.im * larger.im)
    // Conjugated, which for the pair is the same.
    return [Root(larger.re, larger.im.magnitude), Root(larger.re * scale, larger.im.magnitude * scale)]
  }

  /// Poles counted with their conjugates.
  private static func count(_ roots: [Root]) -> Int { roots.reduce(0) { $0 + ($1.isReal ? 1 : 2) } }

  private static func power(_ base: Double, _ exponent: Int) -> Double {
    (0..<exponent).reduce(1.0) { product, _ in product * base }
  }

  /// Second-order sections, paired as scipy's `zpk2sos(pairing="nearest")` does: the pole nearest the unit circle
  /// takes the zeros nearest to it and becomes the last section; the whole gain is in the first.
  func sections() -> [Biquad] {
    var (zeros, poles) = (zeros, poles)
    if Self.count(poles) % 2 == 1 {
      poles.append(Root(0, 0))
      zeros.append(0)
    }
    var sections: [Biquad] = []
    while !poles.isEmpty {
      let p = Self.takeWorst(&poles) { _ in true }
      let q = p.isReal ? Self.takeWorst(&poles) { $0.isReal } : p
      let (z, y) = (Self.takeNearest(&zeros, to: p), Self.takeNearest(&zeros, to: p))
      let (sum, product) = p.isReal ? (p.re + q.re, p.re * q.re) : (2 * p.re, p.re * p.re + p.im * p.im)
      sections.append(Biquad(b0: 1, b1: -(z + y), b2: z * y, a1: -sum, a2: product))
    }
    sections.reverse()
    sections[0].b0 *= gain
    sections[0].b1 *= gain
    sections[0].b2 *= gain
    return sections
  }

  private static func takeWorst(_ poles: inout [Root], where eligible: (Root) -> Bool) -> Root {
    var worst = -1
    for i in poles.indices where eligible(poles[i]) {
      if worst < 0 || (1 - poles[i].magnitude).magnitude < (1 - poles[worst].magnitude).magnitude { worst = i }
    }
    precondition(worst >= 0, "real poles come in twos once their number is even")
    return poles.remove(at: worst)
  }

  private static func takeNearest(_ zeros: inout [Double], to pole: Root) -> Double {
    var nearest = 0
    for i in zeros.indices where distance(zeros[i], pole) < distance(zeros[nearest], pole) { nearest = i }
    return zeros.remove(at: nearest)
  }

  private static func distance(_ zero: Double, _ pole: Root) -> Double { Root(zero - pole.re, pole.im).magnitude }
}
