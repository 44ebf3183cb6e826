import Foundation
import RunnelCore
import RunnelInference

/// The model files of Tests/Golden/models, written by python/golden/make_models.py (tools and versions in each
/// file's provenance), and ways to break them.
enum Models {
  /// Carried ones, small and of different kinds.
  static let names = ["conv-lstm", "lstm-2-layers", "lstm-odd", "conv-dilated"]

  private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Golden/models")

  /// Every model file there is.
  static let all: [String] = {
    let files = try? FileManager.default.contentsOfDirectory(atPath: folder.path)
    return (files ?? []).filter { $0.hasSuffix(".safetensors") }.map { String($0.dropLast(12)) }.sorted()
  }()

  static func bytes(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: folder.appending(path: "\(name).safetensors")))
  }

  static func file(_ name: String) throws -> ModelFile { try ModelFile(bytes: bytes(name)) }

  /// A file of this header and this much data.
  static func container(_ header: String, data: [UInt8] = []) -> [UInt8] {
    let text = Array(header.utf8)
    return (0..<8).map { UInt8(truncatingIfNeeded: text.count >> (8 * $0)) } + text + data
  }

  /// The file with its description replaced by `edit` of it, and the digest made right again.
  static func edited(_ name: String, tensors: (inout Pieces) -> Void = { _ in }, text edit: (String) -> String = { $0 })
    throws -> [UInt8]
  {
    var pieces = try Pieces(bytes(name))
    tensors(&pieces)
    pieces.description = edit(pieces.description)
    return pieces.bytes
  }

  /// A file taken apart into its description and its tensors, in their order.
  struct Pieces {
    var description: String
    var tensors: [(name: String, shape: [Int], values: [Float])]

    init(description: String, tensors: [(name: String, shape: [Int], values: [Float])]) {
      self.description = description
      self.tensors = tensors
    }

    init(_ bytes: [UInt8]) throws {
      let index = try bytes.withUnsafeBytes { try SafeTensors($0) }
      description = index.metadata["runnel.model"] ?? ""
      tensors = try index.entries.map { entry in
        (entry.name, entry.shape, try bytes.withUnsafeBytes { try index.floats(entry, in: $0) })
      }
    }

    subscript(name: String) -> Int { tensors.firstIndex { $0.name == name }! }

    /// With a digest that is right.
    var bytes: [UInt8] {
      let zeros = "sha256:" + String(repeating: "0", count: 64)
      var text = description
      if let start = text.range(of: "sha256:") {
        text.replaceSubrange(start.lowerBound..<text.index(start.lowerBound, offsetBy: 71), with: zeros)
      }
      func assembled(_ text: String) -> [UInt8] {
        var writer = JSONWriter()
        var data: [UInt8] = []
        writer.beginObject()
        writer.key("__metadata__")
        writer.beginObject()
        writer.key("runnel.model")
        writer.write(text)
        writer.endObject()
        for tensor in tensors {
          writer.key(tensor.name)
          let end = data.count + 4 * tensor.values.count
          writer.write(
            .object([
              .init("dtype", .string("F32")), .init("shape", .array(tensor.shape.map { .integer(Int64($0)) })),
              .init("data_offsets", .array([.integer(Int64(data.count)), .integer(Int64(end))])),
            ]))
          for value in tensor.values { withUnsafeBytes(of: value.bitPattern.littleEndian) { data += $0 } }
        }
        writer.endObject()
        return container(writer.text, data: data)
      }
      let digest = "sha256:" + assembled(text).withUnsafeBytes { SHA256.hex($0) }
      return assembled(text.replacingOccurrences(of: zeros, with: digest))
    }
  }
}
