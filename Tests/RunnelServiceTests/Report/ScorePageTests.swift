import RunnelCore
import RunnelLabels
import RunnelRecordings
import Testing

@testable import RunnelService

/// The report of `runnel score`: what is in it, and that it needs nothing but itself.
@Suite struct ScorePageTests {
  /// The record, its beats held against the same with some changed.
  private func beats(_ rig: OfflineRig, _ change: (inout [Annotation]) -> Void) throws -> [ScoredRecord] {
    var test = rig.beats
    change(&test)
    try AnnotationFile(test).write(to: rig.folder + "/l.atr")
    return try Scorer(
      truth: .annotator("atr"), detections: .labels(try LabelFile(contentsOf: rig.folder + "/l.atr")),
      method: .beats(BeatScoring(learning: 0))
    ).compare([rig.path])
  }

  private func page(_ records: [ScoredRecord], subject: String = "labels") -> String {
    ScorePage(
      ScoreReport(scoring: BeatScoring(learning: 0), of: records), of: records, subject: subject, library: "test"
    )
    .html(selection: .init())
  }

  /// Elements that are opened and not closed, or the other way round; empty where the page is whole.
  private func imbalance(_ html: String) -> [String] {
    var open: [String] = []
    let void: Set<String> = ["meta", "!DOCTYPE"]
    for match in html.matches(of: #/<(\/?)([A-Za-z!0-9]+)[^>]*?(\/?)>/#) {
      let name = String(match.2)
      if void.contains(name) || !match.3.isEmpty { continue }
      if match.1.isEmpty { open.append(name) } else if open.popLast() != name { return [name] + open }
    }
    return open
  }

  @Test func `a page is whole, needs nothing else, and is the same twice`() throws {
    let rig = try OfflineRig(seconds: 60)
    let records = try beats(rig) { $0.remove(at: 20) }
    let html = page(records)
    #expect(imbalance(html) == [])
    for word in ["<script", "src=", "href=", "http:", "https:", "url(", "@import", "NaN", "inf"] {
      #expect(!html.contains(word), "\(word)")
    }
    #expect(html == page(records) && html.contains("<svg") && html.contains("prefers-color-scheme:dark"))
  }

  @Test func `names are text, whatever is in them`() throws {
    let rig = try OfflineRig(seconds: 60)
    var records = try beats(rig) { $0.remove(at: 20) }
    records[0].name = "<b>\"&'\u{7}"
    let html = page(records, subject: "a<script>b")
    #expect(!html.contains("<script") && !html.contains("<b>\"") && html.contains("&lt;b&gt;&quot;&amp;'·"))
    #expect(imbalance(html) == [])
  }

  @Test func `figures of the tables are those of the report`() throws {
    let rig = try OfflineRig(seconds: 60)
    let records = try beats(rig) { beats in beats.removeAll { $0.code.symbol == "V" } }
    let html = page(records)
    let report = ScoreReport(scoring: BeatScoring(learning: 0), of: records)
    let missed = report.gross[.ventricular, .nothing]
    #expect(missed > 3 && html.contains("\(missed) missed, 0 false"))
    #expect(html.contains("<b>0.00<small> %</small></b>") && html.contains("<b>100.00<small> %</small></b>"))
  }

  // MARK: worst stretches

