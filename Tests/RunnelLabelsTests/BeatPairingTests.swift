import RunnelCore
import RunnelLabels
import Testing

@Suite struct BeatPairingTests {
  @Test func `beats of one time are a pair of their classes`() {
    #expect(pairs("..N..V..A..F..Q", "..N..N..S..F..V") == "Nn@20 Vn@50 Ss@80 Ff@110 Qv@140")
  }

  @Test func `a missed beat stands against o and an extra detection against O`() {
    #expect(pairs("..N....V....", "..N......S..") == "Nn@20 Vo@70 Os@90")
  }

  @Test func `the window is inclusive`() {
    func at(_ time: Int64) -> String {
      describe(BeatPairing(truth: beats(1000), test: beats(time), rate: 360, length: 2000, scoring: .init(learning: 0)))
    }
    #expect(at(1054) == "Nn@1000" && at(946) == "Nn@1000")
    #expect(at(1055) == "No@1000 On@1055" && at(945) == "On@945 No@1000")
  }

  @Test func `the window is rounded half up to samples`() {
    // 0.15 s at 250 Hz are 37.5 samples.
    let scoring = BeatScoring(learning: 0)
    let near = BeatPairing(truth: beats(1000), test: beats(1038), rate: 250, length: 2000, scoring: scoring)
    let far = BeatPairing(truth: beats(1000), test: beats(1039), rate: 250, length: 2000, scoring: scoring)
    #expect(describe(near) == "Nn@1000" && describe(far) == "No@1000 On@1039")
  }

  @Test func `the nearer of two detections is the partner`() {
    #expect(pairs("...N....", "..NN....") == "On@20 Nn@30")
    let scoring = BeatScoring(learning: 0)
    let later = BeatPairing(truth: beats(100), test: beats(90, 105), rate: 100, length: 200, scoring: scoring)
    #expect(describe(later) == "On@90 Nn@100")
    let earlier = BeatPairing(truth: beats(100), test: beats(95, 110), rate: 100, length: 200, scoring: scoring)
    #expect(describe(earlier) == "Nn@100 On@110")
  }

  @Test func `the nearer of two beats is the partner`() {
    let scoring = BeatScoring(learning: 0)
    let pairing = BeatPairing(truth: beats(90, 105), test: beats(100), rate: 100, length: 200, scoring: scoring)
    #expect(describe(pairing) == "No@90 Nn@105")
  }

  @Test func `a beat that has a nearer partner of its own is no rival`() {
    // The case of bxb's change of 2002: without it 96 would be missed and 128 extra.
    let scoring = BeatScoring(window: 37, learning: 0)
    let pairing = BeatPairing(truth: beats(96, 160), test: beats(128, 185), rate: 1, length: 300, scoring: scoring)
    #expect(describe(pairing) == "Nn@96 Nn@160")
    let mirrored = BeatPairing(truth: beats(128, 185), test: beats(96, 160), rate: 1, length: 300, scoring: scoring)
    #expect(describe(mirrored) == "Nn@128 Nn@185")
  }

  @Test func `each beat has one partner at most`() {
    #expect(pairs("....N....N....", "...NN....N....") == "On@30 Nn@40 Nn@90")
  }

  @Test func `annotations that are no beats are not looked at`() {
    #expect(pairs("+.N..|..~..s..N", "\".N......=...+N") == "Nn@20 Nn@140")
  }

  @Test func `annotations out of order are put in order`() {
    let pairing = BeatPairing(
      truth: beats(300, 100, 200), test: beats(200, 300, 100), rate: 100, length: 400, scoring: .init(learning: 0))
    #expect(describe(pairing) == "Nn@100 Nn@200 Nn@300")
  }

  @Test func `without beats on one side all of the other are unmatched`() {
    #expect(pairs("..N..N..", "........") == "No@20 No@50")
    #expect(pairs("........", "..N..N..") == "On@20 On@50")
    #expect(pairs("........", "........") == "")
  }

  @Test func `indexes beyond 2^53 are exact`() {
    let base: Int64 = 1 << 53
    let pairing = BeatPairing(
      truth: beats(base + 1), test: beats(base + 16), rate: 100, length: base + 100, scoring: .init(learning: 0))
    #expect(describe(pairing) == "Nn@\(base + 1)")
    let far = BeatPairing(
      truth: beats(base + 1), test: beats(base + 17), rate: 100, length: base + 100, scoring: .init(learning: 0))
    #expect(far.pairs.count == 2)
  }
}

