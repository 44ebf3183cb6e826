import RunnelCore
import RunnelZeroMQ
import Testing

@Suite struct ReceiverTests {
  private let context = ZeroMQContext()

  /// Sends over tcp, because that path has libzmq's zero-copy decoder.
  private func withPair(_ body: (borrowing Socket, borrowing Socket) throws -> Void) throws {
    let receiver = try Socket(.pull, in: context)
    var options = SocketOptions(for: .push)
    options.immediate = false
    let sender = try Socket(.push, in: context, options: options)
    try sender.connect(try receiver.bind("tcp://127.0.0.1:*"))
    try body(sender, receiver)
  }

  private func payload(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
    var random = SeededGenerator(seed: seed)
    return (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
  }

  @Test(arguments: [0, 1, 29, 33, 34, 255, 256, 8191, 8193, 300_000])
  func `parts of every size arrive byte for byte`(size: Int) throws {
    let bytes = payload(size)
    try withPair { (sender, receiver) throws in
      let result = try bytes.withUnsafeBytes { try sender.send($0, $0, $0) }
      #expect(result == .sent)
      #expect(try Meeting.message(of: receiver) == [bytes, bytes, bytes])
    }
  }

  @Test func `an empty socket gives nothing and does not wait`() throws {
    try withPair { (_, receiver) throws in
      var messages = MultipartReceiver()
      guard case .nothing = try messages.receive(from: receiver) else {
        Issue.record("no message was sent")
        return
      }
    }
  }

  @Test func `a short message after a long one has only its own parts`() throws {
    try withPair { (sender, receiver) throws in
      _ = try sender.send(text: "a", "b", "c", "d")
      _ = try sender.send(text: "e")
      var messages = MultipartReceiver()
      #expect(try Meeting.message(of: receiver, with: &messages) { $0.count } == 4)
      let second = try Meeting.message(of: receiver, with: &messages) { parts in (parts.count, Array(parts[0])) }
      #expect(second == (1, bytes("e")))
    }
  }

  @Test(arguments: [16, 17, 40])
  func `up to 16 parts are a message, more are drained and reported`(count: Int) throws {
    try withPair { (sender, receiver) throws in
      let part = payload(100)
      for index in 0..<count {
        let result = try part.withUnsafeBytes { try sender.send($0, more: index + 1 < count) }
        #expect(result == .sent)
      }
      _ = try sender.send(text: "next")
      try Meeting.readable(receiver)
      var messages = MultipartReceiver()
      switch try messages.receive(from: receiver) {
      case .message(let parts): #expect(parts.count == count && count <= 16)
      case .tooManyParts(let parts, let bytes): #expect(parts == count && bytes == count * 100 && count > 16)
      case .nothing: Issue.record("a message was sent")
      }
      #expect(try Meeting.message(of: receiver) == [bytes("next")])
    }
  }

  @Test func `a kept message shares the received bytes, so receiving copied nothing either`() throws {
    try withPair { (sender, receiver) throws in
      let sent = payload(5000)
      _ = try sent.withUnsafeBytes { try sender.send($0, $0) }
      var messages = MultipartReceiver()
      // What is kept asks libzmq for its own address of each part.
      let received = try Meeting.message(of: receiver, with: &messages) { parts in (parts[0], parts[1]) }
      let kept = messages.keep()
      kept.withParts { parts in
        #expect(parts[0].baseAddress == received.0.baseAddress)
        #expect(parts[1].baseAddress == received.1.baseAddress)
        #expect(parts[0].elementsEqual(sent))
      }
    }
  }

  @Test func `kept messages survive later receives, the receiver and the sockets`() throws {
    var kept: [KeptMessage] = []
    try withPair { (sender, receiver) throws in
      var messages = MultipartReceiver()
      for number in 0..<50 {
        let sent = payload(number * 40, seed: UInt64(number))
        _ = try sent.withUnsafeBytes { try sender.send($0, $0) }
        try Meeting.message(of: receiver, with: &messages) { _ in }
        kept.append(messages.keep())
      }
    }
    for (number, message) in kept.enumerated() {
      let sent = payload(number * 40, seed: UInt64(number))
      message.withParts { parts in
        #expect(parts.count == 2 && parts[0].elementsEqual(sent) && parts[1].elementsEqual(sent))
      }
      #expect(message.byteCount == 2 * sent.count && message.heldBytes > message.byteCount)
    }
  }

  @Test func `keeping leaves the parts handed out valid`() throws {
    try withPair { (sender, receiver) throws in
      _ = try sender.send(text: "tiny", "parts")
      try Meeting.readable(receiver)
      var messages = MultipartReceiver()
      guard case .message(let parts) = try messages.receive(from: receiver) else { throw Meeting.Missed() }
      var kept: KeptMessage? = messages.keep()
      #expect(kept?.partCount == 2)
      kept = nil
      #expect(Array(parts[0]) == bytes("tiny") && Array(parts[1]) == bytes("parts"))
    }
  }

  @Test func `a message can be sent on as it was received`() throws {
    try withPair { (sender, receiver) throws in
      _ = try sender.send(text: "s/bed7/", "header", "")
      try Meeting.readable(receiver)
      var messages = MultipartReceiver()
      guard case .message(let parts) = try messages.receive(from: receiver) else { throw Meeting.Missed() }
      #expect(try sender.send(parts) == .sent)
      #expect(try Meeting.message(of: receiver) == [bytes("s/bed7/"), bytes("header"), []])
    }
  }
}
