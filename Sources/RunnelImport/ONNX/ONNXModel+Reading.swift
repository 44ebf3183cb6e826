import RunnelCore

/// The field numbers are those of onnx.proto (docs/cells.md §7). Nothing here recurses: bodies of loops are passed
/// over, so that no file can nest deeper than these functions do.
extension ONNXModel {
  /// - Throws: `ImportError` with the byte that is wrong.
  init(_ bytes: [UInt8]) throws(ImportError) {
    var scanner = ProtobufScanner(bytes, bytes.indices)
    var graphs: [Range<Int>] = []
    while let field = try scanner.next() {
      switch field.number {
      case 2: producer = try scanner.text(field)
      case 3: producer += " " + (try scanner.text(field))
      case 7: graphs.append(try scanner.range(field))
      case 8: try readOpset(bytes, try scanner.range(field))
      case 25: function = try Self.name(bytes, try scanner.range(field), field: 1)
      default: try scanner.skip(field)
      }
    }
    guard let graph = graphs.last else { throw ImportError(nil, "the ONNX file has no graph") }
    try readGraph(bytes, graph)
  }

  private mutating func readOpset(_ bytes: [UInt8], _ range: Range<Int>) throws(ImportError) {
    var scanner = ProtobufScanner(bytes, range)
    var domain = ""
    var version: Int64 = 0
    while let field = try scanner.next() {
      switch field.number {
      case 1: domain = try scanner.text(field)
      case 2: version = try scanner.integer(field)
      default: try scanner.skip(field)
      }
    }
    if domain.isEmpty || domain == "ai.onnx" { opset = Int(clamping: version) }
  }

  private mutating func readGraph(_ bytes: [UInt8], _ range: Range<Int>) throws(ImportError) {
    var scanner = ProtobufScanner(bytes, range)
    while let field = try scanner.next() {
      switch field.number {
      case 1: nodes.append(try ONNXNode(bytes, try scanner.range(field), at: field.byteOffset))
      case 5: initializers.append(try ONNXTensor(bytes, try scanner.range(field), at: field.byteOffset))
      case 11: inputs.append(try ONNXPort(bytes, try scanner.range(field)))
      case 12: outputs.append(try ONNXPort(bytes, try scanner.range(field)))
      case 15:
        hasSparse = true
        try scanner.skip(field)
      default: try scanner.skip(field)
      }
      guard nodes.count <= Self.nodeLimit, initializers.count <= Self.tensorLimit,
        inputs.count + outputs.count <= Self.tensorLimit
      else {
        throw scanner.error(
          field.byteOffset,
          "at most \(Self.nodeLimit) nodes and \(Self.tensorLimit) tensors; no network for streams has more")
      }
    }
  }

  fileprivate static func name(_ bytes: [UInt8], _ range: Range<Int>, field number: Int) throws(ImportError) -> String {
    var scanner = ProtobufScanner(bytes, range)
    var name = ""
    while let field = try scanner.next() {
      if field.number == number { name = try scanner.text(field) } else { try scanner.skip(field) }
    }
    return name
  }
}

extension ONNXNode {
  fileprivate init(_ bytes: [UInt8], _ range: Range<Int>, at offset: Int) throws(ImportError) {
    byteOffset = offset
    var scanner = ProtobufScanner(bytes, range)
    while let field = try scanner.next() {
      switch field.number {
      case 1: inputs.append(try scanner.text(field))
      case 2: outputs.append(try scanner.text(field))
      case 3: name = try scanner.text(field)
      case 4: operation = try scanner.text(field)
      case 5:
        let (key, value) = try ONNXAttribute.named(bytes, try scanner.range(field), at: field.byteOffset)
        guard attributes.updateValue(value, forKey: key) == nil else {
          throw scanner.error(field.byteOffset, "each attribute once; \(Quoted.name(key)) is repeated")
        }
      case 7: domain = try scanner.text(field)
      default: try scanner.skip(field)
      }
      guard attributes.count <= Self.attributeLimit, inputs.count + outputs.count <= Self.portLimit else {
        throw scanner.error(
          field.byteOffset,
          "at most \(Self.attributeLimit) attributes and \(Self.portLimit) inputs and outputs of a node")
      }
    }
  }
}

extension ONNXAttribute {
  fileprivate static func named(
    _ bytes: [UInt8], _ range: Range<Int>, at offset: Int
  ) throws(ImportError) -> (String, ONNXAttribute) {
    var scanner = ProtobufScanner(bytes, range)
    var name = ""
    var attribute = ONNXAttribute()
    while let field = try scanner.next() {
      switch field.number {
      case 1: name = try scanner.text(field)
      case 2, 7: try scanner.floats(field, into: &attribute.floats)
      case 3, 8: try scanner.integers(field, into: &attribute.integers)
      case 4, 9: attribute.strings.append(try scanner.text(field))
      case 5: attribute.tensor = try ONNXTensor(bytes, try scanner.range(field), at: field.byteOffset)
      case 6, 11:
        attribute.hasGraph = true
        try scanner.skip(field)
      default: try scanner.skip(field)
      }
    }
    guard !name.isEmpty else { throw scanner.error(offset, "an attribute with a name") }
    return (name, attribute)
  }
}

