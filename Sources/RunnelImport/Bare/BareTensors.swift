import RunnelCore
import RunnelInference

/// The tensors of a file that says nothing of layers: a PyTorch state_dict or Keras' weights, by name.
struct BareTensors {
  private(set) var ledger = TensorLedger()
  private var tensors: [String: (place: Int, tensor: ImportedModel.Tensor)] = [:]
  /// What all names begin with and no layer is called by.
  private let wrapper: String

  /// What wraps a module adds to every name: DataParallel, torch.compile; Lightning's `model.` where all have it.
  private static let wrappers = ["module.", "_orig_mod."]

  private static let floats: [TensorElement] = [.float16, .bfloat16, .float32, .float64]

  /// Names that come of modules that must be changed before their weights are saved, and how.
  private static let refusals = [
    ("parametrizations", "is a parametrization: call torch.nn.utils.parametrize.remove_parametrizations before saving"),
    ("weight_g", "is a weight norm: call torch.nn.utils.remove_weight_norm before saving"),
    ("weight_v", "is a weight norm: call torch.nn.utils.remove_weight_norm before saving"),
    ("_packed_params", "is quantised: save the float model"),
  ]

  /// The tensors of a safetensors file.
  init(_ bytes: [UInt8]) throws(ImportError) {
    let read: Result<BareTensors, ImportError> = bytes.withUnsafeBytes { file in
      do throws(ImportError) { return .success(try BareTensors(file)) } catch { return .failure(error) }
    }
    self = try read.get()
  }

  private init(_ file: UnsafeRawBufferPointer) throws(ImportError) {
    let index: SafeTensors
    do throws(SafeTensorsError) { index = try SafeTensors(file) } catch {
      throw ImportError(nil, "not a safetensors file that can be used: \(error)")
    }
    try self.init(names: index.entries.map(\.name))
    for entry in index.entries {
      let place = ledger.add(entry.name, entry.shape)
      let name = stripped(entry.name)
      if name.hasSuffix("num_batches_tracked") || name.hasSuffix("seed_generator_state") {
        ledger.entries[place].unneeded = "counts only"
        continue
      }
      // One of integers is no weight; it stays unused, and can be ignored.
      guard Self.floats.contains(entry.element) else { continue }
      let values: [Float]
      do throws(SafeTensorsError) { values = try index.floats(entry, in: file) } catch {
        throw ImportError(nil, "\(error)")
      }
      try add(name, ImportedModel.Tensor(shape: entry.shape, values: values), at: place)
    }
  }

  /// Tensors that were read elsewhere.
  init(_ given: [(name: String, tensor: ImportedModel.Tensor)]) throws(ImportError) {
    try self.init(names: given.map(\.name))
    for (name, tensor) in given { try add(stripped(name), tensor, at: ledger.add(name, tensor.shape)) }
  }

  private init(names: [String]) throws(ImportError) {
    for name in names {
      let parts = name.split(separator: ".")
      for (part, remedy) in Self.refusals where parts.contains(where: { $0 == part }) {
        throw ImportError("tensor \(Quoted.name(name))", remedy)
      }
    }
    let bare = names.map { Self.unwrapped($0) }
    wrapper = !bare.isEmpty && bare.allSatisfy { $0.hasPrefix("model.") } ? "model." : Self.modelName(bare)
  }

  private mutating func add(_ name: String, _ tensor: ImportedModel.Tensor, at place: Int) throws(ImportError) {
    guard tensors.updateValue((place, tensor), forKey: name) == nil else {
      throw ImportError("tensor \(Quoted.name(name))", "is there twice once its wrappers are taken off")
    }
  }

  private static func unwrapped(_ name: String) -> String {
    var rest = name[...]
    while let wrapper = wrappers.first(where: { rest.hasPrefix($0) }) { rest = rest.dropFirst(wrapper.count) }
    return String(rest)
  }

  private func stripped(_ name: String) -> String {
    let bare = Self.unwrapped(name)
    return String(bare.dropFirst(wrapper.count))
  }

  /// `sequential_3/` of Keras: one first component of all names, before names of layers.
  private static func modelName(_ names: [String]) -> String {
    let parts = names.map { $0.split(separator: "/") }
    guard let first = parts.first?.first else { return "" }
    let areLayers = parts.allSatisfy { part in
      part.count > 2 && part[0] == first && !part[1].hasSuffix("cell") && part[1] != "vars"
        && !part[1].hasPrefix("forward") && !part[1].hasPrefix("backward")
    }
    return areLayers ? first + "/" : ""
  }

  // MARK: taking

  /// Names without wrappers, sorted so that l2 stands before l10.
  var names: [String] { tensors.keys.sorted { Self.naturally($0, $1) } }

  func shape(_ name: String) -> [Int]? { tensors[name]?.tensor.shape }

  func has(_ name: String) -> Bool { tensors[name] != nil }

  /// The tensor, which becomes `purpose`.
  mutating func take(_ name: String, as purpose: String) -> ImportedModel.Tensor? {
    guard let found = tensors[name] else { return nil }
    ledger.use([found.place], as: purpose)
    return found.tensor
  }

  mutating func close(ignoring ignored: [String]) throws(ImportError) { try ledger.close(ignoring: ignored) }

  private static func naturally(_ a: String, _ b: String) -> Bool {
    func parts(_ text: String) -> [(text: String, number: Int)] {
      var parts: [(String, Int)] = []
      var (letters, digits) = ("", "")
      for character in text {
        if character.isWholeNumber, digits.count < 18 {
          digits.append(character)
        } else {
          if !digits.isEmpty {
            parts.append((letters, Int(digits) ?? 0))
            (letters, digits) = ("", "")
          }
          letters.append(character)
        }
      }
      parts.append((letters, Int(digits) ?? -1))
      return parts
    }
    for (x, y) in zip(parts(a), parts(b)) where x != y { return x < y }
    return a < b
  }
}
