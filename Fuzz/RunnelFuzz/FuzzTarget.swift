import Glibc
import RunnelCore
import RunnelImport
import RunnelInference
import RunnelWire

/// Bytes as libFuzzer makes them, given to one reader of model files, of recordings, of messages or of requests: an error or a value is
/// fine, a crash is a bug.
///
///     RUNNEL_FUZZ_TARGET=onnx .build-fuzz/debug/RunnelFuzz -max_total_time=60 Fuzz/Corpus/onnx
///
/// One program for all readers, so that it is built once; `make fuzz` runs each.
enum FuzzTarget: String, CaseIterable {
  case safetensors
  case onnx
  case rtneural
  case wfdb, edf, wav, csv, sigmf, xdf, mcap
  case annotations
  case runnel
  case array
  case raw
  case gnuradio
  case openephys
  case json
  case msgpack
  case recovery, marks
  case admitted, arrived
  case control, discover

  /// The one that the environment names.
  static let chosen: FuzzTarget = {
    let name = getenv("RUNNEL_FUZZ_TARGET").map { String(cString: $0) } ?? ""
    guard let target = FuzzTarget(rawValue: name) else {
      let names = allCases.map(\.rawValue).joined(separator: ", ")
      fatalError("RUNNEL_FUZZ_TARGET names none of \(names)")
    }
    return target
  }()

  /// Everything that a file could lack, so that more of a reader is reached.
  private static let spec: ModelSpec = {
    let text =
      #"{"rate": 100, "regime": "windowed", "window": {"length": 24}, "labels": ["a", "b", "c", "d"], "activation": "softmax"}"#
    guard let json = try? JSONValue(parsing: text), let spec = try? ModelSpec(json) else {
      fatalError("the spec is one")
    }
    return spec
  }()

  func feed(_ bytes: [UInt8]) {
    switch self {
    case .safetensors:
      _ = try? ModelFile(bytes: bytes)
      if let text = try? SpecTemplate.text(safetensors: bytes, file: "x") { precondition(!text.isEmpty) }
    case .onnx:
      guard let model = try? ONNXImport.model(bytes, spec: Self.spec, external: NoExternalData(), name: "x") else {
        return
      }
      Self.judge(model)
    case .rtneural:
      guard let model = try? RTNeuralImport.model(bytes, spec: Self.spec, name: "x") else { return }
      Self.judge(model)
    case .wfdb: RecordingFuzz.feed(bytes, as: "x.hea")
    case .sigmf: RecordingFuzz.feed(bytes, as: "x.sigmf-meta")
    case .edf, .wav, .csv, .xdf, .mcap: RecordingFuzz.feed(bytes, as: "x.\(rawValue)")
    case .annotations: RecordingFuzz.feedAnnotations(bytes)
    case .runnel: MessageFuzz.feed(bytes, to: .runnel(RunnelDecoder()))
    case .array: MessageFuzz.feed(bytes, to: .array(ArrayDecoder(timeOrigin: .epics)))
    case .raw: MessageFuzz.feed(bytes, to: .raw(RawDecoder(shape: RawShape(element: .int24, channels: 2))))
    case .gnuradio:
      for tags in [true, false] {
        let shape = RawShape(element: .float32, channels: 1)
        MessageFuzz.feed(bytes, to: .gnuradio(GNURadioDecoder(shape: shape, passTags: tags, rate: 4)))
      }
    case .openephys: MessageFuzz.feed(bytes, to: .openephys(OpenEphysDecoder(channels: ["CH1", "CH2"])))
    case .json: MessageFuzz.feed(bytes, to: MessageFuzz.maps(.json))
    case .msgpack: MessageFuzz.feed(bytes, to: MessageFuzz.maps(.msgpack))
    case .recovery: RecordingFuzz.feedRecovery(bytes)
    case .marks: RecordingFuzz.feedMarks(bytes)
    case .admitted: LabellingFuzz.feedAdmitted(bytes)
    case .arrived: LabellingFuzz.feedArrived(bytes)
    case .control: ControlFuzz.feed(bytes)
    case .discover: DiscoveryFuzz.feed(bytes)
    }
  }

  /// What an importer accepted goes on to the reader of descriptions, and if that takes it, into a file.
  private static func judge(_ model: ImportedModel) {
    let tensors = model.tensors.map { ModelWriter.Tensor($0.key, $0.value.shape, $0.value.values) }
    guard let draft = try? ModelDraft(description: model.description, tensors: tensors) else { return }
    guard draft.valuesPerPiece <= 1 << 12 else { return }
    let frames = [Float](repeating: 0.5, count: draft.valuesPerPiece * (draft.description.window == nil ? 64 : 1))
    _ = try? draft.finished(frames: frames, scores: nil, by: "fuzz")
  }
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  FuzzTarget.chosen.feed(Array(UnsafeBufferPointer(start: start, count: count)))
  return 0
}

@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
  _ count: UnsafeMutablePointer<Int32>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
  _ body: @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32
) -> Int32

@main
enum Fuzz {
  static func main() {
    var count = CommandLine.argc
    var arguments = CommandLine.unsafeArgv
    exit(runDriver(&count, &arguments, { fuzzOneInput($0, $1) }))
  }
}