extension ONNXPort {
  fileprivate init(_ bytes: [UInt8], _ range: Range<Int>) throws(ImportError) {
    var scanner = ProtobufScanner(bytes, range)
    while let field = try scanner.next() {
      switch field.number {
      case 1: name = try scanner.text(field)
      case 2: try readType(bytes, try scanner.range(field))
      default: try scanner.skip(field)
      }
    }
  }

  private mutating func readType(_ bytes: [UInt8], _ range: Range<Int>) throws(ImportError) {
    var scanner = ProtobufScanner(bytes, range)
    while let field = try scanner.next() {
      guard field.number == 1 else {
        try scanner.skip(field)
        continue
      }
      var inner = ProtobufScanner(bytes, try scanner.range(field))
      while let field = try inner.next() {
        switch field.number {
        case 1: element = ONNXElement(rawValue: Int(clamping: try inner.integer(field)))
        case 2: try readShape(bytes, try inner.range(field))
        default: try inner.skip(field)
        }
      }
    }
  }

  private mutating func readShape(_ bytes: [UInt8], _ range: Range<Int>) throws(ImportError) {
    var scanner = ProtobufScanner(bytes, range)
    var shape: [Int?] = []
    while let field = try scanner.next() {
      guard field.number == 1 else {
        try scanner.skip(field)
        continue
      }
      var inner = ProtobufScanner(bytes, try scanner.range(field))
      var size: Int?
      while let field = try inner.next() {
        if field.number == 1 {
          let value = try inner.integer(field)
          size = value > 0 ? Int(value) : nil
        } else {
          try inner.skip(field)
        }
      }
      shape.append(size)
      guard shape.count <= ONNXTensor.dimensionLimit else {
        throw scanner.error(field.byteOffset, "at most \(ONNXTensor.dimensionLimit) dimensions")
      }
    }
    self.shape = shape
  }
}

extension ONNXTensor {
  fileprivate init(_ bytes: [UInt8], _ range: Range<Int>, at offset: Int) throws(ImportError) {
    byteOffset = offset
    var scanner = ProtobufScanner(bytes, range)
    var sizes: [Int64] = []
    var isExternal = false
    while let field = try scanner.next() {
      switch field.number {
      case 1: try scanner.integers(field, into: &sizes, limit: Self.dimensionLimit)
      case 2: type = Int(clamping: try scanner.integer(field))
      case 4: try scanner.floats(field, into: &floats)
      case 5, 7, 11: try scanner.integers(field, into: &integers)
      case 6:
        hasStrings = true
        try scanner.skip(field)
      case 8: name = try scanner.text(field)
      case 9: raw = try scanner.range(field)
      case 10: try scanner.doubles(field, into: &floats)
      case 13: try readExternal(bytes, try scanner.range(field), scanner, field)
      case 14: isExternal = try scanner.integer(field) == 1
      default: try scanner.skip(field)
      }
    }
    if isExternal && external == nil { external = External() }
    if !isExternal { external = nil }
    guard sizes.count <= Self.dimensionLimit, sizes.allSatisfy({ $0 >= 0 }),
      Int.product(sizes.map { Int($0) }, limit: Self.valueLimit) != nil
    else {
      let shown = sizes.prefix(9).map { String($0) }.joined(separator: ", ")
      throw scanner.error(
        offset, "a tensor of at most \(Self.valueLimit) values, \(Quoted.name(name)) has shape [\(shown)]")
    }
    shape = sizes.map { Int($0) }
  }

  private mutating func readExternal(
    _ bytes: [UInt8], _ range: Range<Int>, _ outer: ProtobufScanner, _ at: ProtobufScanner.Field
  ) throws(ImportError) {
    var scanner = ProtobufScanner(bytes, range)
    var (key, value) = ("", "")
    while let field = try scanner.next() {
      switch field.number {
      case 1: key = try scanner.text(field)
      case 2: value = try scanner.text(field)
      default: try scanner.skip(field)
      }
    }
    var entry = external ?? External()
    switch key {
    case "location": entry.location = value
    case "offset", "length":
      guard let number = Int(value), number >= 0 else {
        throw outer.error(at.byteOffset, "a number for \(key) of external data, found \(Quoted.name(value))")
      }
      if key == "offset" { entry.offset = number } else { entry.length = number }
    default: break
    }
    external = entry
  }
}
