import RunnelCore
import RunnelRecordings
import RunnelSignal
import RunnelTesting
import Testing

@testable import RunnelService

@Suite struct SyntheticRecordTests {
  private let folder = TemporaryFolder()
  private let busy = SyntheticECG.Settings(
    seconds: 30, seed: 7, ventricularFraction: 0.1, supraventricularFraction: 0.1, leads: 2)

  private func digest(_ name: String) -> String { folder.read(name).withUnsafeBytes { SHA256.hex($0) } }

  private func rows(of source: any SampleSource, chunk: Int) throws -> [Int16] {
    var all: [Int16] = []
    while true {
      let payload = try source.next(rows: chunk)
      if payload.isEmpty { return all }
      all += payload.bindMemory(to: Int16.self)
    }
  }

  /// The digests were taken from this program itself: they say that nothing has changed, on any machine.
  @Test(arguments: [
    (
      WFDBFormat.format212, "2e2ce9ee57ec4a708c16fd3061523fc81c4dd1a5dfb6d2c32ba77b1fc2c2b17a",
      "2a97fa98aecc2ad8e792d46a94c97fe9b7ed79370c8a5d10f795c0de876d8113"
    ),
    (
      .format16, "b0aaae35ea0b43f13743b9b6aa28b6c71ca41e341519e8f6f0e2bebc1f29e128",
      "c7656574f10b8477055048ca6b5c0ef33e6a894a1602a2337882dd50edf659c4"
    ),
  ])
  func `a seed gives the same files everywhere`(format: WFDBFormat, data: String, header: String) throws {
    let written = try SyntheticRecord(busy).write(to: folder.path + "/ecg", format: format)
    #expect(written.rows == 10_800 && written.clipped == 0 && folder.names == ["ecg.atr", "ecg.dat", "ecg.hea"])
    #expect(digest("ecg.dat") == data)
    #expect(digest("ecg.hea") == header)
    #expect(digest("ecg.atr") == "3597dc729a473efee2bb3f47290b3c6f932036cb7a9e2b06b361782a67ceba1e")
  }

  @Test func `published or replayed from a record, the samples are the same, however they are cut`() throws {
    let live = try rows(of: SyntheticSource(busy, stream: "a"), chunk: 18)
    for format in [WFDBFormat.format212, .format16] {
      _ = try SyntheticRecord(busy).write(to: folder.path + "/ecg.hea", format: format)
      let source = try RecordingSource(folder.path + "/ecg")
      #expect(try rows(of: source, chunk: 4096) == live)
      #expect(source.description.synthetic == true && source.description.channels.map(\.name) == ["MLII", "V5"])
    }
  }

  @Test(arguments: ["ecg.hea", "ecg.dat", "ecg.atr"])
  func `a synthetic record takes the place of another, and of nothing else`(name: String) throws {
    let path = folder.path + "/ecg"
    folder.write("ecg 0 360 0\n", to: name)
    let error = serviceError { _ = try SyntheticRecord(busy).write(to: path, format: .format16) }
    #expect(error?.kind == .cannotCreate && error?.description.contains(name) == true)
    #expect(folder.names == [name] && folder.read(name) == Array("ecg 0 360 0\n".utf8))
    TemporaryFolder.remove(folder.path + "/" + name)
    for _ in 0..<2 { _ = try SyntheticRecord(busy).write(to: path, format: .format16) }
    #expect(folder.names == ["ecg.atr", "ecg.dat", "ecg.hea"])
  }

  @Test func `the annotations are the beats that the source tells of`() throws {
    let written = try SyntheticRecord(busy).write(to: folder.path + "/ecg", format: .format212)
    let truth = try AnnotationFile(contentsOf: folder.path + "/ecg.atr").annotations
    var told: [Annotation] = []
    let source = try SyntheticSource(busy, stream: "a")
    source.heard = { told += $0 }
    _ = try rows(of: source, chunk: 100)
    #expect(truth == told && truth.count == written.beats && truth.count > 25)
    #expect(truth.count { $0.code.symbol == "V" } == written.ventricular && written.ventricular > 0)
    #expect(truth.count { $0.code.symbol == "A" } == written.supraventricular && written.supraventricular > 0)
  }

  @Test func `what the converter cannot hold is clipped and counted, never taken for missing`() throws {
    let settings = SyntheticECG.Settings(seconds: 20, wander: 10)
    let written = try SyntheticRecord(settings).write(to: folder.path + "/ecg", format: .format212)
    let samples = try rows(of: RecordingSource(folder.path + "/ecg"), chunk: 1000)
    #expect(written.clipped > 0 && written.clipped == samples.count { $0.magnitude == 2047 })
    #expect(samples.allSatisfy { (-2047...2047).contains($0) })
  }

  @Test func `rewound, a source gives the same rows again`() throws {
    let source = try SyntheticSource(busy, stream: "a")
    let once = try rows(of: source, chunk: 77)
    try source.rewind()
    #expect(try rows(of: source, chunk: 1000) == once && once.count == 2 * 10_800)
  }

  @Test func `settings no heart could follow are a mistake of usage`() {
    let error = #expect(throws: ServiceError.self) {
      _ = try SyntheticSource(SyntheticECG.Settings(meanHeartRate: 500), stream: "a")
    }
    #expect(error?.kind == .usage && error?.description.contains("heart rate") == true)
  }

  @Test func `a folder that does not exist is exit code 73`() {
    let error = #expect(throws: ServiceError.self) {
      _ = try SyntheticRecord(busy).write(to: folder.path + "/none/ecg", format: .format16)
    }
    #expect(error?.kind == .cannotCreate)
  }
}
