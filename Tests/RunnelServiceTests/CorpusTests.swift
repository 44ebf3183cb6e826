import Glibc
import RunnelCore
import Testing

/// The short form of `make fuzz` for what labels, is labelled and asks: its corpus, and seeded mutations of it, by the
/// fuzzer's own files, which this folder links to. What they promise of every input is a precondition there.
@Suite struct CorpusTests {
  static let targets = ["admitted", "arrived", "control", "marks", "recovery", "discover"]

  private static let folder =
    #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
    + "/Fuzz/Corpus"

  @Test(arguments: targets) func `the corpus and what is near it keep the fuzzer's promises`(target: String) throws {
    let feed: ([UInt8]) -> Void =
      switch target {
      case "admitted": LabellingFuzz.feedAdmitted
      case "arrived": LabellingFuzz.feedArrived
      case "control": ControlFuzz.feed
      case "discover": DiscoveryFuzz.feed
      case "marks": RecordingFuzz.feedMarks
      default: RecordingFuzz.feedRecovery
      }
    let files = try Self.files(target)
    #expect(files.count >= 4)
    var random = SeededGenerator(seed: 2026)
    for bytes in files {
      for round in 0..<8 {
        var damaged = bytes
        // The first round is the file as it is, the second cut somewhere.
        if round == 1 { damaged.removeLast(random.below(damaged.count)) }
        for _ in 0..<max(0, round - 1) {
          damaged[random.below(damaged.count)] = UInt8(truncatingIfNeeded: random.next())
        }
        feed(damaged)
      }
    }
  }

  private static func files(_ target: String) throws -> [[UInt8]] {
    let opened = try #require(opendir("\(folder)/\(target)"), "no corpus of \(target)")
    defer { closedir(opened) }
    var names: [String] = []
    while let entry = readdir(opened) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return try names.sorted().map { name in
      let file = try #require(fopen("\(folder)/\(target)/\(name)", "rb"))
      defer { fclose(file) }
      var block = [UInt8](repeating: 0, count: 1 << 16)
      return Array(block[..<fread(&block, 1, block.count, file)])
    }
  }
}
