/// Takes tensors out of a file by name and shape, and knows at the end which were never asked for.
struct TensorReader {
  let index: SafeTensors
  /// Values handed out so far.
  private(set) var valuesRead = 0
  private let file: UnsafeRawBufferPointer
  private var entries: [String: SafeTensors.Entry] = [:]

  init(_ file: UnsafeRawBufferPointer) throws(ModelFileError) {
    self.file = file
    do throws(SafeTensorsError) { index = try SafeTensors(file) } catch { throw .container(error) }
    for entry in index.entries { entries[entry.name] = entry }
  }

  func has(_ name: String) -> Bool { entries[name] != nil }

  /// The shape of a tensor that was not taken yet.
  func shape(_ name: String) throws(ModelFileError) -> [Int] {
    guard let entry = entries[name] else { throw .missing(tensor: name) }
    return entry.shape
  }

  /// The values of a tensor, once.
  mutating func take(_ name: String, shape: [Int]) throws(ModelFileError) -> [Float] {
    guard let entry = entries.removeValue(forKey: name) else { throw .missing(tensor: name) }
    guard entry.shape == shape else {
      throw .shape(tensor: name, byteOffset: entry.headerOffset, expected: shape, found: entry.shape)
    }
    valuesRead += entry.shape.reduce(1, *)
    do throws(SafeTensorsError) { return try index.floats(entry, in: file) } catch { throw .container(error) }
  }

  /// Every tensor of the file was taken.
  func end() throws(ModelFileError) {
    guard let entry = index.entries.first(where: { entries[$0.name] != nil }) else { return }
    throw .unused(tensor: entry.name, byteOffset: entry.headerOffset)
  }
}
