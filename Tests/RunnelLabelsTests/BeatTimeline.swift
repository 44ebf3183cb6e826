import RunnelCore
import RunnelLabels

/// Two lines of text, one character per 10 samples at 100 Hz (0.1 s); the match window is 1.5 characters. Letters are
/// annotations by their symbol, `X` a `~` that begins a shutdown, `.` nothing.
///
///     truth  ..N....V...
///     test   ..N.....N..
func pairing(
  _ truth: String, _ test: String, learning: Double = 0, length: Int64? = nil, map: BeatClassMap = .aami
) -> BeatPairing {
  BeatPairing(
    truth: annotations(truth), test: annotations(test), rate: 100, length: length ?? Int64(truth.count) * 10,
    scoring: BeatScoring(classMap: map, learning: learning))
}

/// `Nn@10 No@30`: each pair with its first time.
func pairs(
  _ truth: String, _ test: String, learning: Double = 0, length: Int64? = nil, map: BeatClassMap = .aami
) -> String {
  describe(pairing(truth, test, learning: learning, length: length, map: map))
}

func describe(_ pairing: BeatPairing) -> String {
  pairing.pairs.map { "\($0.truth.rawValue)\($0.test.column)@\($0.truthAt ?? $0.testAt!)" }.joined(separator: " ")
}

func annotations(_ text: String) -> [Annotation] {
  text.enumerated().filter { $0.element != "." }.map { index, symbol in
    Annotation(
      at: Int64(index) * 10, code: AnnotationCode(symbol: symbol == "X" ? "~" : symbol)!,
      subtype: symbol == "X" ? 48 : 0)
  }
}

/// Beats N at these samples.
func beats(_ times: Int64..., as symbol: Character = "N") -> [Annotation] {
  times.map { Annotation(at: $0, code: AnnotationCode(symbol: symbol)!) }
}