  @Test func `the worst stretch is where most is wrong, and says what`() throws {
    let rig = try OfflineRig(seconds: 120)
    let inside = rig.beats.indices.filter { (30 * 360..<36 * 360).contains(rig.beats[$0].at) }
    let lone = rig.beats.indices.last { rig.beats[$0].at < 90 * 360 }!
    let records = try beats(rig) { beats in
      for index in inside { beats[index].code = AnnotationCode(symbol: "F")! }
      beats.remove(at: lone)
    }
    let worst = Stretch.worst(of: records)
    #expect(worst.count == 2 && worst[0].weight == Double(inside.count) && worst[1].weight == 1)
    #expect(
      inside.allSatisfy { worst[0].rows.contains(rig.beats[$0].at) } && worst[1].rows.contains(rig.beats[lone].at))
    #expect(worst.allSatisfy { $0.rows.count == 3600 })
    #expect(worst[0].reason.hasPrefix("\(inside.count) of ") && worst[0].reason.contains("N called F"))
    #expect(worst[1].reason.contains("1 of ") && worst[1].reason.hasSuffix("1 \(symbol(rig.beats[lone])) missed"))
  }

  private func symbol(_ beat: Annotation) -> String { BeatClassMap.aami[beat.code]?.rawValue ?? "?" }

  @Test func `stretches lie within the record, apart, and no more than three of one`() throws {
    let rig = try OfflineRig(seconds: 90)
    let records = try beats(rig) { $0 = [] }
    let worst = Stretch.worst(of: records)
    #expect(worst.count == 3)
    #expect(worst.allSatisfy { $0.rows.lowerBound >= 0 && $0.rows.upperBound <= Int64(rig.rows) })
    for (index, one) in worst.enumerated() {
      for other in worst[(index + 1)...] { #expect(!one.rows.overlaps(other.rows)) }
    }
  }

  @Test func `where all agree nothing is drawn`() throws {
    let rig = try OfflineRig(seconds: 60)
    let records = try beats(rig) { _ in }
    #expect(Stretch.worst(of: records).isEmpty && !page(records).contains("<svg"))
  }

  @Test func `an excerpt has the samples of the record, and nothing where there are none`() throws {
    let rig = try OfflineRig(seconds: 30, leads: 2, missing: [1000..<1010])
    let excerpts = try SignalExcerpt.list(
      of: rig.path, channel: "V5", rows: [990..<1020, 5000..<5100], selection: .init())
    #expect(excerpts.allSatisfy { $0.channel == "V5" && $0.unit == "mV" })
    for (index, sample) in excerpts[0].samples.enumerated() {
      let expected = Float((Double(rig.samples[2 * (990 + index) + 1]) - 100) / 200)
      #expect((10..<20).contains(index) ? sample.isNaN : sample == expected, "row \(990 + index)")
    }
    #expect(excerpts[0].lines(columns: 1000).map(\.count) == [10, 10])
    let gap = try SignalExcerpt.list(
      of: try rig.segmented(gaps: [2000..<2100]), channel: nil, rows: [1990..<2110], selection: .init())
    #expect(gap[0].samples.count { $0.isNaN } == 100)
  }

  @Test func `no peak is lost where columns are fewer than samples`() {
    var samples = [Float](repeating: 0, count: 10_000)
    (samples[4321], samples[7777]) = (5, -3)
    let lines = SignalExcerpt(channel: "x", unit: nil, samples: samples).lines(columns: 100)
    #expect(lines.count == 1 && lines[0].count <= 200)
    #expect(
      lines[0].contains { $0.row == 4321 && $0.value == 5 } && lines[0].contains { $0.row == 7777 && $0.value == -3 })
    #expect(zip(lines[0], lines[0].dropFirst()).allSatisfy { $0.row < $1.row })
  }

  @Test func `a record whose samples are gone is drawn without them`() throws {
    let rig = try OfflineRig(seconds: 60)
    let records = try beats(rig) { $0.remove(at: 20) }
    try rig.remove("syn.dat")
    let html = page(records)
    #expect(html.contains("the samples are not at hand") && imbalance(html) == [])
  }

  // MARK: episodes

  @Test func `episodes have cards, onsets, seconds and the longest disagreements`() throws {
    let rig = try OfflineRig(seconds: 60)
    let head = "first,count,t_ns,channel,label,id,p\n"
    let truth = try rig.write("x.csv", head + "3600,3600,,MLII,AF,,\n14400,3600,,MLII,AF,,\n")
    let test = try rig.write("l.csv", head + "5400,3600,,MLII,AF,,\n")
    let scoring = EpisodeScoring(learning: 0)
    let records = try Scorer(
      truth: .file(truth), detections: .labels(try LabelFile(contentsOf: test)), method: .episodes(scoring)
    ).compare([rig.path])
    let worst = Stretch.worst(of: records)
    #expect(
      worst.map(\.reason) == ["AF missed for 10.0 s", "AF missed for 5.0 s"], "the false call lies beside the second")
    #expect(worst[0].rows == 12600..<19800)
    let swapped = try Scorer(
      truth: .file(test), detections: .labels(try LabelFile(contentsOf: truth)), method: .episodes(scoring)
    ).compare([rig.path])
    #expect(Stretch.worst(of: swapped).first?.reason == "AF called for 10.0 s where there is none")
    let html = ScorePage(EpisodeReport(scoring: scoring, of: records), of: records, subject: "x", library: "test")
      .html(selection: .init())
    #expect(imbalance(html) == [] && html.contains("median 5.00 s, 1 pair") && html.contains("class=\"band wrong\""))
  }

  // MARK: words

  @Test func `numbers are written for people`() {
    #expect(HTMLText.count(1_234_567) == "1\u{202F}234\u{202F}567" && HTMLText.count(12) == "12")
    #expect(
      HTMLText.time(3725.25, decimals: 1) == "1:02:05.3" && HTMLText.time(59.9) == "1:00" && HTMLText.time(5) == "0:05")
    #expect(
      HTMLText.decimal(-0.04, 1) == "0.0" && HTMLText.decimal(-2.25, 1) == "−2.3" && HTMLText.decimal(7, 2) == "7.00")
    #expect([0, 1.5, -1.25, 99.999].map(HTMLText.coordinate) == ["0", "1.5", "-1.25", "100"])
  }
}
