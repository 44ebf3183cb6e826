import RunnelCore
import RunnelKernels

/// A model in one safetensors file: the description, the weights, and the golden tensors by which every machine proves
/// itself. Reading it needs only the bytes.
///
/// Nothing passes in silence: every tensor the layers ask for is there in its shape, every tensor of the file is asked
/// for, every weight is finite, and the digest is that of the bytes.
public struct ModelFile: Sendable {
  public let description: ModelDescription
  public let golden: Golden
  /// Bytes of the file.
  public let size: Int
  /// Parameters of all layers.
  public let parameters: Int
  let weights: WeightList
  /// Of the decoder's and the event stage's layers, where there are some.
  let decoderWeights: WeightList
  let eventWeights: WeightList

  public init(_ file: UnsafeRawBufferPointer) throws(ModelFileError) {
    var tensors = try TensorReader(file)
    guard let text = tensors.index.metadata["runnel.model"] else { throw .noDescription }
    do throws(ModelDescriptionError) { description = try ModelDescription(parsing: text) } catch {
      throw .description(error)
    }
    try Self.verify(description.digest, file, header: tensors.index.header)
    weights = try WeightList(description.layers, &tensors)
    decoderWeights = try WeightList(description.decoder?.layers ?? [], &tensors)
    eventWeights = try WeightList(description.eventStage?.layers ?? [], &tensors)
    parameters = tensors.valuesRead
    golden = try Golden(description, &tensors)
    try tensors.end()
    size = file.count
  }

  public init(bytes: [UInt8]) throws(ModelFileError) {
    let read: Result<ModelFile, ModelFileError> = bytes.withUnsafeBytes { file in
      do throws(ModelFileError) { return .success(try ModelFile(file)) } catch { return .failure(error) }
    }
    self = try read.get()
  }

  /// The digest in the description, which is that of the bytes.
  public var digest: String { description.digest }

  /// SHA-256 of the file with the digest's own 64 digits as zeros.
  private static func verify(
    _ digest: String, _ file: UnsafeRawBufferPointer, header: Range<Int>
  ) throws(ModelFileError) {
    let wanted = Array(digest.utf8)
    var places: [Int] = []
    var place = header.lowerBound
    while place + wanted.count <= header.upperBound {
      if file[place] == wanted[0], file[place..<place + wanted.count].elementsEqual(wanted) { places.append(place) }
      place += 1
    }
    guard places.count == 1 else { throw .digestPlace(places.count) }
    let digits = places[0] + 7..<places[0] + wanted.count
    var hash = SHA256()
    hash.update(UnsafeRawBufferPointer(rebasing: file[..<digits.lowerBound]))
    [UInt8](repeating: UInt8(ascii: "0"), count: digits.count).withUnsafeBytes { hash.update($0) }
    hash.update(UnsafeRawBufferPointer(rebasing: file[digits.upperBound...]))
    let computed = "sha256:" + hash.finish()
    guard computed == digest else { throw .digest(stated: digest, computed: computed) }
  }
}

/// Why a file is no model that runnel can run.
public enum ModelFileError: Error, Sendable, Equatable, CustomStringConvertible {
  case container(SafeTensorsError)
  case noDescription
  case description(ModelDescriptionError)
  case digest(stated: String, computed: String)
  /// The digest does not stand in the header once and in plain digits, but so many times.
  case digestPlace(Int)
  case missing(tensor: String)
  case unused(tensor: String, byteOffset: Int)
  case shape(tensor: String, byteOffset: Int, expected: [Int], found: [Int])
  /// A number that no layer of this kind can have.
  case value(tensor: String, index: Int, problem: String)

  public var description: String {
    switch self {
    case .container(let error): "not a safetensors file that can be used: \(error)"
    case .noDescription:
      "the file has no metadata key 'runnel.model': write it with python/runnel_export.py"
    case .description(let error): "runnel.model: \(error)"
    case .digest(let stated, let computed):
      "the file was changed after it was written: its digest says \(stated), its bytes give \(computed)"
    case .digestPlace(let count): "the digest must stand in the header once and in plain digits, found \(count) times"
    case .missing(let tensor): "tensor \(Quoted.name(tensor)) is missing"
    case .unused(let tensor, let offset): "byte \(offset): tensor \(Quoted.name(tensor)) belongs to no layer"
    case .shape(let tensor, let offset, let expected, let found):
      "byte \(offset): tensor \(Quoted.name(tensor)) has shape \(found), expected \(expected)"
    case .value(let tensor, let index, let problem): "tensor \(Quoted.name(tensor)), value \(index): \(problem)"
    }
  }
}
