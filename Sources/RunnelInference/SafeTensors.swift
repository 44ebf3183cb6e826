import RunnelCore

/// The index of a safetensors file: which tensors there are, of which type and shape, and where their bytes lie.
///
///     u64 LE N | N bytes of JSON | data of all tensors, without holes, to the end of the file
///
/// Stricter than the reference reader where a file could mean two things (docs/cells.md §1): a tensor named twice and a
/// space before the header's brace are refused. Reads bytes that somebody else owns; values are copied out of them,
/// because nothing in the format aligns a tensor.
public struct SafeTensors: Sendable, Equatable {
  public struct Entry: Sendable, Equatable {
    public var name: String
    public var element: TensorElement
    /// Empty for a scalar; a zero makes an empty tensor.
    public var shape: [Int]
    /// Place in the file.
    public var bytes: Range<Int>
    /// Where the header speaks of it.
    public var headerOffset: Int
  }

  /// In the order of their bytes.
  public let entries: [Entry]
  public let metadata: [String: String]
  /// Place of the JSON in the file.
  public let header: Range<Int>

  public static let headerLimit = 100_000_000
  public static let tensorLimit = 4096
  public static let dimensionLimit = 8
  public static let fileLimit = 1 << 30
  /// Bytes of JSON that speak of one tensor; its name is not among them.
  private static let entryLimit = 4096
  private static let metadataKey = "__metadata__"
  private static let metadataLimit = 1024

  public init(_ file: UnsafeRawBufferPointer) throws(SafeTensorsError) {
    header = try Self.headerRange(of: file)
    let members = try Self.members(of: UnsafeRawBufferPointer(rebasing: file[header]))
    var entries: [Entry] = []
    var metadata: [String: String] = [:]
    for member in members {
      if member.name == Self.metadataKey {
        metadata = try Self.metadata(member)
      } else {
        entries.append(try Self.entry(member, dataStart: header.upperBound))
      }
    }
    guard !entries.isEmpty else { throw SafeTensorsError(nil, 8, "at least one tensor", "none") }
    guard entries.count <= Self.tensorLimit else {
      throw SafeTensorsError(nil, 8, "at most \(Self.tensorLimit) tensors", "\(entries.count)")
    }
    entries.sort { ($0.bytes.lowerBound, $0.bytes.upperBound) < ($1.bytes.lowerBound, $1.bytes.upperBound) }
    try Self.contiguous(entries, from: header.upperBound, to: file.count)
    self.entries = entries
    self.metadata = metadata
  }

  public subscript(name: String) -> Entry? { entries.first { $0.name == name } }

  /// The values of a tensor of a float type as f32, row-major; refuses NaN and infinities, also those that come of
  /// rounding an f64. `file` are the bytes that were indexed.
  public func floats(_ entry: Entry, in file: UnsafeRawBufferPointer) throws(SafeTensorsError) -> [Float] {
    guard entry.element.isFloat else {
      throw SafeTensorsError(entry.name, entry.headerOffset, "dtype F32, F16, BF16 or F64", entry.element.rawValue)
    }
    let size = entry.element.bits / 8
    var values = [Float](repeating: 0, count: entry.bytes.count / size)
    for index in values.indices {
      let offset = entry.bytes.lowerBound + index * size
      let value = entry.element.float(file, at: offset)
      guard value.isFinite else { throw SafeTensorsError(entry.name, offset, "finite values", "\(value)") }
      values[index] = value
    }
    return values
  }

  // MARK: the header

  private static func headerRange(of file: UnsafeRawBufferPointer) throws(SafeTensorsError) -> Range<Int> {
    guard file.count <= fileLimit else {
      throw SafeTensorsError(nil, 0, "at most \(fileLimit) bytes", "\(file.count) bytes")
    }
    guard file.count >= 8 else { throw SafeTensorsError(nil, 0, "at least 8 bytes", "\(file.count) bytes") }
    let length = UInt64(littleEndian: file.loadUnaligned(as: UInt64.self))
    guard length <= UInt64(headerLimit) else {
      throw SafeTensorsError(nil, 0, "a header of at most \(headerLimit) bytes", "\(length)")
    }
    guard Int(length) <= file.count - 8 else {
      throw SafeTensorsError(nil, 0, "a header inside the file of \(file.count) bytes", "a header of \(length) bytes")
    }
    guard length > 0, file[8] == UInt8(ascii: "{") else {
      throw SafeTensorsError(nil, 8, "'{'", length == 0 ? "an empty header" : "byte \(file[8])")
    }
    return 8..<8 + Int(length)
  }

  private struct Member {
    var name: String
    var offset: Int
    var value: JSONValue
  }

  private static func members(of header: UnsafeRawBufferPointer) throws(SafeTensorsError) -> [Member] {
    do throws(JSONError) {
      var members: [Member] = []
      var seen: Set<String> = []
      var scanner = JSONScanner(header)
      _ = try scanner.next()
      var first = true
      while let (range, escaped) = try scanner.key(first: &first) {
        let name = scanner.text(range, escaped: escaped)
        guard seen.insert(name).inserted else {
          throw JSONError(range.lowerBound, "each tensor once; \(Quoted.name(name)) is repeated")
        }
        let start = scanner.position
        try scanner.skipValue()
        // Nothing is built of what is too much: a tree needs many times the memory of its text.
        guard members.count <= tensorLimit else {
          throw JSONError(range.lowerBound, "at most \(tensorLimit) tensors")
        }
        guard name == metadataKey || scanner.position - start <= entryLimit else {
          throw JSONError(start, "at most \(entryLimit) bytes about a tensor")
        }
        members.append(
          Member(
            name: name, offset: 8 + range.lowerBound,
            value: name == metadataKey
              ? try metadata(header, start..<scanner.position) : try value(header, start..<scanner.position)))
      }
      try scanner.end()
      return members
    } catch {
      throw SafeTensorsError(nil, 8 + error.byteOffset, error.expected)
    }
  }

