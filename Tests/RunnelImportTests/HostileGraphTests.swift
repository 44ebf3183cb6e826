import RunnelCore
import RunnelImport
import RunnelInference
import Testing

/// ONNX graphs put together field by field: what no exporter writes, and no reader may believe.
@Suite struct HostileGraphTests {
  /// Fields of a protobuf message.
  private struct Message {
    var bytes: [UInt8] = []

    static func varint(_ value: UInt64) -> [UInt8] {
      var (value, bytes) = (value, [UInt8]())
      while value > 127 {
        bytes.append(UInt8(value & 127) | 128)
        value >>= 7
      }
      return bytes + [UInt8(value)]
    }

    func integer(_ field: UInt64, _ value: Int) -> Message {
      Message(bytes: bytes + Self.varint(field << 3) + Self.varint(UInt64(bitPattern: Int64(value))))
    }

    func data(_ field: UInt64, _ value: [UInt8]) -> Message {
      Message(bytes: bytes + Self.varint(field << 3 | 2) + Self.varint(UInt64(value.count)) + value)
    }

    func text(_ field: UInt64, _ value: String) -> Message { data(field, Array(value.utf8)) }
    func message(_ field: UInt64, _ value: Message) -> Message { data(field, value.bytes) }
    func float(_ field: UInt64, _ value: Float) -> Message {
      Message(bytes: bytes + Self.varint(field << 3 | 5) + withUnsafeBytes(of: value.bitPattern) { Array($0) })
    }
  }

  private static func node(_ operation: String, _ inputs: [String], _ output: String, _ attributes: [Message] = [])
    -> Message
  {
    var node = inputs.reduce(Message()) { $0.text(1, $1) }.text(2, output).text(4, operation)
    for attribute in attributes { node = node.message(5, attribute) }
    return node
  }

  private static func attribute(_ name: String) -> Message { Message().text(1, name) }

  private static func tensor(_ name: String, _ shape: [Int]) -> Message {
    let values = [UInt8](repeating: 0, count: 4 * shape.reduce(1, *))
    return shape.reduce(Message()) { $0.integer(1, $1) }.integer(2, 1).text(8, name).data(9, values)
  }

  private static func port(_ name: String, _ shape: [Int]) -> Message {
    let sizes = shape.reduce(Message()) { $0.message(1, Message().integer(1, $1)) }
    return Message().text(1, name).message(2, Message().message(1, Message().integer(1, 1).message(2, sizes)))
  }

  /// x (1, 5, 2) through the nodes to y.
  private static func file(_ nodes: [Message], _ tensors: [Message], producer: String = "") -> [UInt8] {
    var graph = Message()
    for node in nodes { graph = graph.message(1, node) }
    for tensor in tensors { graph = graph.message(5, tensor) }
    graph = graph.message(11, port("x", [1, 5, 2])).message(12, port("y", [1, 5, 1]))
    return Message().integer(1, 9).text(2, producer).message(7, graph).message(8, Message().integer(2, 17)).bytes
  }

  private static let dense = node("MatMul", ["x", "w"], "y")
  private static let weight = tensor("w", [2, 1])

  private static func turned(_ input: String, _ output: String) -> Message {
    node("Transpose", [input], output, [attribute("perm").data(8, [1, 0, 2])])
  }

  private static func lstm(_ attributes: Message...) -> [UInt8] {
    file(
      [
        turned("x", "t"), node("LSTM", ["t", "W", "R"], "h", attributes), node("Squeeze", ["h", "one"], "s"),
        turned("s", "y"),
      ],
      [
        tensor("W", [1, 4, 2]), tensor("R", [1, 4, 1]),
        Message().integer(1, 1).integer(2, 7).integer(7, 1).text(8, "one"),
      ])
  }

