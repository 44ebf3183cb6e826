import RunnelInference

/// An array whose values are known before any frame comes: weights, shapes, axes, zero states. Row-major.
struct ConstantArray {
  enum Values {
    case integers([Int64])
    case floats([Float])
  }

  var shape: [Int]
  var values: Values
  /// Places of the initializers that it was made of, for the account of tensors.
  var origins: Set<Int> = []

  init(_ shape: [Int], _ values: Values, origins: Set<Int> = []) {
    self.shape = shape
    self.values = values
    self.origins = origins
  }

  init(integers: [Int]) { self.init([integers.count], .integers(integers.map { Int64($0) })) }

  var count: Int {
    switch values {
    case .integers(let values): values.count
    case .floats(let values): values.count
    }
  }

  var rank: Int { shape.count }

  /// As integers, where they are integers.
  var integers: [Int]? {
    if case .integers(let values) = values { values.map { Int(clamping: $0) } } else { nil }
  }

  /// As numbers; integers are converted.
  var floats: [Float] {
    switch values {
    case .floats(let values): values
    case .integers(let values): values.map { Float($0) }
    }
  }

  /// The one value of a scalar or of an array of one.
  var scalar: Float? { count == 1 ? floats[0] : nil }

  var isZero: Bool {
    switch values {
    case .integers(let values): values.allSatisfy { $0 == 0 }
    case .floats(let values): values.allSatisfy { $0 == 0 }
    }
  }

  /// A new array of the elements at these places of this one.
  func taking(_ places: [Int], shape: [Int]) -> ConstantArray {
    switch values {
    case .integers(let values): ConstantArray(shape, .integers(places.map { values[$0] }), origins: origins)
    case .floats(let values): ConstantArray(shape, .floats(places.map { values[$0] }), origins: origins)
    }
  }

  func reshaped(_ shape: [Int]) -> ConstantArray { ConstantArray(shape, values, origins: origins) }

  func transposed(_ order: [Int]) -> ConstantArray {
    let steps = Self.strides(shape)
    let result = order.map { shape[$0] }
    return taking(Self.places(result, order.map { steps[$0] }), shape: result)
  }

  /// Elements to move for one step along each axis.
  static func strides(_ shape: [Int]) -> [Int] {
    var strides = [Int](repeating: 1, count: shape.count)
    for axis in shape.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * shape[axis + 1] }
    return strides
  }

  /// Where the elements of an array of `shape` lie, walked row-major, when one step along axis k moves `strides[k]`.
  static func places(_ shape: [Int], _ strides: [Int], from start: Int = 0) -> [Int] {
    var places = [start]
    for (size, stride) in zip(shape, strides) {
      var next: [Int] = []
      next.reserveCapacity(places.count * size)
      for place in places { for step in 0..<size { next.append(place + step * stride) } }
      places = next
    }
    return places
  }

  var tensor: ImportedModel.Tensor { ImportedModel.Tensor(shape: shape, values: floats) }
}

extension ConstantArray {
  /// The values of a tensor of the file: raw, typed, or in a file beside the model. Halves and doubles become f32.
  init(_ tensor: ONNXTensor, _ file: [UInt8], _ external: some ExternalData) throws(ImportError) {
    guard let element = tensor.element, !tensor.hasStrings else {
      throw ImportError(
        tensor.place,
        "its element type \(tensor.type) is not read (quantised, complex and text are not); export it as float32")
    }
    guard let count = Int.product(tensor.shape, limit: ONNXTensor.valueLimit) else {
      throw ImportError(tensor.place, "has more than \(ONNXTensor.valueLimit) values")
    }
    let size = count * element.size
    if let outside = tensor.external {
      guard let location = outside.location else { throw ImportError(tensor.place, "external data without a location") }
      guard outside.length == nil || outside.length == size else {
        throw ImportError(
          tensor.place, "\(outside.length ?? 0) bytes of external data for shape \(tensor.shape), expected \(size)")
      }
      _ = try ExternalLocation.components(location)
      let bytes = size == 0 ? [] : try external.bytes(location, offset: outside.offset, length: size)
      guard bytes.count == size else {
        throw ImportError(tensor.place, "\(bytes.count) bytes of external data, expected \(size)")
      }
      self.init(tensor.shape, Self.values(element, bytes, 0..<size))
    } else if let raw = tensor.raw {
      guard raw.count == size else {
        throw ImportError(tensor.place, "\(raw.count) bytes of data for shape \(tensor.shape), expected \(size)")
      }
      self.init(tensor.shape, Self.values(element, file, raw))
    } else if element == .float || element == .double {
      guard tensor.floats.count == count else {
        throw ImportError(tensor.place, "\(tensor.floats.count) values for shape \(tensor.shape), expected \(count)")
      }
      self.init(tensor.shape, .floats(tensor.floats))
    } else {
      guard tensor.integers.count == count else {
        throw ImportError(tensor.place, "\(tensor.integers.count) values for shape \(tensor.shape), expected \(count)")
      }
      switch element {
      case .float16:
        self.init(
          tensor.shape, .floats(tensor.integers.map { Float(Float16(bitPattern: UInt16(truncatingIfNeeded: $0))) }))
      case .bfloat16:
        let bits = tensor.integers.map { UInt32(UInt16(truncatingIfNeeded: $0)) << 16 }
        self.init(tensor.shape, .floats(bits.map { Float(bitPattern: $0) }))
      default: self.init(tensor.shape, .integers(tensor.integers))
      }
    }
  }

  private static func values(_ element: ONNXElement, _ bytes: [UInt8], _ range: Range<Int>) -> Values {
    bytes.withUnsafeBytes { raw in
      func load<T>(_: T.Type) -> [T] {
        stride(from: range.lowerBound, to: range.upperBound, by: MemoryLayout<T>.size).map {
          raw.loadUnaligned(fromByteOffset: $0, as: T.self)
        }
      }
      return switch element {
      case .float: .floats(load(UInt32.self).map { Float(bitPattern: UInt32(littleEndian: $0)) })
      case .double: .floats(load(UInt64.self).map { Float(Double(bitPattern: UInt64(littleEndian: $0))) })
      case .float16: .floats(load(UInt16.self).map { Float(Float16(bitPattern: UInt16(littleEndian: $0))) })
      case .bfloat16: .floats(load(UInt16.self).map { Float(bitPattern: UInt32(UInt16(littleEndian: $0)) << 16) })
      case .int64: .integers(load(Int64.self).map { Int64(littleEndian: $0) })
      case .uint64: .integers(load(UInt64.self).map { Int64(clamping: UInt64(littleEndian: $0)) })
      case .int32: .integers(load(Int32.self).map { Int64(Int32(littleEndian: $0)) })
      case .uint32: .integers(load(UInt32.self).map { Int64(UInt32(littleEndian: $0)) })
      case .int16: .integers(load(Int16.self).map { Int64(Int16(littleEndian: $0)) })
      case .uint16: .integers(load(UInt16.self).map { Int64(UInt16(littleEndian: $0)) })
      case .int8: .integers(load(Int8.self).map { Int64($0) })
      case .uint8, .bool: .integers(load(UInt8.self).map { Int64($0) })
      }
    }
  }
}