  /// The members of `__metadata__`, at most so many; what is no object, or too much, is told where it is read.
  private static func metadata(_ header: UnsafeRawBufferPointer, _ range: Range<Int>) throws(JSONError) -> JSONValue {
    var scanner = JSONScanner(UnsafeRawBufferPointer(rebasing: header[range]))
    guard try scanner.next() == .beginObject else { return .null }
    var count = 0
    var first = true
    while try scanner.key(first: &first) != nil {
      try scanner.skipValue()
      count += 1
      guard count <= metadataLimit else {
        throw JSONError(range.lowerBound, "at most \(metadataLimit) keys of __metadata__")
      }
    }
    return try value(header, range)
  }

  private static func value(_ header: UnsafeRawBufferPointer, _ range: Range<Int>) throws(JSONError) -> JSONValue {
    do throws(JSONError) { return try JSONValue(parsing: UnsafeRawBufferPointer(rebasing: header[range])) } catch {
      throw JSONError(range.lowerBound + error.byteOffset, error.expected)
    }
  }

  private static func metadata(_ member: Member) throws(SafeTensorsError) -> [String: String] {
    guard let pairs = member.value.members else {
      throw SafeTensorsError(nil, member.offset, "__metadata__ as an object of strings", member.value.kind)
    }
    var metadata: [String: String] = [:]
    for pair in pairs {
      guard let text = pair.value.string else {
        throw SafeTensorsError(nil, member.offset, "a string for '\(pair.key)' of __metadata__", pair.value.kind)
      }
      metadata[pair.key] = text
    }
    return metadata
  }

  private static func entry(_ member: Member, dataStart: Int) throws(SafeTensorsError) -> Entry {
    func wrong(_ expected: String, _ found: String) -> SafeTensorsError {
      SafeTensorsError(member.name, member.offset, expected, found)
    }
    guard member.value.members != nil else { throw wrong("an object", member.value.kind) }
    guard let dtype = member.value["dtype"]?.string else { throw wrong("a dtype", "none") }
    guard let element = TensorElement(rawValue: dtype) else { throw wrong("a known dtype", "'\(dtype)'") }
    guard let shape = naturals(member.value["shape"]) else { throw wrong("a shape of integers from 0 on", "none") }
    guard shape.count <= dimensionLimit else {
      throw wrong("at most \(dimensionLimit) dimensions", "\(shape.count)")
    }
    guard let offsets = naturals(member.value["data_offsets"]), offsets.count == 2, offsets[0] <= offsets[1] else {
      throw wrong("data_offsets [begin, end] with begin up to end", member.value["data_offsets"]?.kind ?? "none")
    }
    guard offsets[1] <= fileLimit else { throw wrong("data inside the file", "an end at \(offsets[1])") }
    guard let bits = shape.reduce(element.bits, checkedProduct), bits % 8 == 0 else {
      throw wrong("a shape that has a size in bytes", "\(shape)")
    }
    guard bits / 8 == offsets[1] - offsets[0] else {
      throw wrong("\(bits / 8) bytes for \(dtype) \(shape)", "\(offsets[1] - offsets[0])")
    }
    return Entry(
      name: member.name, element: element, shape: shape, bytes: dataStart + offsets[0]..<dataStart + offsets[1],
      headerOffset: member.offset)
  }

  private static func naturals(_ value: JSONValue?) -> [Int]? {
    guard let items = value?.array else { return nil }
    var numbers: [Int] = []
    for item in items {
      guard case .integer(let number) = item, number >= 0 else { return nil }
      numbers.append(Int(number))
    }
    return numbers
  }

  private static func checkedProduct(_ a: Int?, _ b: Int) -> Int? {
    guard let a else { return nil }
    let (product, overflow) = a.multipliedReportingOverflow(by: b)
    return overflow ? nil : product
  }

  private static func contiguous(_ entries: [Entry], from start: Int, to end: Int) throws(SafeTensorsError) {
    var place = start
    for entry in entries {
      guard entry.bytes.lowerBound == place else {
        throw SafeTensorsError(
          entry.name, entry.headerOffset, "data from byte \(place) on, where the tensor before it ends",
          "byte \(entry.bytes.lowerBound)")
      }
      place = entry.bytes.upperBound
    }
    guard place <= end else {
      throw SafeTensorsError(
        nil, end, "tensors up to byte \(place)", "the end of the file, which was cut: copy it again")
    }
    guard place == end else {
      throw SafeTensorsError(nil, place, "the end of the file behind the last tensor", "\(end - place) more bytes")
    }
  }
}

/// What is wrong with a safetensors file: at which byte, in which tensor where one is concerned.
public struct SafeTensorsError: Error, Sendable, Equatable, CustomStringConvertible {
  public var tensor: String?
  public var byteOffset: Int
  public var expected: String
  /// nil where what was expected says it already.
  public var found: String?

  init(_ tensor: String?, _ byteOffset: Int, _ expected: String, _ found: String? = nil) {
    self.tensor = tensor
    self.byteOffset = byteOffset
    self.expected = Quoted.line(expected, longest: 300)
    self.found = found.map { Quoted.line($0, longest: 300) }
  }

  public var description: String {
    "byte \(byteOffset)\(tensor.map { ", tensor \(Quoted.name($0))" } ?? ""): expected \(expected)\(found.map { ", found \($0)" } ?? "")"
  }
}