  private static let cases: [(bytes: [UInt8], says: String)] = [
    (file([dense, node("Relu", ["x"], "w")], [weight]), "is an input or a tensor of the graph already"),
    (file([dense, node("Relu", ["x"], "x")], [weight]), "is an input or a tensor of the graph already"),
    (file([node("MatMul", ["x", "w"], "y0")] + chain(3000), [weight]), "more than 1024 layers"),
    (file([dense], []), "(MatMul): reads 'w', which nothing before it makes: a tensor is missing, or the graph has"),
    (file([node("Relu", ["ghost"], "y")], []), "(Relu): reads 'ghost', which nothing before it makes"),
    (file([node("Add", ["x", "b"], "a"), node("Relu", ["a"], "b"), node("Abs", ["b"], "y")], []), "(Add): reads 'b'"),
    (file([node("Add", ["a", "b"], "c"), node("Relu", ["c"], "b"), node("Abs", ["b"], "y")], []), "(Add): reads 'a'"),
    (file([node("Relu", ["y"], "y")], []), "(Relu): reads 'y', which nothing before it makes"),
    (
      file([dense], [weight], producer: String(repeating: "\u{1B}[31m", count: 20_000)), "a text of at most 65536 bytes"
    ),
    (
      file([dense], [weight, Message().data(1, [UInt8](repeating: 1, count: 100_000)).integer(2, 1)]),
      "at most 8 integers in one field"
    ),
    (
      file(
        [dense, node("Relu", ["x"], "z", [attribute("a").data(8, [UInt8](repeating: 1, count: 5_000_000))])], [weight]),
      "at most 4194304 integers"
    ),
    (lstm(attribute("direction").integer(3, 3)), "attribute direction is not a text"),
    (lstm(attribute("hidden_size").float(2, 1)), "attribute hidden_size is not a whole number"),
    (lstm(attribute("clip").float(2, .nan)), "attribute clip is NaN"),
    (lstm(attribute("clip").float(2, -1)), "clip is -1.0, expected a bound above 0"),
    (lstm(attribute("clip").float(2, 0)), "clip is 0.0, expected a bound above 0"),
    (lstm(attribute("layout").integer(3, 7)), "layout is 7, expected 0 or 1"),
    (lstm(attribute("input_forget").integer(3, 5)), "input_forget is 5, expected 0 or 1"),
    (
      file(
        [
          node("Transpose", ["x"], "t", [attribute("perm").data(8, [0, 2, 1])]),
          node("Conv", ["t", "k"], "c", [attribute("kernel_shape").integer(8, 1_000_000_000)]),
          node("Transpose", ["c"], "y", [attribute("perm").data(8, [0, 2, 1])]),
        ], [tensor("k", [1, 2, 1])]), "kernel_shape is [1000000000], and its weight has shape [1, 2, 1]"
    ),
  ]

  private static func chain(_ count: Int) -> [Message] {
    (0..<count).map { node("Relu", ["y\($0)"], $0 == count - 1 ? "y" : "y\($0 + 1)") }
  }

  private func imported(_ bytes: [UInt8]) throws(ImportError) -> ImportedModel {
    let members: [JSONValue.Member] = [
      .init("rate", .integer(100)), .init("labels", .array([.string("a")])), .init("regime", .string("carried")),
      .init("activation", .string("sigmoid")),
    ]
    return try ONNXImport.model(
      bytes, spec: try ModelSpec(.object(members)), external: NoExternalData(), name: "hostile")
  }

  @Test func `graphs put together here are graphs`() throws {
    #expect(try imported(Self.file([Self.dense], [Self.weight])).kinds == ["linear"])
    #expect(try imported(Self.lstm()).kinds == ["lstm"])
  }

  @Test(arguments: cases.indices) func `what no exporter writes is refused by what is wrong`(place: Int) {
    let (bytes, says) = Self.cases[place]
    let error = #expect(throws: ImportError.self) { try imported(bytes) }
    let text = error?.description ?? ""
    #expect(text.contains(says), "\(text)")
    #expect(text.unicodeScalars.count < 600 && Quoted.isPrintable(text))
  }
}
