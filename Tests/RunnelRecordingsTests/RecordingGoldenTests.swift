import RunnelCore
import RunnelTesting
import Testing

@testable import RunnelRecordings

/// Against programs written elsewhere: the files of Tests/Golden/recordings and what those programs read from them
/// (python/golden/make_recordings.py names each with its version).
@Suite struct RecordingGoldenTests {
  static let folder = Places.root + "/Tests/Golden/recordings/"
  static let names = [
    "packed.hea", "wide.hea", "rates.hea", "fixed.hea", "vary.hea", "plus.edf", "plus.bdf", "plain.edf", "gaps.edf",
    "radio.sigmf-meta", "pair.sigmf-meta", "u8.wav", "i16.wav", "i24.wav", "i32.wav", "f32.wav", "f64.wav",
    "extensible.wav", "rf64.wav", "index.csv", "openbci.csv", "times.tsv", "streams.xdf", "bare.mcap", "zstd.mcap",
    "lz4.mcap", "unchunked.mcap",
  ]

  private func expected(_ name: String) throws -> JSONValue {
    let bytes = try ByteFile.read(Self.folder + name + ".json", limit: 1 << 20)
    return try JSONValue(parsing: String(decoding: bytes, as: UTF8.self))
  }

  @Test(arguments: names) func `a recording reads as another program reads it`(_ name: String) throws {
    let expected = try expected(name)
    let recording = try RecordingFormat.open(Self.folder + name)
    try recording.verify()
    let tracks = try #require(expected["tracks"]?.array)
    #expect(recording.tracks.count == tracks.count)
    for (index, (track, wanted)) in zip(recording.tracks, tracks).enumerated() {
      if let name = wanted["name"]?.string { #expect(track.name == name) }
      #expect(track.rate == wanted["rate"]?.number)
      #expect(track.channels.map(\.name) == wanted["names"]?.array?.compactMap(\.string))
      #expect(track.channels.map(\.unit) == wanted["units"]?.array?.map(\.string))
      let runs = wanted["runs"]?.array?.compactMap { run in
        run.array.map { Int($0[0].integer ?? -1)..<Int($0[1].integer ?? -1) }
      }
      #expect(track.runs == runs)
      if index == 0 { #expect(track.start == expected["start"]?.integer) }
      try compare(recording, index, wanted["values"]?.array ?? [])
    }
  }

  private func compare(_ recording: any Recording, _ track: Int, _ wanted: [JSONValue]) throws {
    let found = try physical(recording, track)
    #expect(found.count == wanted.count)
    for (row, (values, expected)) in zip(found, wanted).enumerated() {
      for (value, expected) in zip(values, expected.array ?? []) {
        let number = expected.number ?? .nan
        // The order in which the other program multiplies and adds is its own.
        let isSame = value.isNaN ? number.isNaN : abs(value - number) <= 1e-9 * max(1, abs(number))
        #expect(isSame, "row \(row): \(value), expected \(number)")
        if !isSame { return }
      }
    }
  }

  @Test(arguments: names) func `its annotations are those that the other program finds`(_ name: String) throws {
    let wanted = try expected(name)["annotations"]?.array ?? []
    let recording = try RecordingFormat.open(Self.folder + name)
    guard recording.format != .wfdb else { return #expect(wanted.isEmpty) }
    let found = try recording.annotations(of: nil, on: 0, rate: recording.tracks[0].rate)
    #expect(found.map { [$0.at, $0.length] } == wanted.map { [$0.array?[0].integer, $0.array?[1].integer] })
    #expect(found.map(\.label) == wanted.compactMap { $0.array?[2].string })
  }

  @Test(arguments: names) func `rows read alone and in any pieces are those read together`(_ name: String) throws {
    let recording = try RecordingFormat.open(Self.folder + name)
    var random = SeededGenerator(seed: 5)
    for (index, track) in recording.tracks.enumerated() {
      for run in track.runs {
        let all = try recording.bytes(run, of: index)
        for _ in 0..<8 {
          let first = run.lowerBound + random.below(run.count)
          let part = first..<first + 1 + random.below(run.upperBound - first)
          let size = track.bytesPerRow
          let bytes = all[(part.lowerBound - run.lowerBound) * size..<(part.upperBound - run.lowerBound) * size]
          #expect(try recording.bytes(part, of: index) == Array(bytes))
        }
      }
    }
  }

  @Test(arguments: names) func `a file cut anywhere is read up to the cut or refused in one sentence`(_ name: String)
    throws
  {
    let folder = TemporaryFolder()
    let text = name.hasSuffix(".hea") || name.hasSuffix("-meta")
    let bytes = try ByteFile.read(Self.folder + name, limit: 1 << 20)
    for length in stride(from: 0, to: bytes.count, by: max(1, bytes.count / 100)) {
      let path = folder.write(
        Array(bytes[..<length]), to: "cut" + (name.firstIndex(of: ".").map { String(name[$0...]) } ?? ""))
      do throws(RecordingError) {
        let recording = try RecordingFormat.open(path, rate: 100)
        for index in recording.tracks.indices {
          for run in recording.tracks[index].runs { _ = try recording.bytes(run, of: index) }
        }
        _ = try recording.annotations(of: nil, on: recording.tracks.isEmpty ? nil : 0, rate: 100)
      } catch {
        // A header without its samples is not found.
        #expect(
          [.malformed, .unsupported, .length, .checksum].contains(error.kind) || text && error.kind == .notFound,
          "\(error)")
        #expect(!error.description.contains("\n"))
      }
    }
  }

  @Test(arguments: names) func `a file with any byte changed is read or refused, and never more`(_ name: String) throws
  {
    let folder = TemporaryFolder()
    let bytes = try ByteFile.read(Self.folder + name, limit: 1 << 20)
    var random = SeededGenerator(seed: 9)
    for _ in 0..<150 {
      var damaged = bytes
      // Headers are what is interpreted: most changes go there.
      let place = random.below(2) == 0 ? random.below(min(bytes.count, 600)) : random.below(bytes.count)
      damaged[place] = UInt8(truncatingIfNeeded: random.below(256))
      let path = folder.write(damaged, to: "bad" + (name.firstIndex(of: ".").map { String(name[$0...]) } ?? ""))
      do throws(RecordingError) {
        let recording = try RecordingFormat.open(path, rate: 100)
        for index in recording.tracks.indices {
          for run in recording.tracks[index].runs.prefix(3) {
            _ = try recording.bytes(run.lowerBound..<min(run.upperBound, run.lowerBound + 500), of: index)
          }
        }
        _ = try recording.annotations(of: nil, on: recording.tracks.isEmpty ? nil : 0, rate: 100)
      } catch { #expect(!error.description.contains("\n")) }
    }
  }
}
