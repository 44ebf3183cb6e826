import RunnelCore
import RunnelTesting
import RunnelWire
import Testing

@testable import RunnelService

/// What `format: auto` makes of a first message.
@Suite struct FormatDecisionTests {
  private func input(_ keys: String) throws -> InputConfiguration {
    let text = ConfigurationExample.nineLines.replacing(
      #"{connect: "tcp://127.0.0.1:5556"}"#, with: #"{connect: "tcp://127.0.0.1:5556", format: auto\#(keys)}"#
    ).replacing(", channels: [MLII]", with: "")
    return try ConfigurationReader.read(text: text, file: "auto.yaml").configuration.inputs[0]
  }

  private func decide(_ parts: [[UInt8]], _ keys: String = ", rate: 360 Hz, channels: [a]") throws -> FormatDecision {
    let input = try input(keys)
    var result: Result<FormatDecision, DecodeError>?
    OwnedMessage(parts).lend { parts in
      do throws(DecodeError) { result = .success(try FormatDecision(parts, for: input)) } catch {
        result = .failure(error)
      }
    }
    return try #require(result).get()
  }

  private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

  @Test(arguments: DiscovererTests.formats.filter { [.gnuradio, .openephys, .array1, .msgpack].contains($0.0) })
  func `a mark decides, and is named`(found: WireFormat, parts: [[UInt8]]) throws {
    let decision = try decide(parts, ", rate: 360 Hz, channels: [a], dtype: f32")
    // Beside a dtype a map is taken for bare bytes.
    #expect(decision.format.rawValue == (found == .array1 ? "array" : found == .msgpack ? "raw" : found.rawValue))
    #expect(decision.hasTags == (found == .gnuradio) && !decision.reason.isEmpty)
  }

  @Test func `maps decide where no dtype says that the bytes are bare`() throws {
    let map = [bytes(#"{"a": 1}"#)]
    #expect(try decide(map).format == .json)
    #expect(try decide(map, ", rate: 360 Hz, channels: [a], dtype: i8").format == .raw)
  }

  @Test func `bare bytes decide nothing without a dtype`() throws {
    #expect { try decide([[1, 0, 2, 0, 250, 255]]) } throws: { error in
      "\(error)".contains("give format: raw") && (error as? DecodeError)?.reason == .undecided
    }
    #expect(try decide([[1, 0, 2, 0, 250, 255]], ", rate: 1 Hz, channels: [a], dtype: i16").format == .raw)
  }

  @Test func `what the format does not say and the configuration neither is asked for`() throws {
    #expect { try decide([bytes(#"{"a": 1}"#)], "") } throws: { error in
      "\(error)".contains("rate: 360 Hz, channels: [MLII, V5] in streams.beds")
    }
    #expect {
      try decide([[0xF0, 0x5F, 1] + [UInt8](repeating: 0, count: 20)])
    } throws: { "\($0)".contains("dtype: i16 in streams.beds") }
  }

  /// What a reader makes of a message, in words.
  private func reading(_ parts: [[UInt8]], by reader: InputReader) -> String {
    var reading = ""
    OwnedMessage(parts).lend { parts in
      do throws(DecodeError) {
        let decoded = try reader.decode(parts) { reading += "decided \($0.format.rawValue), " }
        if case .samples(let samples) = decoded { reading += "\(samples.chunk.rows) rows" }
      } catch { reading += "\(error.reason.rawValue): \(error.expected)" }
    }
    return reading
  }

  @Test func `a message that its own format cannot read decides nothing, and the next one may`() throws {
    // A greeting in JSON before the first array made every array after it unreadable.
    let reader = InputReader(try input(", rate: 360 Hz, channels: [a]"), endpoint: "tcp://127.0.0.1:5556", number: 0)
    #expect(reading([bytes(#"{"hello": "world"}"#)], by: reader) == "malformed: a value at a")
    let array = [bytes(#"{"dtype": "int16", "shape": [2]}"#), [1, 0, 2, 0]]
    #expect(reading(array, by: reader) == "decided array, 2 rows")
    #expect(reading([bytes(#"{"a": 1}"#)], by: reader).hasPrefix("parts: "), "what was decided stays")
    #expect(reading(array, by: reader) == "2 rows")
  }

  @Test func `a map decides nothing where the names of the channels are no paths`() throws {
    // The daemon stopped with a failed precondition.
    let reader = InputReader(
      try input(#", rate: 360 Hz, channels: ["a..b"]"#), endpoint: "tcp://127.0.0.1:5556", number: 0)
    #expect(reading([bytes(#"{"a": 1}"#)], by: reader).hasPrefix("undecided: a path for each of streams.beds.channels"))
    let array = [bytes(#"{"dtype": "int16", "shape": [2]}"#), [1, 0, 2, 0]]
    #expect(reading(array, by: reader) == "decided array, 2 rows")
  }

  @Test func `pickles and labels decide nothing, and are said to be what they are`() throws {
    #expect { try decide([[0x80, 5, 0x4B, 1, 0x2E]]) } throws: { "\($0)".contains("pickle") }
    #expect { try decide([bytes("l/a/b/c/"), bytes("{}")]) } throws: { "\($0)".contains("runnel watch") }
  }
}
