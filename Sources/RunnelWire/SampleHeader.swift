import RunnelCore
import RunnelKernels

/// The 64 bytes of part 1 of a sample message, heartbeat or end (docs/wire-format.md §3), checked field by field.
struct SampleHeader {
  enum Kind: UInt8 {
    case samples = 1
    case heartbeat = 2
    case end = 3
  }

  var kind: Kind
  /// nil where a heartbeat or end does not say: 0 on the wire.
  var element: ElementType?
  var layout: SampleLayout
  var discontinuity: Bool
  /// 0 = not computed.
  var checksum: UInt32 = 0
  var epoch: UInt64
  var sequence: UInt64
  var first: Int64
  var timestamp: Int64?
  var rate: Double
  var channels: Int
  var rows: Int

  static let size = 64
  static let version: UInt8 = 1
  static let checksumOffset = 12

  /// The offsets, in the order of the table.
  private enum At {
    static let version = 4
    static let kind = 5
    static let dtype = 6
    static let layout = 7
    static let length = 8
    static let flags = 10
    static let epoch = 16
    static let sequence = 24
    static let first = 32
    static let timestamp = 40
    static let rate = 48
    static let channels = 56
    static let rows = 60
  }

  private static let magic: UInt32 = 0x314C_4E52  // "RNL1", read little-endian
  private static let timestampValid: UInt16 = 1
  private static let discontinuous: UInt16 = 2
}

// MARK: reading

extension SampleHeader {
  /// - Parameter part: the whole of message part 1, at any alignment.
  init(_ part: UnsafeRawBufferPointer, limits: WireLimits) throws(DecodeError) {
    let length = try Self.checkFrame(part)
    guard length == part.count else {
      throw Self.wrong(.truncated, At.length, "a header length equal to the part's \(part.count) bytes", "\(length)")
    }
    guard let kind = Kind(rawValue: part[At.kind]) else {
      throw Self.wrong(.malformed, At.kind, "kind 1, 2 or 3", "\(part[At.kind])")
    }
    self.kind = kind
    element = ElementType(rawValue: part[At.dtype])
    guard element != nil || (kind != .samples && part[At.dtype] == 0) else {
      throw Self.wrong(.dtype, At.dtype, "a dtype from 1 to 10", "\(part[At.dtype])")
    }
    guard let layout = SampleLayout(rawValue: part[At.layout]) else {
      throw Self.wrong(.malformed, At.layout, "layout 0 or 1", "\(part[At.layout])")
    }
    self.layout = layout
    let flags = UInt16(littleEndian: part.loadUnaligned(fromByteOffset: At.flags, as: UInt16.self))
    guard flags & ~(Self.timestampValid | Self.discontinuous) == 0 else {
      throw Self.wrong(.malformed, At.flags, "no flags but bits 0 and 1", "0x\(String(flags, radix: 16))")
    }
    discontinuity = flags & Self.discontinuous != 0
    checksum = UInt32(littleEndian: part.loadUnaligned(fromByteOffset: Self.checksumOffset, as: UInt32.self))
    epoch = UInt64(littleEndian: part.loadUnaligned(fromByteOffset: At.epoch, as: UInt64.self))
    (sequence, first) = try Self.position(part)
    timestamp = flags & Self.timestampValid == 0 ? nil : try Self.time(part)
    rate = try Self.rate(part)
    (channels, rows) = try Self.shape(part, kind, limits)
    guard UInt64(first) + UInt64(rows) < WireLimits.largestIndex else {
      throw Self.wrong(.malformed, At.first, "indexes below 2^62", "\(first) and \(rows) rows")
    }
  }

  /// Magic, version and the declared length.
  private static func checkFrame(_ part: UnsafeRawBufferPointer) throws(DecodeError) -> Int {
    if part.count >= 4 {
      let found = UInt32(littleEndian: part.loadUnaligned(as: UInt32.self))
      guard found == magic else { throw wrong(.version, 0, "the magic RNL1", "'\(excerpt(part, at: 0))'") }
    }
    if part.count > At.version {
      guard part[At.version] == version else {
        throw wrong(.version, At.version, "version 1", "version \(part[At.version])")
      }
    }
    guard part.count >= size else {
      throw wrong(.truncated, part.count, "a header of 64 bytes", "\(part.count) bytes")
    }
    return Int(UInt16(littleEndian: part.loadUnaligned(fromByteOffset: At.length, as: UInt16.self)))
  }

  private static func position(_ part: UnsafeRawBufferPointer) throws(DecodeError) -> (UInt64, Int64) {
    let sequence = UInt64(littleEndian: part.loadUnaligned(fromByteOffset: At.sequence, as: UInt64.self))
    guard sequence < WireLimits.largestIndex else {
      throw wrong(.malformed, At.sequence, "a seq below 2^62", "\(sequence)")
    }
    let first = UInt64(littleEndian: part.loadUnaligned(fromByteOffset: At.first, as: UInt64.self))
    guard first < WireLimits.largestIndex else { throw wrong(.malformed, At.first, "an index below 2^62", "\(first)") }
    return (sequence, Int64(first))
  }

  private static func time(_ part: UnsafeRawBufferPointer) throws(DecodeError) -> Int64 {
    let time = Int64(littleEndian: part.loadUnaligned(fromByteOffset: At.timestamp, as: Int64.self))
    guard time.magnitude < WireLimits.largestIndex else {
      throw wrong(.malformed, At.timestamp, "Unix ns within 146 years of 1970", "\(time)")
    }
    return time
  }

