import RunnelCore

/// The JSON part of an array message, read without allocating.
struct ArrayDescriptor {
  var element: ElementType
  var byteOrder: ByteOrder
  /// One or two axes, slowest first; the second is 1 where there is one.
  var shape: (Int, Int)
  var axes: Int
  /// Where the shape stands, for errors.
  var shapeOffset: Int
  var sequence: UInt64?
  var first: Int64?
  var timestamp: Int64?
  var rate: Double?
  var epoch: UInt64?
  /// `timeStamp` of array-1.0, where it was asked for.
  var seconds: Double?

  /// - Parameter readsTime: whether `timeStamp` is wanted.
  init(
    _ json: UnsafeRawBufferPointer, part: Int, limits: WireLimits, readsTime: Bool = false
  ) throws(DecodeError) {
    var fields = try JSONFields(json, part: part, limits: limits)
    var (dtype, type, kind): (Range<Int>?, Range<Int>?, Range<Int>?)
    var dimensions: (sizes: (Int, Int), axes: Int, offset: Int)?
    var frame: UInt64?
    var bigEndian: Bool?
    var encoding: Range<Int>?
    var encodingOffset = 0
    var isFirst = true
    while let key = try fields.key(&isFirst) {
      if fields.matches(key, "dtype") {
        try fields.once(dtype != nil, key)
        dtype = try fields.plain("a dtype like \"int16\" or \"<f4\"")
      } else if fields.matches(key, "shape") {
        try fields.once(dimensions != nil, key)
        dimensions = try fields.shape()
      } else if fields.matches(key, "seq") {
        try fields.once(sequence != nil, key)
        sequence = try fields.index("a seq, as an integer").map(UInt64.init)
      } else if fields.matches(key, "first") {
        try fields.once(first != nil, key)
        first = try fields.index("a sample index, as an integer")
      } else if fields.matches(key, "t_ns") {
        try fields.once(timestamp != nil, key)
        timestamp = try fields.time()
      } else if fields.matches(key, "rate") {
        try fields.once(rate != nil, key)
        rate = try fields.rate()
      } else if fields.matches(key, "epoch") {
        try fields.once(epoch != nil, key)
        epoch = try fields.unsigned("an epoch, as an integer or a decimal string")
      } else if fields.matches(key, "type") {
        try fields.once(type != nil, key)
        type = try fields.plainIfString()
      } else if fields.matches(key, "frame") {
        try fields.once(frame != nil, key)
        frame = try fields.unsignedIfNumber()
      } else if readsTime, fields.matches(key, "timeStamp") {
        try fields.once(seconds != nil, key)
        seconds = try fields.number("a time in seconds")
      } else if fields.matches(key, "htype") {
        try fields.once(kind != nil, key)
        kind = try fields.plainIfString()
      } else if fields.matches(key, "endianness") {
        try fields.once(bigEndian != nil, key)
        bigEndian = try fields.isBigEndian()
      } else if fields.matches(key, "encoding") {
        encodingOffset = fields.valueStart
        encoding = try fields.plainIfString()
      } else {
        try fields.skip()
      }
    }
    try fields.end()
    // The names of array-1.0 are common words: they count only where it says that it is that, or where no dtype is.
    let isArray1 = fields.begins(kind, "array-1.")
    guard let named = dtype ?? type else { throw fields.error(.dtype, at: 0, "\"dtype\", for example \"int16\"") }
    let parsed = try fields.elementType(named)
    if isArray1, let encoding, !encoding.isEmpty {
      throw fields.error(at: encodingOffset, "raw data: \"encoding\" empty or absent")
    }
    guard let dimensions else { throw fields.error(at: 0, "\"shape\", for example [360, 2]") }
    element = parsed.element
    byteOrder = element.size == 1 ? .little : parsed.order ?? (isArray1 && bigEndian == true ? .big : .little)
    (shape, axes, shapeOffset) = (dimensions.sizes, dimensions.axes, dimensions.offset)
    if sequence == nil, isArray1 || dtype == nil, let frame, frame < WireLimits.largestIndex { sequence = frame }
  }
}

