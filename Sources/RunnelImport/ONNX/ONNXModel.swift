import RunnelCore

/// An ONNX file as far as it is needed to find a network in it (onnx.proto, docs/cells.md §7): nodes, the tensors they
/// read, inputs and outputs. Tensors stay where they lie in the file until somebody asks for their values.
struct ONNXModel {
  var producer = ""
  /// Version of the default operator set.
  var opset = 0
  var nodes: [ONNXNode] = []
  var initializers: [ONNXTensor] = []
  var inputs: [ONNXPort] = []
  var outputs: [ONNXPort] = []
  /// The first function that the model brings along; none is supported.
  var function: String?
  var hasSparse = false

  static let nodeLimit = 1 << 16
  static let tensorLimit = 1 << 16
  /// Versions whose operators are known here.
  static let opsets = 7...26
}

/// One operation: its names for what it reads and makes; an empty name is an absent one.
struct ONNXNode {
  var name = ""
  var operation = ""
  var domain = ""
  var inputs: [String] = []
  var outputs: [String] = []
  var attributes: [String: ONNXAttribute] = [:]
  var byteOffset = 0

  static let attributeLimit = 64
  static let portLimit = 4096

  /// For errors: the node's name, or what it makes, and its operator.
  var place: String {
    "node \(Quoted.name(name.isEmpty ? outputs.first ?? "" : name)) (\(operation.unicodeScalars.count > 80 ? "…" : operation))"
  }

  func error(_ problem: String) -> ImportError { ImportError(place, problem) }

  /// Name of input `place`, nil where it is absent.
  func input(_ place: Int) -> String? {
    inputs.indices.contains(place) && !inputs[place].isEmpty ? inputs[place] : nil
  }

  func integer(_ key: String) -> Int? { attributes[key]?.integers.first.map { Int($0) } }
  func integers(_ key: String) -> [Int]? { attributes[key].map { $0.integers.map { Int($0) } } }
  func float(_ key: String) -> Float? { attributes[key]?.floats.first }
  func string(_ key: String) -> String? { attributes[key]?.strings.first }
}

/// The values of an attribute; one value is a list of one.
struct ONNXAttribute {
  var floats: [Float] = []
  var integers: [Int64] = []
  var strings: [String] = []
  var tensor: ONNXTensor?
  /// Loop, Scan and If have bodies; they are never looked into.
  var hasGraph = false
}

/// An input or output of the graph.
struct ONNXPort {
  var name = ""
  /// nil where a dimension has no fixed size; the whole is nil where no shape is stated.
  var shape: [Int?]?
  var element: ONNXElement?
}

/// The element types whose values mean something here.
enum ONNXElement: Int {
  case float = 1
  case uint8 = 2
  case int8 = 3
  case uint16 = 4
  case int16 = 5
  case int32 = 6
  case int64 = 7
  case bool = 9
  case float16 = 10
  case double = 11
  case uint32 = 12
  case uint64 = 13
  case bfloat16 = 16

  var size: Int {
    switch self {
    case .uint8, .int8, .bool: 1
    case .uint16, .int16, .float16, .bfloat16: 2
    case .float, .int32, .uint32: 4
    case .int64, .double, .uint64: 8
    }
  }

  var isFloat: Bool {
    switch self {
    case .float, .float16, .double, .bfloat16: true
    default: false
    }
  }
}

/// A tensor as the file states it. `ConstantArray(_:)` reads its values.
struct ONNXTensor {
  var name = ""
  var shape: [Int] = []
  /// The number of the type; `element` where it is a known one.
  var type = 0
  var raw: Range<Int>?
  /// From the typed fields.
  var floats: [Float] = []
  var integers: [Int64] = []
  var hasStrings = false
  var external: External?
  var byteOffset = 0

  struct External {
    var location: String?
    var offset = 0
    var length: Int?
  }

  static let dimensionLimit = 8
  /// Values of one tensor: a layer has at most 8192 × 32768.
  static let valueLimit = 1 << 28

  var element: ONNXElement? { ONNXElement(rawValue: type) }
  var place: String { "tensor \(Quoted.name(name)) at byte \(byteOffset)" }
}
