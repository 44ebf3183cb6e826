import RunnelCore
import RunnelImport
import RunnelInference

/// The import in words.
extension ModelImport {
  /// Tensors read, used, unneeded; layers; golden run; notes.
  public var table: String {
    var lines = [
      "\(input): \(kind) → \(output): \(file.description.name), \(file.parameters) parameters, \(bytes.count) bytes"
    ]
    if !ledger.entries.isEmpty {
      let used = ledger.entries.count { !$0.uses.isEmpty }
      let rest = ledger.entries.count - used
      lines.append("tensors \(ledger.entries.count) read, \(used) used, \(rest) not needed, 0 unused, 0 missing")
      let width = min(64, ledger.entries.map(\.name.count).max() ?? 0)
      for entry in ledger.entries {
        let fate = entry.unneeded ?? entry.uses.joined(separator: "; ")
        lines.append("        \(Self.padded(entry.name, width))  \(Self.padded("\(entry.shape)", 14))  \(fate)")
      }
    }
    let by = file.description.goldenBy.map { " by \($0)" } ?? ""
    lines.append(
      "golden  \(file.golden.steps) \(file.description.window == nil ? "frames" : "windows")\(by), largest error \(Float(report.largestError))"
    )
    lines += notes.map { "note    \($0)" }
    return lines.joined(separator: "\n")
  }

  /// `{"file": …, "output": …, "kind": "ONNX", "name": …, "digest": …, "tensors": [{"name", "shape", "uses"}], …}`
  public func json(into json: inout JSONWriter) {
    json.beginObject()
    json.pair("file", input)
    json.pair("output", output)
    json.pair("kind", kind)
    json.pair("name", file.description.name)
    json.pair("digest", file.digest)
    json.pair("parameters", file.parameters)
    json.list("tensors", ledger.entries) { entry, json in
      json.beginObject()
      json.pair("name", entry.name)
      json.list("shape", entry.shape) { $1.write($0) }
      json.list("uses", entry.uses) { $1.write($0) }
      json.pair("unneeded", entry.unneeded)
      json.endObject()
    }
    json.key("golden")
    json.beginObject()
    json.pair("by", file.description.goldenBy ?? "")
    json.pair("largest_error", report.largestError)
    json.endObject()
    json.list("notes", notes) { $1.write($0) }
    json.endObject()
  }

  private static func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }
}
