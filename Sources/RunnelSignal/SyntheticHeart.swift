import RunnelCore
import RunnelKernels

/// The moving point of the dynamical model and the beats around it (see `SyntheticECG` for the equations).
struct SyntheticHeart: Sendable {
  private var rhythm: SyntheticRhythm
  /// Of the sizes of beats and the phases of the wander.
  private var random: SeededGenerator
  private var point = Point(x: -1, y: 0, z: 0, v: 0)
  /// θ of the point, in 0..<2π from the beat behind to the beat ahead.
  private var angle = Exact.pi

  private var behind: SyntheticBeat
  private var ahead: SyntheticBeat
  /// 2π / RR, rad/s.
  private var velocity = 2 * Exact.pi
  private var events: [Event] = []

  /// Seconds of one Runge-Kutta step, and how many make a sample.
  private let step: Double
  private let stepsPerSample: Int
  private let leads: Int
  private var wanders: [Wander]

  /// z and v are MLII and V5 in mV.
  private struct Point: Sendable {
    var x, y, z, v: Double

    static func + (a: Point, b: Point) -> Point { Point(x: a.x + b.x, y: a.y + b.y, z: a.z + b.z, v: a.v + b.v) }
    static func * (a: Point, s: Double) -> Point { Point(x: a.x * s, y: a.y * s, z: a.z * s, v: a.v * s) }
  }

  /// A wave of this turn: angle, width b, and A ω / b per lead.
  private struct Event: Sendable {
    var angle: Double
    var width: Double
    var slopes: (Double, Double)
  }

  /// One sinusoid of z₀; `turns` is its phase.
  private struct Wander: Sendable {
    var frequency: Double
    var amplitude: Double
    var turns: Double
  }

  init(_ settings: SyntheticECG.Settings, rhythmSeed: UInt64, wanderSeed: UInt64) {
    rhythm = SyntheticRhythm(settings, seed: rhythmSeed)
    random = SeededGenerator(seed: wanderSeed)
    leads = settings.leads
    stepsPerSample = max(1, Int((500 / settings.rate).rounded(.up)))
    step = 1 / (settings.rate * Double(stepsPerSample))
    // Breathing, as in the paper, and something slower. z follows z₀ with a time constant of 1 s, which is made up for.
    wanders = []
    for (frequency, part) in [(0.25, 0.6), (0.07, 0.4)] {
      let turn = 2 * Exact.pi * frequency
      wanders.append(
        Wander(
          frequency: frequency, amplitude: settings.wander * part * (1 + turn * turn).squareRoot(),
          turns: random.uniform()))
    }
    behind = SyntheticBeat(.normal, sinus: 60 / settings.meanHeartRate, size: 1)
    ahead = behind
    turnOver()
  }

  /// In mV.
  func potential(_ lead: Int) -> Double { lead == 0 ? point.z : point.v }

  /// The beat behind the point.
  var kind: SyntheticBeat.Kind { behind.kind }
  var secondsSinceBeat: Double { angle / velocity }
  var secondsToBeat: Double { (2 * Exact.pi - angle) / velocity }

  /// To the next sample.
  mutating func advance() {
    for _ in 0..<stepsPerSample {
      integrate()
      let now = unwrapped(point)
      angle = now
      if now >= 2 * Exact.pi {
        angle = now - 2 * Exact.pi
        turnOver()
      }
    }
  }

  /// The beat ahead is now behind, and the rhythm says what comes next.
  private mutating func turnOver() {
    let (kind, interval, sinus) = rhythm.next()
    behind = ahead
    ahead = SyntheticBeat(kind, sinus: sinus, size: 0.95 + 0.1 * random.uniform())
    velocity = 2 * Exact.pi / interval
    events.removeAll(keepingCapacity: true)
    for (beat, origin) in [(behind, 0), (ahead, 2 * Exact.pi)] {
      for wave in beat.waves {
        let width = velocity * wave.width
        events.append(
          Event(
            angle: origin + velocity * wave.at, width: width,
            slopes: (wave.heights.0 * velocity / width, wave.heights.1 * velocity / width)))
      }
    }
  }

  /// One step of the classical fourth-order Runge-Kutta scheme; z₀ is that of its middle.
  private mutating func integrate() {
    let baseline = wander()
    let k1 = derivative(point, baseline)
    let k2 = derivative(point + k1 * (step / 2), baseline)
    let k3 = derivative(point + k2 * (step / 2), baseline)
    let k4 = derivative(point + k3 * step, baseline)
    point = point + (k1 + k2 * 2 + k3 * 2 + k4) * (step / 6)
  }

  private func derivative(_ p: Point, _ baseline: Double) -> Point {
    let alpha = 1 - (p.x * p.x + p.y * p.y).squareRoot()
    let angle = unwrapped(p)
    var (dz, dv) = (baseline - p.z, baseline - p.v)
    for event in events {
      let u = (angle - event.angle) / event.width
      // Beyond eight widths a wave is below 10⁻¹³ of its height.
      guard u.magnitude < 8 else { continue }
      let bell = u * Exact.exp(-u * u / 2)
      dz -= event.slopes.0 * bell
      if leads > 1 { dv -= event.slopes.1 * bell }
    }
    return Point(x: alpha * p.x - velocity * p.y, y: alpha * p.y + velocity * p.x, z: dz, v: dv)
  }

  /// θ = atan2(y, x) in 0..<2π, or a little beyond 2π where this step passes the beat.
  private func unwrapped(_ p: Point) -> Double {
    let theta = Exact.atan2(p.y, p.x)
    let positive = theta < 0 ? theta + 2 * Exact.pi : theta
    return angle > Exact.pi * 1.5 && positive < Exact.pi / 2 ? positive + 2 * Exact.pi : positive
  }

  /// z₀ at the middle of this step, in mV.
  private mutating func wander() -> Double {
    var sum = 0.0
    for i in wanders.indices {
      sum += wanders[i].amplitude * Exact.sin(2 * Exact.pi * (wanders[i].turns + wanders[i].frequency * step / 2))
      wanders[i].turns += wanders[i].frequency * step
      if wanders[i].turns >= 1 { wanders[i].turns -= 1 }
    }
    return sum
  }
}
