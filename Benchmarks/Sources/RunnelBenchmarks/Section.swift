import RunnelCore
import RunnelKernels
import RunnelService

/// One table: for people, for a document, for programs.
struct Section {
  struct Column {
    var key: String
    var heading: String
  }

  enum Value {
    case text(String)
    case count(Int)
    case figure(Double)
    case part(Double)

    var words: String {
      switch self {
      case .text(let text): text
      case .count(let count): "\(count)"
      case .figure(let value): Figure.text(value)
      case .part(let fraction): Figure.percent(fraction)
      }
    }
  }

  var name: String
  var title: String
  var columns: [Column]
  var rows: [[Value]] = []

  init(_ name: String, _ title: String, _ columns: [(String, String)]) {
    self.name = name
    self.title = title
    self.columns = columns.map { Column(key: $0.0, heading: $0.1) }
  }

  private var cells: [[String]] { [columns.map(\.heading)] + rows.map { $0.map(\.words) } }

  var text: String { ([title] + Figure.table(cells)).joined(separator: "\n") }

  var markdown: String {
    var lines = cells.map { "| " + $0.joined(separator: " | ") + " |" }
    lines.insert("|" + columns.map { _ in "---:|" }.joined(), at: 1)
    return (["**\(title)**", ""] + lines).joined(separator: "\n")
  }

  func json(into json: inout JSONWriter) {
    json.beginObject()
    json.key("name")
    json.write(name)
    json.key("title")
    json.write(title)
    json.key("rows")
    json.beginArray()
    for row in rows {
      json.beginObject()
      for (column, value) in zip(columns, row) {
        json.key(column.key)
        switch value {
        case .text(let text): json.write(text)
        case .count(let count): json.write(count)
        case .figure(let value), .part(let value): json.write(Figure.rounded(value, digits: 4))
        }
      }
      json.endObject()
    }
    json.endArray()
    json.endObject()
  }
}

/// Everything that one run measured.
struct BenchmarkReport {
  var kernels: KernelSet
  var limits: MachineLimits
  var sections: [Section] = []

  var json: String {
    var json = JSONWriter()
    json.beginObject()
    json.key("kernels")
    json.write(kernels.rawValue)
    json.key("peak_gmac_per_second")
    json.write(Figure.rounded(limits.multiplyAddsPerSecond / 1e9, digits: 4))
    json.key("bandwidth_gb_per_second")
    json.beginObject()
    for level in limits.levels {
      json.key(level.name)
      json.write(Figure.rounded(level.bytesPerSecond / 1e9, digits: 4))
    }
    json.endObject()
    json.key("sections")
    json.beginArray()
    for section in sections { section.json(into: &json) }
    json.endArray()
    json.endObject()
    return json.text
  }
}
