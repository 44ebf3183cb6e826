extension WFDBHeader {
  // file format[xSPF][:skew][+offset] [gain[(baseline)][/units] [adcRes [adcZero [init [checksum [block [description]]]]]]]
  static func signalLine(_ line: inout HeaderLine) throws(RecordingError) -> Signal {
    guard let file = line.next() else { throw line.failure(expected: "the name of a signal file") }
    guard let format = line.next() else { throw line.failure(expected: "a signal format such as 212 or 16") }
    var signal = try storage(file.text, format, line)
    signal.line = line.number
    if let field = line.next() { try signal.readGain(field, line) }
    signal.resolution = try line.integer("the ADC's resolution in bits")
    signal.adcZero = try line.integer("the ADC's zero") ?? 0
    signal.initial = try line.integer("the first sample's value")
    signal.checksum = try line.integer("the checksum")
    signal.blockSize = try line.integer("the block size") ?? 0
    signal.description = line.rest()
    return signal
  }

  // format[xSPF][:skew][+offset], each part glued to the last
  private static func storage(_ file: String, _ field: HeaderLine.Field, _ line: HeaderLine) throws(RecordingError)
    -> Signal
  {
    let wrong = line.failure(
      column: field.column, expected: "a format such as 212, 16x2, 16:5 or 16+512", found: field.text)
    var rest = field.text[...]
    func number() -> Int? {
      let digits = rest.prefix { $0.isASCII && $0.isNumber }
      rest = rest.dropFirst(digits.count)
      return Int(digits)
    }
    guard let code = number() else { throw wrong }
    var signal = Signal(file: file, format: code)
    let parts: [(Character, WritableKeyPath<Signal, Int>)] = [
      ("x", \.samplesPerFrame), (":", \.skew), ("+", \.byteOffset),
    ]
    for (mark, part) in parts where rest.first == mark {
      rest = rest.dropFirst()
      guard let value = number(), value < 1 << 48 else { throw wrong }
      signal[keyPath: part] = value
    }
    guard rest.isEmpty, signal.samplesPerFrame > 0 else { throw wrong }
    return signal
  }
}

extension WFDBHeader.Signal {
  // gain[(baseline)][/units]
  fileprivate mutating func readGain(_ field: HeaderLine.Field, _ line: HeaderLine) throws(RecordingError) {
    let wrong = line.failure(
      column: field.column, expected: "a gain such as 200, 200(1024) or 200(1024)/mV", found: field.text)
    var rest = field.text[...]
    let number = rest.prefix { $0 != "(" && $0 != "/" }
    guard let value = Double(number), value.isFinite else { throw wrong }
    gain = value == 0 ? nil : value
    rest = rest.dropFirst(number.count)
    if rest.first == "(" {
      let inside = rest.dropFirst().prefix { $0 != ")" }
      guard let value = Int(inside), rest.dropFirst(inside.count + 1).first == ")" else { throw wrong }
      baseline = value
      rest = rest.dropFirst(inside.count + 2)
    }
    guard let slash = rest.first else { return }
    guard slash == "/", rest.count > 1 else { throw wrong }
    unit = String(rest.dropFirst())
  }
}
