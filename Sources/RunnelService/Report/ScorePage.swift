import RunnelCore
import RunnelLabels
import RunnelRecordings

/// The report of `runnel score` as one page that needs nothing else: tables, figures, and the worst stretches drawn. No
/// script, nothing fetched, and no clock: the same records give the same bytes.
///
///     let page = ScorePage(report, of: records, subject: "ecg-beats on MLII", library: "runnel 0.1.0")
///     try page.write(to: "report.html", selection: selection)
public struct ScorePage: Sendable {
  enum Report: Sendable {
    case beats(ScoreReport)
    case episodes(EpisodeReport)
  }

  let report: Report
  let records: [ScoredRecord]
  /// What was scored, in words.
  let subject: String
  let library: String

  public init(_ report: ScoreReport, of records: [ScoredRecord], subject: String, library: String) {
    self.init(.beats(report), records, subject, library)
  }

  public init(_ report: EpisodeReport, of records: [ScoredRecord], subject: String, library: String) {
    self.init(.episodes(report), records, subject, library)
  }

  private init(_ report: Report, _ records: [ScoredRecord], _ subject: String, _ library: String) {
    self.report = report
    self.records = records
    self.subject = subject
    self.library = library
  }

  /// Writes the page, whole or not at all.
  ///
  /// - Parameter selection: by which the samples of the records are found.
  /// - Throws: `ServiceError` (73, 74, 77).
  public func write(to path: String, selection: RecordingSource.Selection) throws(ServiceError) {
    let html = html(selection: selection)
    do throws(RecordingError) { try ByteFile.write(Array(html.utf8), to: path) } catch { throw ServiceError(error) }
  }

  func html(selection: RecordingSource.Selection) -> String {
    let tables: [String]
    let title: String
    switch report {
    case .beats(let report):
      title = "Beats held against the truth"
      tables = BeatTables(report).sections
    case .episodes(let report):
      title = "Episodes held against the truth"
      tables = EpisodeTables(report).sections
    }
    let body = [heading(title)] + tables + stretches(selection) + [definitions, footer]
    return """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width,initial-scale=1">
      <title>\(HTMLText.escaped("\(title): \(subject)"))</title>
      <style>
      \(ReportStyle.sheet)
      </style>
      </head>
      <body>
      <main>
      \(body.joined(separator: "\n"))
      </main>
      </body>
      </html>

      """
  }

  private func heading(_ title: String) -> String {
    let hours = records.reduce(0) { $0 + Double($1.rows ?? 0) / $1.rate }
    let count = "\(Phrase.count(records.count, "record")), \(HTMLText.time(hours)) of signal"
    let method: String
    switch report {
    case .beats(let report):
      let scoring = report.scoring
      method =
        "ANSI/AAMI EC57 beat by beat, within \(HTMLText.decimal(scoring.window * 1000, 0)) ms, classes "
        + "\(scoring.classMap.rawValue); the first \(Phrase.number(scoring.learning)) s of each record are left out"
        + (scoring.usesReferenceBeats ? ". Classes at the reference beats: detection is not judged" : "")
    case .episodes(let report):
      method =
        "ANSI/AAMI EC57 episode by episode; the first \(Phrase.number(report.scoring.learning)) s of each record are left out"
    }
    return """
      <h1>\(title)</h1>
      <p>\(HTMLText.escaped(subject)) · \(count)</p>
      <p class="soft">\(HTMLText.escaped(method)).</p>
      """
  }

  // MARK: stretches

  private func stretches(_ selection: RecordingSource.Selection) -> [String] {
    let worst = Stretch.worst(of: records)
    guard !worst.isEmpty else {
      return ["<h2>Worst stretches</h2>", "<p>There is none: labels and truth agree everywhere.</p>"]
    }
    let excerpts = excerpts(worst, selection)
    let figures = worst.indices.map { number -> String in
      let stretch = worst[number]
      let (from, to) = (
        Double(stretch.rows.lowerBound) / stretch.record.rate, Double(stretch.rows.upperBound) / stretch.record.rate
      )
      let channel = excerpts[number].map { " · \($0.channel)" } ?? ""
      let place = "\(HTMLText.time(from)) to \(HTMLText.time(to)) · row \(stretch.rows.lowerBound)\(channel)"
      return """
        <section class="stretch">
        <header><h3>\(HTMLText.escaped(stretch.record.name))</h3><span>\(HTMLText.escaped(place))</span>\
        <b>\(HTMLText.escaped(stretch.reason))</b></header>
        \(StretchDrawing(stretch, excerpts[number]).html)
        </section>
        """
    }
    let rule: String
    switch report {
    case .beats: rule = "the ten seconds with the most wrong beats"
    case .episodes: rule = "the longest times in which one side says a label and the other does not"
    }
    return [
      "<h2>Worst stretches</h2>",
      "<p class=\"soft\">Of each record \(rule), at most \(Stretch.mostOfRecord) of one and \(Stretch.most) in all; the worst first.</p>",
    ] + figures
  }

  /// The samples of each stretch, nil where they cannot be read. A record is opened once.
  private func excerpts(_ stretches: [Stretch], _ selection: RecordingSource.Selection) -> [SignalExcerpt?] {
    var excerpts = [SignalExcerpt?](repeating: nil, count: stretches.count)
    for (path, numbers) in Dictionary(grouping: stretches.indices, by: { stretches[$0].record.path }) {
      let found = try? SignalExcerpt.list(
        of: path, channel: stretches[numbers[0]].record.channel, rows: numbers.map { stretches[$0].rows },
        selection: selection)
      for (number, excerpt) in zip(numbers, found ?? []) { excerpts[number] = excerpt }
    }
    return excerpts
  }

  // MARK: words

  private var definitions: String {
    let terms: [(String, String)]
    switch report {
    case .beats:
      terms = [
        ("Sensitivity", "of the true beats of a class, the part that was found and called so"),
        (
          "+P",
          "positive predictivity: of the beats called so, the part that are; V and S by EC57's own counts, in which F and Q called V are no mistake"
        ),
        ("QRS", "whether there is a beat at all, whatever its class"),
        (
          "o, O",
          "nothing on that side: o a beat that was missed, O a beat that is none; x and X where the other side had declared its signal unreadable"
        ),
        ("Mean", "every record weighs the same; only records with at least ten beats of the class"),
      ]
    case .episodes:
      terms = [
        ("Se", "of the true episodes, the part that a called one overlaps (EC57: ESe)"),
        ("+P", "of the episodes called, the part that a true one overlaps (E+P)"),
        ("dur Se, dur +P", "the time that both have, of the true time and of the time called (DSe, D+P)"),
        (
          "Onset",
          "how late a call comes: pairs of a true episode and the first call that overlaps it; negative is early"
        ),
        ("Seconds", "every moment of the test period counts once, under what is true and what was called"),
      ]
    }
    let list = terms.map { "<dt>\($0.0)</dt><dd>\(HTMLText.escaped($0.1))</dd>" }.joined(separator: "\n")
    return "<h2>What the figures mean</h2>\n<dl>\n\(list)\n</dl>"
  }

  private var footer: String { "<footer>\(HTMLText.escaped(library))</footer>" }
}
