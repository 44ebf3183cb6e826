import RunnelCore
import RunnelLabels
import Testing

@Suite struct BeatClassTests {
  @Test func `the default map makes escape beats normal and bxb makes them supraventricular`() {
    func classes(_ symbols: String, _ map: BeatClassMap) -> Set<BeatClass?> {
      Set(symbols.map { map[AnnotationCode(symbol: $0)!] })
    }
    for map in BeatClassMap.allCases {
      #expect(classes("NLRB", map) == [.normal])
      #expect(classes("AaJSn", map) == [.supraventricular])
      #expect(classes("VEr", map) == [.ventricular])
      #expect(classes("F", map) == [.fusion])
      #expect(classes("/fQ?", map) == [.unclassified])
    }
    #expect(classes("ej", .aami) == [.normal])
    #expect(classes("ej", .bxb) == [.supraventricular])
  }

  @Test func `every code is a beat for the map exactly where it is one for WFDB`() {
    for raw in 0...63 as ClosedRange<UInt8> {
      let code = AnnotationCode(rawValue: raw)
      #expect((BeatClassMap.aami[code] != nil) == code.isBeat, "code \(raw)")
    }
  }

  @Test func `the map says in words what it does`() {
    #expect(BeatClassMap.aami.symbols(of: .normal) == "N L R B e j")
    #expect(BeatClassMap.bxb.symbols(of: .normal) == "N L R B")
    #expect(BeatClassMap.aami.symbols(of: .unclassified) == "/ f Q ?")
  }

  @Test func `the map chosen decides the row`() {
    #expect(pairs(".e.", ".N.") == "Nn@10")
    #expect(pairs(".e.", ".N.", map: .bxb) == "Sn@10")
  }
}
