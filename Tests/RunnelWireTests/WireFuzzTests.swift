import RunnelCore
import RunnelTesting
import RunnelWire
import Testing

/// Seeded mutations of valid messages: whatever comes, decoding ends in a message whose sizes agree or in an error.
@Suite struct WireFuzzTests {
  @Test func `a mutated message never decodes to a chunk of another size`() {
    var random = SeededGenerator(seed: 2026)
    let runnel = GoldenMessage.all("messages.txt").map(\.message)
    let arrays = GoldenMessage.all("arrays.txt").map(\.message)
    var accepted = 0
    for round in 0..<10_000 {
      let isArray = round % 2 == 0
      var message = isArray ? arrays[random.below(arrays.count)] : runnel[random.below(runnel.count)]
      mutate(&message, &random)
      let decoder: MessageDecoder = isArray ? .array(ArrayDecoder()) : .runnel(RunnelDecoder())
      message.lend { parts in
        guard let decoded = try? decoder.decode(parts) else { return }
        accepted += 1
        check(decoded)
        if case .samples(let message) = decoded {
          #expect(message.chunk.payload.count == parts[parts.count - 1].count)
        }
      }
    }
    // Some mutations hurt nothing, most do.
    #expect(accepted > 250 && accepted < 7500)
  }

  @Test func `a mutated message of other programs never decodes to a chunk of another size`() throws {
    var random = SeededGenerator(seed: 1917)
    var (accepted, rejected) = (0, 0)
    for round in 0..<12_000 {
      let scenario = LiveFormatTests.all[round % LiveFormatTests.all.count]
      let decoder = try scenario.decoder()
      for golden in scenario.messages {
        var message = golden.message
        if random.below(2) == 0 { mutate(&message, &random) }
        message.lend { parts in
          guard let decoded = try? decoder.decode(parts) else { return rejected += 1 }
          accepted += 1
          check(decoded)
        }
      }
      if let rest = decoder.drain() { check(rest) }
    }
    #expect(accepted > 1000 && rejected > 1000)
  }

  @Test func `every truncation of every part of other programs' messages is refused or agrees with itself`() throws {
    for scenario in LiveFormatTests.all {
      for golden in scenario.messages {
        for part in golden.message.parts.indices {
          for length in 0..<golden.message.parts[part].count {
            var message = golden.message
            message.parts[part].removeLast(message.parts[part].count - length)
            let decoder = try scenario.decoder()
            message.lend { parts in
              if let decoded = try? decoder.decode(parts) { check(decoded) }
            }
          }
        }
      }
    }
  }

  @Test func `every truncation of every part is refused or agrees with itself`() {
    for golden in GoldenMessage.all("messages.txt") + GoldenMessage.all("arrays.txt") {
      for part in golden.message.parts.indices {
        for length in 0..<golden.message.parts[part].count {
          var message = golden.message
          message.parts[part].removeLast(message.parts[part].count - length)
          for decoder in [MessageDecoder.runnel(RunnelDecoder()), .array(ArrayDecoder())] {
            message.lend { parts in
              if let decoded = try? decoder.decode(parts) { check(decoded) }
            }
          }
        }
      }
    }
  }

  @Test func `a mutated label line never crashes`() {
    var random = SeededGenerator(seed: 5)
    let lines = goldenLines("labels.txt").map { OwnedMessage([Array($0.utf8)]) }
    for _ in 0..<2000 {
      var message = lines[random.below(lines.count)]
      mutate(&message, &random)
      message.lend { parts in if parts.count > 0 { _ = try? LabelDecoder().decode(json: parts[0]) } }
    }
  }

  private func check(_ decoded: DecodedMessage) {
    switch decoded {
    case .samples(let message):
      let chunk = message.chunk
      #expect(chunk.rows >= 0 && chunk.channels > 0)
      #expect(chunk.payload.count == chunk.rows * chunk.channels * chunk.element.size)
      #expect((message.first ?? 0) + Int64(chunk.rows) < 1 << 62)
      #expect(message.timestamp.map { $0.magnitude < 1 << 62 } ?? true)
      #expect(message.rate.map { $0.isFinite && $0 >= 0 } ?? true)
    case .heartbeat(let heartbeat): #expect(heartbeat.oldestSequence <= heartbeat.nextSequence)
    case .end(let end): #expect(end.nextIndex >= 0)
    case .description(let description): #expect(!description.stream.isEmpty)
    case .kept, .ignored: break
    }
  }

  private func mutate(_ message: inout OwnedMessage, _ random: inout SeededGenerator) {
    for _ in 0...random.below(3) {
      guard !message.parts.isEmpty else { return }
      let part = random.below(message.parts.count)
      let length = message.parts[part].count
      switch random.below(8) {
      case 0 where length > 0: message.parts[part].removeLast(1 + random.below(length))
      case 1: message.parts[part].insert(UInt8(random.below(256)), at: random.below(length + 1))
      case 2: message.parts.remove(at: part)
      case 3: message.parts.insert([UInt8](repeating: 0x7B, count: random.below(3)), at: part)
      case 4 where length > 0: message.parts[part][random.below(length)] = [0, 0xFF, 0x80, 0x7F, 0x30][random.below(5)]
      case _ where length > 0: message.parts[part][random.below(length)] ^= 1 << UInt8(random.below(8))
      default: break
      }
    }
  }
}