  private static func rate(_ part: UnsafeRawBufferPointer) throws(DecodeError) -> Double {
    let bits = UInt64(littleEndian: part.loadUnaligned(fromByteOffset: At.rate, as: UInt64.self))
    let rate = Double(bitPattern: bits)
    guard rate == 0 || WireLimits.rates.contains(rate) else {
      throw wrong(.malformed, At.rate, "a rate in Hz from 1e-6 to 1e9, or 0", "\(rate)")
    }
    return rate.magnitude  // −0 is 0
  }

  private static func shape(
    _ part: UnsafeRawBufferPointer, _ kind: Kind, _ limits: WireLimits
  ) throws(DecodeError) -> (channels: Int, rows: Int) {
    let channels = Int(UInt32(littleEndian: part.loadUnaligned(fromByteOffset: At.channels, as: UInt32.self)))
    guard channels <= limits.channels else {
      throw wrong(.limit, At.channels, "at most \(limits.channels) channels", "\(channels)")
    }
    guard channels > 0 || kind != .samples else { throw wrong(.malformed, At.channels, "at least one channel", "0") }
    let rows = Int(UInt32(littleEndian: part.loadUnaligned(fromByteOffset: At.rows, as: UInt32.self)))
    guard rows <= limits.rows else { throw wrong(.limit, At.rows, "at most \(limits.rows) rows", "\(rows)") }
    guard rows == 0 || kind == .samples else { throw wrong(.malformed, At.rows, "no rows in this kind", "\(rows)") }
    return (channels, rows)
  }

  private static func wrong(
    _ reason: RejectReason, _ offset: Int, _ expected: @autoclosure () -> String, _ found: @autoclosure () -> String
  ) -> DecodeError {
    DecodeError(reason, part: 1, byteOffset: offset, expected: expected(), found: found())
  }
}

// MARK: what cannot be used

extension SampleHeader {
  /// - Parameter parts: topic, header and payload, more or less.
  static func rejected(_ parts: MessageParts) -> RejectedSamples? {
    guard parts.count > 1, (try? checkFrame(parts[1])) != nil, parts[1][At.kind] == Kind.samples.rawValue,
      let (sequence, first) = try? position(parts[1])
    else { return nil }
    func value<T: FixedWidthInteger>(at byte: Int, as type: T.Type) -> T {
      T(littleEndian: parts[1].loadUnaligned(fromByteOffset: byte, as: type))
    }
    let payload = parts.count > 2 ? parts[2] : UnsafeRawBufferPointer(start: nil, count: 0)
    let stated = value(at: checksumOffset, as: UInt32.self)
    let rows = Int64(value(at: At.rows, as: UInt32.self))
    guard rows <= WireLimits().rows,
      stated == 0 || stated == checksum(topic: parts[0], header: parts[1], payload: payload)
    else { return nil }
    return RejectedSamples(
      epoch: value(at: At.epoch, as: UInt64.self), sequence: sequence, rows: first..<first + rows)
  }
}

// MARK: writing

extension SampleHeader {
  /// Writes all 64 bytes.
  func write(to bytes: UnsafeMutableRawBufferPointer) {
    precondition(bytes.count == Self.size)
    bytes.storeBytes(of: Self.magic.littleEndian, as: UInt32.self)
    bytes[At.version] = Self.version
    bytes[At.kind] = kind.rawValue
    bytes[At.dtype] = element?.rawValue ?? 0
    bytes[At.layout] = layout.rawValue
    bytes.storeBytes(of: UInt16(Self.size).littleEndian, toByteOffset: At.length, as: UInt16.self)
    let flags = (timestamp == nil ? 0 : Self.timestampValid) | (discontinuity ? Self.discontinuous : 0)
    bytes.storeBytes(of: flags.littleEndian, toByteOffset: At.flags, as: UInt16.self)
    bytes.storeBytes(of: checksum.littleEndian, toByteOffset: Self.checksumOffset, as: UInt32.self)
    bytes.storeBytes(of: epoch.littleEndian, toByteOffset: At.epoch, as: UInt64.self)
    bytes.storeBytes(of: sequence.littleEndian, toByteOffset: At.sequence, as: UInt64.self)
    bytes.storeBytes(of: first.littleEndian, toByteOffset: At.first, as: Int64.self)
    bytes.storeBytes(of: (timestamp ?? 0).littleEndian, toByteOffset: At.timestamp, as: Int64.self)
    bytes.storeBytes(of: rate.bitPattern.littleEndian, toByteOffset: At.rate, as: UInt64.self)
    bytes.storeBytes(of: UInt32(channels).littleEndian, toByteOffset: At.channels, as: UInt32.self)
    bytes.storeBytes(of: UInt32(rows).littleEndian, toByteOffset: At.rows, as: UInt32.self)
  }

  /// - Throws: `checksum` where one was computed and is not that of what came.
  func verify(
    topic: UnsafeRawBufferPointer, header: UnsafeRawBufferPointer, payload: UnsafeRawBufferPointer
  ) throws(DecodeError) {
    guard checksum != 0 else { return }
    let computed = Self.checksum(topic: topic, header: header, payload: payload)
    guard computed == checksum else {
      throw DecodeError(
        .checksum, part: 1, byteOffset: Self.checksumOffset, expected: "CRC-32C 0x\(String(computed, radix: 16))",
        found: "0x\(String(checksum, radix: 16))")
    }
  }

  /// Over topic, header with its own checksum field as zero, and payload.
  static func checksum(
    topic: UnsafeRawBufferPointer, header: UnsafeRawBufferPointer, payload: UnsafeRawBufferPointer
  ) -> UInt32 {
    var checksum = CRC32C()
    checksum.update(topic)
    checksum.update(UnsafeRawBufferPointer(rebasing: header[..<checksumOffset]))
    checksum.update(zeros: 4)
    checksum.update(UnsafeRawBufferPointer(rebasing: header[(checksumOffset + 4)...]))
    checksum.update(payload)
    return checksum.value
  }
}