extension JSONFields {
  /// One or two sizes.
  fileprivate mutating func shape() throws(DecodeError) -> (sizes: (Int, Int), axes: Int, offset: Int) {
    let start = valueStart
    let expected: StaticString = "a shape of one or two sizes: [rows] or [rows, channels]"
    guard try beginArray("\(expected)") else { throw error(at: start, "\(expected)") }
    var sizes = (0, 1)
    var axes = 0
    var first = true
    while try element(&first) {
      let at = valueStart
      guard let size = try index("a size") else { throw error(at: at, "a size") }
      switch axes {
      case 0: sizes.0 = Int(size)
      case 1: sizes.1 = Int(size)
      default: throw error(at: start, "\(expected)")
      }
      axes += 1
    }
    guard axes > 0 else { throw error(at: start, "\(expected)") }
    return (sizes, axes, start)
  }

  /// Unix nanoseconds.
  mutating func time() throws(DecodeError) -> Int64? {
    let start = valueStart
    guard let time = try signed("Unix ns, as an integer or a decimal string") else { return nil }
    guard time.magnitude < WireLimits.largestIndex else { throw error(at: start, "Unix ns within 146 years of 1970") }
    return time
  }

  /// A key that array-1.0 uses and others use for anything.
  fileprivate mutating func plainIfString() throws(DecodeError) -> Range<Int>? {
    guard valueStart < bytes.count, bytes[valueStart] == UInt8(ascii: "\"") else {
      try skip()
      return nil
    }
    let start = valueStart
    try skip()
    // Between the quotes; with an escape in it, it is no word that we look for.
    return start + 1..<position - 1
  }

  fileprivate func begins(_ text: Range<Int>?, _ start: StaticString) -> Bool {
    guard let text, text.count >= start.utf8CodeUnitCount else { return false }
    return matches(text.lowerBound..<text.lowerBound + start.utf8CodeUnitCount, start)
  }

  fileprivate mutating func unsignedIfNumber() throws(DecodeError) -> UInt64? {
    let start = valueStart
    try skip()
    return decimal(start..<position)
  }

  fileprivate mutating func isBigEndian() throws(DecodeError) -> Bool? {
    guard let word = try plainIfString() else { return nil }
    return matches(word, "big")
  }

  /// NumPy's spelling: optionally one of < > = |, then a long name, or a letter of f i u b c and a byte count.
  fileprivate func elementType(_ text: Range<Int>) throws(DecodeError) -> (element: ElementType, order: ByteOrder?) {
    var start = text.lowerBound
    var order: ByteOrder?
    if start < text.upperBound {
      switch bytes[start] {
      case UInt8(ascii: "<"): (order, start) = (.little, start + 1)
      case UInt8(ascii: ">"): (order, start) = (.big, start + 1)
      case UInt8(ascii: "="), UInt8(ascii: "|"): start += 1
      default: break
      }
    }
    if let element = element(named: start..<text.upperBound) { return (element, order) }
    throw error(
      .dtype, at: text.lowerBound,
      "one of float32 float64 int8 int16 int32 int64 uint8 uint16 uint32 (f4 f8 i1 i2 i4 i8 u1 u2 u4); convert others "
        + "with astype before sending")
  }

  private func element(named name: Range<Int>) -> ElementType? {
    if matches(name, "f4") || matches(name, "float32") { return .float32 }
    if matches(name, "f8") || matches(name, "float64") { return .float64 }
    if matches(name, "i1") || matches(name, "int8") { return .int8 }
    if matches(name, "i2") || matches(name, "int16") { return .int16 }
    if matches(name, "i4") || matches(name, "int32") { return .int32 }
    if matches(name, "i8") || matches(name, "int64") { return .int64 }
    if matches(name, "u1") || matches(name, "uint8") { return .uint8 }
    if matches(name, "u2") || matches(name, "uint16") { return .uint16 }
    if matches(name, "u4") || matches(name, "uint32") { return .uint32 }
    return nil
  }
}
