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
    let by = file.description.goldenBy ?? "not said"
    lines.append(
      "golden  \(file.golden.steps) \(file.description.window == nil ? "frames" : "windows") by \(by), largest error \(Float(report.largestError))"
    )
    lines += notes.map { "note    \($0)" }
    return lines.joined(separator: "\n")
  }

  /// `{"file": …, "output": …, "kind": "ONNX", "name": …, "digest": …, "tensors": [{"name", "shape", "uses"}], …}`
  public func json(into json: inout JSONWriter) {
    json.beginObject()
    for (key, value) in [
      ("file", input), ("output", output), ("kind", kind), ("name", file.description.name), ("digest", file.digest),
    ] {
      json.key(key)
      json.write(value)
    }
    json.key("parameters")
    json.write(file.parameters)
    json.key("tensors")
    json.beginArray()
    for entry in ledger.entries {
      let members: [JSONValue.Member] = [
        .init("name", .string(entry.name)), .init("shape", .array(entry.shape.map { .integer(Int64($0)) })),
        .init("uses", .array(entry.uses.map { .string($0) })),
      ]
      json.write(.object(members + (entry.unneeded.map { [.init("unneeded", .string($0))] } ?? [])))
    }
    json.endArray()
    json.key("golden")
    json.write(
      .object([
        .init("by", .string(file.description.goldenBy ?? "")), .init("largest_error", .number(report.largestError)),
      ]))
    json.key("notes")
    json.write(.array(notes.map { .string($0) }))
    json.endObject()
  }

  private static func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }
}
