import RunnelCore
import RunnelImport
import RunnelInference

/// What kind of file somebody brings, told by its bytes and not by its name.
enum ModelSource: Equatable {
  /// A model of runnel's own.
  case runnel
  case safetensors
  case onnx
  case rtneural
  /// One that is not read, with the way out.
  case refused(String)

  init(_ bytes: [UInt8], path: String) {
    if let refusal = Self.refusal(bytes, path) {
      self = .refused(refusal)
    } else if bytes.count >= 10, bytes[8] == UInt8(ascii: "{"), bytes[4..<8].allSatisfy({ $0 == 0 }) {
      let index = try? bytes.withUnsafeBytes { try SafeTensors($0) }
      self = index?.metadata["runnel.model"] == nil ? .safetensors : .runnel
    } else if RTNeuralImport.recognises(bytes) {
      self = .rtneural
    } else if ONNXImport.recognises(bytes) {
      self = .onnx
    } else {
      self = .refused(
        "this is none of the model files that are read: safetensors, ONNX, RTNeural JSON; from PyTorch or Keras write one with python/runnel_export.py"
      )
    }
  }

  /// How a file that is no model of runnel's becomes one; nil where it is one, or was to be.
  func way(past error: ModelFileError, _ path: String) -> String? {
    let importing = "`runnel model import \(path) -o MODEL.safetensors` makes a model of it"
    switch self {
    case .onnx: return "this is an ONNX file: \(importing)"
    case .rtneural: return "this is RTNeural JSON: \(importing)"
    case .refused(let sentence): return sentence
    case .safetensors where error == .noDescription:
      return
        "these are weights without a description (no metadata key 'runnel.model'): `runnel model template \(path) > SPEC.yaml` writes what is to be filled in, then `runnel model import \(path) --spec SPEC.yaml -o MODEL.safetensors`; or write it with python/runnel_export.py"
    case .safetensors, .runnel: return nil
    }
  }

  private static func refusal(_ bytes: [UInt8], _ path: String) -> String? {
    func starts(_ magic: [UInt8], at place: Int = 0) -> Bool {
      bytes.count >= place + magic.count && bytes[place..<place + magic.count].elementsEqual(magic)
    }
    if bytes.isEmpty { return "the file is empty" }
    if starts([0x50, 0x4B, 0x03, 0x04]) || starts([0x50, 0x4B, 0x05, 0x06]) { return zip(bytes, path) }
    if bytes.count > 2, bytes[0] == 0x80, (2...5).contains(bytes[1]) { return pickle(bytes, path) }
    if starts([0x89] + Array("HDF\r\n".utf8)) { return keras(path, "HDF5") }
    if starts(Array("TFL3".utf8), at: 4) {
      return
        "this is a TensorFlow Lite file, whose operators are not read; export the Keras model that it was made of: runnel_export.save_keras"
    }
    if starts(Array("GGUF".utf8)) || starts(Array("ggml".utf8)) {
      return "this is a file of large language models (GGUF); runnel runs recurrent networks"
    }
    if starts([0x93] + Array("NUMPY".utf8)) { return "this is an array (.npy), not a model" }
    if starts(Array("torchscript".utf8)) || path.hasSuffix(".mlmodel") || path.hasSuffix(".trt")
      || path.hasSuffix(".engine")
    {
      return
        "this is compiled for another runtime; export the module that it was made of: runnel_export.save, or torch.onnx.export"
    }
    if path.hasSuffix("saved_model.pb") || path.hasSuffix(".pb") {
      return "this is a TensorFlow graph; convert it with tf2onnx, or export the Keras model: runnel_export.save_keras"
    }
    return nil
  }

  /// PyTorch and Keras both save zips.
  private static func zip(_ bytes: [UInt8], _ path: String) -> String {
    let texts = ArchiveTexts(bytes)
    if texts.hold("data.pkl") || texts.hold("constants.pkl") { return pickle(bytes, path) }
    if texts.hold("model.weights.h5") || texts.hold("config.json") { return keras(path, "Keras") }
    if texts.hold(".npy") { return "this is an archive of arrays (.npz), not a model" }
    return "this is a zip archive without a model that is read; unpack it"
  }

  /// The two lines that convert what `torch.save` wrote. Reading a pickle runs what is in it, so nobody does that here:
  /// what kind it is shows in its texts.
  private static func pickle(_ bytes: [UInt8], _ path: String) -> String {
    let texts = ArchiveTexts(bytes)
    let isScript = texts.hold("constants.pkl")
    if !isScript, texts.hold("ctorch.nn.modules") {
      return """
        this is a whole module of PyTorch, a pickle that runs code when it is read; export it where its class is defined and you trust it:
          import torch, runnel_export
          runnel_export.save(torch.load("\(path)", map_location="cpu", weights_only=False), "\(stem(path)).safetensors", example=x, labels=[…], rate=…)
        """
    }
    let key = ["state_dict", "model_state_dict", "model"].first { texts.hold(pickled: $0) }
    let state =
      isScript
      ? "torch.jit.load(\"\(path)\", map_location=\"cpu\").state_dict()"
      : "torch.load(\"\(path)\", map_location=\"cpu\", weights_only=True)\(key.map { "[\"\($0)\"]" } ?? "")"
    return """
      this is a pickle of PyTorch, which can run code when it is read; convert it where you trust it:
        import torch, safetensors.torch
        safetensors.torch.save_file({k: v.clone().contiguous() for k, v in \(state).items()}, "\(stem(path)).safetensors")
      then runnel model template \(stem(path)).safetensors, or export the module itself with runnel_export.save
      """
  }

  private static func keras(_ path: String, _ kind: String) -> String {
    """
    this is a \(kind) file; export it where Keras is:
      import keras, runnel_export
      runnel_export.save_keras(keras.models.load_model("\(path)"), "\(stem(path)).safetensors", example=x, labels=[…], rate=…)
    """
  }

  private static func stem(_ path: String) -> String {
    let name = path.split(separator: "/").last.map(String.init) ?? path
    guard let dot = name.lastIndex(of: "."), dot > name.startIndex else { return name }
    return String(name[..<dot])
  }
}
