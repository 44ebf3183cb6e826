import RunnelCore
import RunnelTesting
import Testing

@Suite struct JSONTests {
  @Test func `a tree keeps the order of its keys and the kind of its numbers`() throws {
    let value = try JSONValue(parsing: #" {"b":[1,-2.5,1e3,true,null],"a":"x\ny\u00e9\ud83d\ude00"} "#)
    #expect(value.members?.map(\.key) == ["b", "a"])
    #expect(value["b"] == .array([.integer(1), .number(-2.5), .number(1000), .bool(true), .null]))
    #expect(value["a"]?.string == "x\nyé😀")
  }

  @Test(arguments: [
    ("", 0), ("{", 1), ("{\"a\":1,}", 7), ("[1,]", 3), ("[1 2]", 3), ("01", 1), ("1.", 2), ("\"a", 2), ("nul", 0),
    ("{\"a\":1} x", 8), ("{a:1}", 1), ("\"\\x\"", 2), ("\"\\ud800\"", 7), ("[1}", 2), ("+1", 0),
    ("{\"a\":1,\"a\":2}", 8),
  ])
  func `broken text names the byte`(text: String, offset: Int) {
    do {
      _ = try JSONValue(parsing: text)
      Issue.record("'\(text)' was accepted")
    } catch { #expect(error.byteOffset == offset, "'\(text)': \(error)") }
  }

  @Test(arguments: [
    #"{"a":1,"a":2}"#, #"{"a":1,"\u0061":2}"#, #"{"a":{"b":1},"c":[{"b":1,"d":2,"b":3}]}"#, #"{"a":1,"b":{"a":1}} "#,
    #"[{"a":1},{"a":1}]"#, #"{"":1,"":2}"#, "{\"a\":1,}", "{\"a\":1} x", "[1 2]", "", "}", "[{]",
    "{" + (0..<40).map { "\"k\($0)\":\($0)" }.joined(separator: ",") + "}",
    "{" + (0..<40).map { "\"k\($0 % 39)\":\($0)" }.joined(separator: ",") + "}",
    "{" + (0..<40).map { "\"k\($0 == 39 ? 35 : $0)\":\($0)" }.joined(separator: ",") + "}",
  ])
  func `passing over a value finds what reading it as a tree finds, repeated keys too`(text: String) {
    func error(_ body: () throws(JSONError) -> Void) -> JSONError? {
      do throws(JSONError) { try body() } catch { return error }
      return nil
    }
    let passing = Array(text.utf8).withUnsafeBytes { bytes in
      error { () throws(JSONError) in
        var scanner = JSONScanner(bytes)
        try scanner.checkValue()
        try scanner.end()
      }
    }
    let reading = error { () throws(JSONError) in _ = try JSONValue(parsing: text) }
    #expect(passing == reading)
  }

  @Test func `depth is bounded`() {
    let nested = String(repeating: "[", count: 17) + String(repeating: "]", count: 17)
    #expect(throws: JSONError.self) { try JSONValue(parsing: nested) }
    #expect(throws: Never.self) { try JSONValue(parsing: String(nested.dropFirst().dropLast())) }
  }

  @Test func `malformed UTF-8 is refused`() {
    let cases: [[UInt8]] = [[0xC0, 0x80], [0xED, 0xA0, 0x80], [0xE2, 0x82], [0xFF], [0xF4, 0x90, 0x80, 0x80]]
    for bytes in cases {
      bytes.withUnsafeBytes { #expect(!JSONScanner.isUTF8($0)) }
    }
    Array("aé€😀".utf8).withUnsafeBytes { #expect(JSONScanner.isUTF8($0)) }
  }

  @Test func `what is written reads back`() throws {
    let tree = try JSONValue(parsing: #"{"a":[1,{"b":"q\"\\\u0001"},[]],"c":-0.1,"d":9223372036854775807,"e":{}}"#)
    var writer = JSONWriter()
    writer.write(tree)
    #expect(try JSONValue(parsing: writer.text) == tree)
  }

  @Test func `what is not there leaves its key out, and what has no JSON form is null`() {
    var writer = JSONWriter()
    writer.beginObject()
    writer.pair("text", "a")
    writer.pair("no text", nil as String?)
    writer.pair("flag", false)
    writer.pair("count", 3)
    writer.pair("no count", nil as Int?)
    writer.pair("index", Int64.max)
    writer.pair("score", Float(0.1))
    writer.pair("seconds", Double.nan)
    writer.pair("tree", JSONValue.null)
    writer.list("none", [Int]()) { $1.write($0) }
    writer.list("two", [1, 2]) { $1.write($0) }
    writer.endObject()
    #expect(
      writer.text
        == #"{"text":"a","flag":false,"count":3,"index":9223372036854775807,"score":0.1,"seconds":null,"tree":null,"#
        + #""none":[],"two":[1,2]}"#)
  }

  @Test func `a float is the shortest decimal that reads back`() {
    var writer = JSONWriter()
    writer.beginArray()
    writer.write(Float(0.1))
    writer.write(Float(0.973))
    writer.write(0.1)
    writer.writeQuoted(UInt64.max)
    writer.endArray()
    #expect(writer.text == #"[0.1,0.973,0.1,"18446744073709551615"]"#)
  }

  @Test(
    arguments: [
      (1500, 3, "1.5"), (-1, 7, "-0.0000001"), (0, 3, "0"), (20, 1, "2"), (Int64.min, 0, "-9223372036854775808"),
      (1_763_923_532_123_456_7, 7, "1763923532.1234567"), (-12_003, 3, "-12.003"),
    ] as [(Int64, Int, String)])
  func `units with decimals are written in plain digits`(units: Int64, decimals: Int, text: String) {
    var writer = JSONWriter()
    writer.write(units, decimals: decimals)
    #expect(writer.text == text)
  }

  @Test(.enabled(if: allocationsAreCounted)) func `a warm writer allocates nothing`() {
    var writer = JSONWriter()
    func text() {
      writer.clear()
      writer.beginObject()
      writer.key("count")
      writer.write(Int64(123_456))
      writer.key("time")
      writer.write(Int64(17_639_235_321_234_567), decimals: 7)
      writer.key("epoch")
      writer.writeQuoted(UInt64.max)
      writer.key("smallest")
      writer.write(-Float.leastNonzeroMagnitude)
      writer.key("longest")
      writer.write(Float(-1.17549435e-38))
      writer.key("name")
      writer.write("a \"name\" that does not fit into the string itself")
      writer.endObject()
    }
    for _ in 0..<10 { text() }
    #expect(allocations { for _ in 0..<100 { text() } } == 0)
  }
}
