import RunnelCore
import RunnelWire

/// Messages that no session can take: why, and what becomes of them.
extension StreamAdmission {
  /// Why the message has not the shape of the session it goes to, or nil. One that begins a session, or will, is held
  /// against its description alone; where no epoch tells that it is another publisher's, against the configuration too,
  /// for a session that is there does not end for one that cannot be.
  func misfit(_ message: SampleMessage, _ owner: Owner) -> DecodeError? {
    switch owner {
    case .straggler: return nil
    case .rival, .next:
      let said = describing(message.epoch)?.found?.channels ?? []
      let miscount = miscount(message, known: said.isEmpty ? policy.channels ?? [] : said)
      let mayContradict = message.epoch != nil || session == nil || message.rateHolds
      return miscount ?? (mayContradict ? nil : contradiction(message.rate))
    case .current:
      guard let known = session?.channels.count, let rate = session?.rate else { return nil }
      if known > 0, message.chunk.channels != known { return miscount(message, known: session?.channels ?? []) }
      guard !StreamShape.agree(message.rate, rate) else { return nil }
      return error(
        .shapeChanged, of: message.epoch, byte: 48, expected: "\(rate) Hz, the rate this session began with",
        found: "\(message.rate ?? 0) Hz")
    }
  }

  /// Why a message of a format without epochs cannot begin a session with this rate, or nil.
  func contradiction(_ stated: Double?) -> DecodeError? {
    guard let configured = policy.rate else {
      return stated == nil
        ? DecodeError(.rate, expected: "a rate in Hz, here or as streams.\(policy.input).rate", found: "none") : nil
    }
    guard let stated, !StreamShape.agree(stated, configured) else { return nil }
    return DecodeError(.rate, expected: "\(configured) Hz, as the configuration says", found: "\(stated) Hz")
  }

  /// - Parameter known: empty where no channels are known.
  private func miscount(_ message: SampleMessage, known: [Channel]) -> DecodeError? {
    guard !known.isEmpty, message.chunk.channels != known.count else { return nil }
    return error(
      .shapeChanged, of: message.epoch, byte: 56,
      expected: "\(Phrase.count(known.count, "channel")) (\(known.map(\.name).joined(separator: ", ")))",
      found: "\(message.chunk.channels)")
  }

  /// - Parameter byte: of runnel's own header. Other formats, which have no epoch, say it elsewhere or not at all.
  private func error(
    _ reason: RejectReason, of epoch: UInt64?, byte: Int, expected: String, found: String
  ) -> DecodeError {
    epoch == nil
      ? DecodeError(reason, expected: expected, found: found)
      : DecodeError(reason, part: 1, byteOffset: byte, expected: expected, found: found)
  }

  func isInReach(_ end: Int64, of epoch: UInt64?, _ listener: any StreamListener) -> Bool {
    if end <= Self.lastIndex { return true }
    reject(error(.limit, of: epoch, byte: 32, expected: "indexes up to 2^53", found: "\(end)"), listener)
    return false
  }

  func reject(_ error: DecodeError, _ listener: any StreamListener) {
    accounting.reject(error.reason)
    listener.note(.rejected(error), of: identity)
  }

  /// Of a session of which nothing can be made, which was told when it began.
  func reject(_ message: SampleMessage, _ refusal: Refusal) {
    noteUnused(message)
    accounting.reject(refusal.reason)
  }
}
