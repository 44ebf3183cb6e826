import RunnelCore
import RunnelInference

/// What an importer made of somebody else's file: a description in runnel's words, the tensors it names, and what the
/// reader should know of how it was understood.
public struct ImportedModel: Sendable {
  /// The JSON of `runnel.model` but for digest and golden tensors.
  public var description: JSONValue
  public var tensors: [String: Tensor]
  /// Sentences for the person who imports.
  public var notes: [String]

  /// Row-major values.
  public struct Tensor: Sendable, Equatable {
    public var shape: [Int]
    public var values: [Float]

    public init(shape: [Int], values: [Float]) {
      self.shape = shape
      self.values = values
    }
  }

  public init(description: JSONValue, tensors: [String: Tensor], notes: [String] = []) {
    self.description = description
    self.tensors = tensors
    self.notes = notes
  }
}