@Suite struct TestPeriodTests {
  @Test func `the learning period is left out on both sides`() {
    #expect(pairs("..N..V..N..N", "..N..N..N..N", learning: 0.7) == "Nn@80 Nn@110")
  }

  @Test func `five minutes are left out unless something else is said`() {
    let truth = beats(29_999, 30_000, 31_000)
    let pairing = BeatPairing(truth: truth, test: truth, rate: 100, length: 40_000)
    #expect(describe(pairing) == "Nn@30000 Nn@31000")
  }

  @Test func `the last detection of the learning period may match the first beat after it`() {
    // Learning ends at sample 50.
    #expect(pairs(".....N...N", "....N....N", learning: 0.5) == "Nn@50 Nn@90")
  }

  @Test func `a first detection whose own beat lies in the learning period is left out`() {
    #expect(pairs("....N....N", ".....N...N", learning: 0.5) == "Nn@90")
  }

  @Test func `a first detection farther than a window from the start counts as extra`() {
    #expect(pairs("....N.....N", ".......N..N", learning: 0.5) == "On@70 Nn@100")
  }

  @Test func `a beat at sample 0 counts where nothing is left out`() {
    #expect(pairs("N....N", "N....N") == "Nn@0 Nn@50")
  }

  @Test func `beats after the end count only as partners`() {
    #expect(pairs("..N....N...", "..N.....N..", length: 75) == "Nn@20 Nn@70")
    #expect(pairs("..N......N.", "..N.......N", length: 75) == "Nn@20")
  }

  @Test func `where the length is unknown the last beat of the truth is the end`() {
    let pairing = BeatPairing(
      truth: beats(100, 200), test: beats(100, 200, 300, 400), rate: 100, length: nil, scoring: .init(learning: 0))
    #expect(describe(pairing) == "Nn@100 Nn@200")
  }
}

@Suite struct FlutterTests {
  @Test func `detections without a partner inside flutter of the truth do not count`() {
    let result = pairing("..N..[....]..N..", "..N...N.V.N..N..")
    #expect(describe(result) == "Nn@20 Nn@130")
    #expect(result.ignoredInFlutter == 3)
    #expect(pairing("..N..........N..", "..N...N.V.N..N..").ignoredInFlutter == 0)
  }

  @Test func `the marks themselves belong to the flutter`() {
    #expect(pairs("..N..[....]..N..", "..N..N....N..N..") == "Nn@20 Nn@130")
  }

  @Test func `a detection inside flutter may still be the partner of a beat beside it`() {
    #expect(pairs("..N.N[....]N....", "..N..N....N.....") == "Nn@20 Nn@40 Nn@110")
  }

  @Test func `annotations of the truth inside flutter are ignored whatever they are`() {
    #expect(pairs("..N..[!!\"V!].N..", "..N......N...N..") == "Nn@20 Nn@130")
  }

  @Test func `flutter that is not closed lasts to the end`() {
    #expect(pairs("..N..[....V....", "..N....N..N...N") == "Nn@20")
  }

  @Test func `flutter declared by the test hides its detections and excuses no missed beat`() {
    #expect(pairs("..N...V...N..", "..N..[V]..N..") == "Nn@20 Vo@60 Nn@100")
  }

  @Test func `a closing mark alone is nothing`() {
    #expect(pairs("..N.]..N", "..N.N..N") == "Nn@20 On@40 Nn@70")
  }
}

@Suite struct ShutdownTests {
  @Test func `an extra detection in shutdown of the truth stands against X`() {
    #expect(pairs("..N..X....~..N..", "..N....V.....N..") == "Nn@20 Xv@70 Nn@130")
  }

  @Test func `a beat missed in shutdown of the test stands against x`() {
    #expect(pairs("..N....V.....N..", "..N..X....~..N..") == "Nn@20 Vx@70 Nn@130")
  }

  @Test func `a noise mark without both bits is no shutdown`() {
    #expect(pairs("..N..~....~..N..", "..N....V.....N..") == "Nn@20 Ov@70 Nn@130")
  }

  @Test func `a single mark reaches from the last beat to the next annotation less a window`() {
    // From 20 + 15 to 130 − 15.
    #expect(pairs("..N....X.....N..", "..N.V.....V..N..") == "Nn@20 Xv@40 Xv@100 Nn@130")
  }

  @Test func `a shutdown that is not ended lasts to the end`() {
    #expect(pairs("..N..X..........", "..N.......N...N.") == "Nn@20 Xn@100 Xn@140")
  }
}
