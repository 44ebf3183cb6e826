import Glibc
import RunnelCore
import RunnelRecordings
import RunnelTesting
import Testing

@testable import RunnelService

/// Nothing that is read is written over. Once `label -o 119.dat` left labels where the signals had been.
@Suite struct OutputPlaceTests {
  private func contents(_ rig: OfflineRig) -> [[UInt8]] {
    TemporaryFolder.names(in: rig.folder).map { TemporaryFolder.read(rig.folder + "/" + $0) }
  }

  @Test(arguments: ["syn.hea", "syn.dat", "syn.atr", "link.hea"])
  func `header, signals and true beats of a record that is read are no place for a result`(name: String) throws {
    let rig = try OfflineRig(seconds: 5)
    symlink("syn.hea", rig.folder + "/link.hea")
    for input in ["syn", "syn.hea"] {
      let error = serviceError {
        try OutputPlace.check([nil, rig.folder + "/" + name], apartFrom: [nil, rig.folder + "/" + input])
      }
      #expect(error?.kind == .usage && error?.description.contains("another name") == true)
    }
    try OutputPlace.check([rig.folder + "/syn.rnl", "/dev/null"], apartFrom: [rig.path])
  }

  @Test func `nor are those of a segment`() throws {
    let rig = try OfflineRig(seconds: 5)
    let record = try rig.segmented(gaps: [100..<200])
    for name in ["part0.hea", "part1.dat"] {
      #expect(
        serviceError { try OutputPlace.check([rig.folder + "/" + name], apartFrom: [record]) }?.kind == .usage)
    }
  }

  @Test func `nor does one result take the place of another`() {
    let error = serviceError { try OutputPlace.check(["x.npy", nil, nil, "x.npy"], apartFrom: []) }
    #expect(error?.kind == .usage && error?.description.contains("two names") == true)
  }

  @Test func `a label file and the truth are not replaced by the report about them`() throws {
    let rig = try OfflineRig(seconds: 5)
    let labels = rig.folder + "/{}.csv"
    let scorer = Scorer(truth: .annotator("qrs"), detections: .labels(try LabelFile(contentsOf: labels)))
    let files = scorer.files(of: [rig.folder + "/syn"])
    #expect(Set(files).isSuperset(of: ["qrs", "csv"].map { "\(rig.folder)/syn.\($0)" }))
  }

  /// One of several tracks would have taken the place of all.
  @Test(arguments: ["syn", "syn.hea", "link.hea", "copy.hea"])
  func `a recording is not converted onto itself, whatever it is called and whoever wants it`(name: String) throws {
    let rig = try OfflineRig(seconds: 5)
    symlink("syn.hea", rig.folder + "/link.hea")
    // Another header of the same signals: the output's syn.dat would be its input.
    _ = try rig.write("copy.hea", String(decoding: TemporaryFolder.read(rig.path), as: UTF8.self))
    let before = contents(rig)
    for replaces in [false, true] {
      let error = serviceError {
        _ = try Converter(replaces: replaces).convert(rig.folder + "/" + name, to: rig.path)
      }
      #expect(error?.kind == .usage && error?.description.contains("another name") == true)
    }
    #expect(contents(rig) == before)
  }

  @Test(arguments: ["x.csv", "x.hea", "x.dat", "x.atr", "x.labels.csv"])
  func `a conversion replaces a file of any of its names only for who says so`(there: String) throws {
    let rig = try OfflineRig(seconds: 5)
    let path = try rig.write(there, "what was there")
    let output = rig.folder + (there.hasSuffix(".csv") ? "/x.csv" : "/x.hea")
    let before = contents(rig)
    let error = serviceError { _ = try Converter().convert(rig.path, to: output) }
    #expect(error?.kind == .cannotCreate && error?.description.contains("\(path) is there already") == true)
    #expect(error?.description.contains("--force") == true && contents(rig) == before)
    _ = try Converter(replaces: true).convert(rig.path, to: output)
    #expect(TemporaryFolder.read(path) != Array("what was there".utf8))
  }

  @Test func `a conversion that the disk has no room for is refused before a byte is written`() throws {
    let rig = try OfflineRig(seconds: 5)
    let path = try rig.write("gap.csv", "sample,a\n0,1\n1,2\n\(Int64(1) << 52),3\n")
    var converter = Converter(selection: .init(rate: 100))
    #expect(serviceError { _ = try converter.convert(path, to: rig.folder + "/gap.hea") }?.kind == .data)
    converter.allowsLoss = true
    let before = contents(rig)
    let error = serviceError { _ = try converter.convert(path, to: rig.folder + "/gap.hea") }
    #expect(error?.kind == .inputOutput && error?.description.contains("keep a gap as a gap") == true)
    #expect(contents(rig) == before)
  }
}
