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

  private static func refusal(_ bytes: [UInt8], _ path: String) -> String? {
    func starts(_ magic: [UInt8], at place: Int = 0) -> Bool {
      bytes.count >= place + magic.count && bytes[place..<place + magic.count].elementsEqual(magic)
    }
    if bytes.isEmpty { return "the file is empty" }
    if starts([0x50, 0x4B, 0x03, 0x04]) || starts([0x50, 0x4B, 0x05, 0x06]) { return zip(bytes, path) }
    if bytes.count > 2, bytes[0] == 0x80, (2...5).contains(bytes[1]) { return pickle(path) }
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
    func holds(_ name: String) -> Bool {
      // Names of members stand in plain text; those of interest come first or in the directory at the end.
      let needle = Array(name.utf8)
      for part in [bytes.prefix(1 << 16), bytes.suffix(1 << 16)] where part.count >= needle.count {
        var place = part.startIndex
        while place + needle.count <= part.endIndex {
          if part[place] == needle[0], part[place..<place + needle.count].elementsEqual(needle) { return true }
          place += 1
        }
      }
      return false
    }
    if holds("data.pkl") || holds("constants.pkl") { return pickle(path) }
    if holds("model.weights.h5") || holds("config.json") { return keras(path, "Keras") }
    if holds(".npy") { return "this is an archive of arrays (.npz), not a model" }
    return "this is a zip archive without a model that is read; unpack it"
  }

  /// The two lines that convert a state_dict. Reading a pickle runs what is in it, so nobody does that here.
  private static func pickle(_ path: String) -> String {
    """
    this is a pickle of PyTorch, which can run code when it is read; convert it where you trust it:
      import torch, safetensors.torch
      safetensors.torch.save_file({k: v.contiguous() for k, v in torch.load("\(path)", weights_only=True).items()}, "\(stem(path)).safetensors")
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
