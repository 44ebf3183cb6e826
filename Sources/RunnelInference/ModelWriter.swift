import RunnelCore

/// Writes a model file: description and tensors as safetensors, with the digest of the bytes inside (docs/cells.md §1).
///
///     let bytes = ModelWriter.bytes(description: json, tensors: [.init("head.weight", [4, 5], values)])
///     let file = try ModelFile(bytes: bytes)          // which judges what was written
///
/// The bytes follow from description and tensors alone, as those of `runnel_export.py` do: tensors by name, the header
/// padded to 8 bytes, every value f32.
public enum ModelWriter {
  /// One tensor, row-major.
  public struct Tensor: Sendable {
    public var name: String
    public var shape: [Int]
    public var values: [Float]

    public init(_ name: String, _ shape: [Int], _ values: [Float]) {
      precondition(shape.reduce(1, *) == values.count, "a tensor has as many values as its shape says")
      self.name = name
      self.shape = shape
      self.values = values
    }
  }

  private static let zeros = "sha256:" + String(repeating: "0", count: 64)

  /// - Parameter description: the JSON of `runnel.model`; a digest in it is replaced.
  public static func bytes(description: JSONValue, tensors: [Tensor]) -> [UInt8] {
    let sorted = tensors.sorted { $0.name < $1.name }
    let header = header(description, sorted)
    let size = sorted.reduce(0) { $0 + 4 * $1.values.count }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(8 + header.count + size)
    withUnsafeBytes(of: UInt64(header.count).littleEndian) { bytes.append(contentsOf: $0) }
    bytes.append(contentsOf: header)
    for tensor in sorted {
      for value in tensor.values { withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes.append(contentsOf: $0) } }
    }
    let digest = "sha256:" + bytes.withUnsafeBytes { SHA256.hex($0) }
    let place = place(of: Array(zeros.utf8), in: bytes[8..<8 + header.count])
    bytes.replaceSubrange(place..<place + digest.utf8.count, with: digest.utf8)
    return bytes
  }

  private static func header(_ description: JSONValue, _ tensors: [Tensor]) -> [UInt8] {
    var members = description.members ?? []
    members.removeAll { $0.key == "digest" }
    members.append(.init("digest", .string(zeros)))
    var text = JSONWriter()
    text.write(.object(members))
    var json = JSONWriter()
    json.beginObject()
    json.pair("__metadata__", .object([.init("format", .string("pt")), .init("runnel.model", .string(text.text))]))
    var offset = 0
    for tensor in tensors {
      let end = offset + 4 * tensor.values.count
      json.key(tensor.name)
      json.write(
        .object([
          .init("dtype", .string("F32")), .init("shape", .array(tensor.shape.map { .integer(Int64($0)) })),
          .init("data_offsets", .array([.integer(Int64(offset)), .integer(Int64(end))])),
        ]))
      offset = end
    }
    json.endObject()
    return json.bytes + [UInt8](repeating: 0x20, count: (8 - json.bytes.count % 8) % 8)
  }

  /// The digest is the last of the description's texts, so the last place is its own, whatever the provenance holds.
  private static func place(of needle: [UInt8], in bytes: ArraySlice<UInt8>) -> Int {
    var place = bytes.endIndex - needle.count
    while place > bytes.startIndex, !bytes[place..<place + needle.count].elementsEqual(needle) { place -= 1 }
    return place
  }
}
