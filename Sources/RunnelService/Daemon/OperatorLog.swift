import Logging
import RunnelCore
import RunnelPipeline
import RunnelZeroMQ

/// Says to operators what happened, in sentences; what repeats is said once and then counted, so that a broken
/// publisher cannot fill a disk.
final class OperatorLog: @unchecked Sendable {
  private let logger: Logger
  private let clock: Clock
  private var repeated: [String: Repetition] = [:]

  private struct Repetition {
    var since: Int64
    var count = 0
    var last: String
  }

  /// A sentence is said again after this, with how often it was true meanwhile.
  private static let interval: Int64 = 10_000_000_000

  init(_ logger: Logger, clock: Clock) {
    self.logger = logger
    self.clock = clock
  }

  func tell(_ event: AdmissionEvent, of stream: StreamIdentity) {
    let name = "stream '\(stream.stream)' of input '\(stream.input)'"
    switch event {
    case .started(let session):
      logger.notice(
        """
        \(name) began (\(session.cause.rawValue)) at index \(session.start): \(session.rate) Hz, \
        \(session.channels.map(\.name).joined(separator: ", ")), \(session.level.rawValue)
        """)
      if session.level == .unsequenced {
        logger.notice("\(name) carries no index and no sequence: loss cannot be seen, only reconnects and restarts")
      }
    case .ended(let index): logger.notice("\(name) ended at index \(index)")
    case .stale(let index): limited("stale \(name)", "\(name) is silent; the next row would be \(index)")
    case .lost(let rows): limited("lost \(name)", "\(name) lost rows \(rows.lowerBound)..<\(rows.upperBound)")
    case .lostMessages(let count): limited("lost messages \(name)", "\(name) lost \(count) messages")
    case .discontinuity(let index): limited("jump \(name)", "\(name) has a discontinuity before index \(index)")
    case .refused(let refusal): limited("refused \(name) \(refusal.reason)", "refused: \(refusal.sentence)", .error)
    case .rejected(let error): limited("rejected \(name) \(error.reason)", "rejected a message of \(name): \(error)")
    case .rivalHeld(let epoch):
      logger.warning(
        """
        another publisher (epoch \(epoch)) uses the name of \(name) while the first is alive: its messages wait until \
        that one ends or falls silent; give each publisher a name of its own
        """)
    case .rivalDropped(let epoch, let rows):
      limited("rival \(name)", "dropped \(rows) rows of the rival publisher (epoch \(epoch)) of \(name)")
    case .stragglerDropped(let epoch, let rows):
      limited("straggler \(name)", "dropped \(rows) rows of \(name) that belong to the session left (epoch \(epoch))")
    case .undescribed(let rows):
      limited(
        "undescribed \(name)",
        """
        dropped \(rows) rows of \(name) that had waited 2 s for a description: let its publisher send m/… or give \
        streams.\(stream.input).channels
        """)
    case .holdFull(let rows): limited("hold \(name)", "dropped \(rows) rows of \(name): too many wait already")
    case .duplicate(let rows): limited("duplicate \(name)", "\(rows) rows of \(name) came twice", .info)
    }
  }

  func decided(_ decision: FormatDecision, of input: InputSocket) {
    let format = decision.format.rawValue + (decision.hasTags ? " with pass_tags" : "")
    logger.notice("input '\(input.input.name)' at \(input.endpoint) is format \(format): \(decision.reason)")
  }

  func rejected(_ error: DecodeError, endpoint: String) {
    limited("rejected \(endpoint) \(error.reason)", "rejected a message from \(endpoint): \(error)")
  }

  func tooManyStreams(_ input: InputConfiguration, topic: String) {
    limited(
      "streams \(input.name)",
      """
      input '\(input.name)' has \(input.maxStreams) streams already, so '\(topic)' is rejected: raise \
      streams.\(input.name).max_streams
      """, .error)
  }

  func connection(_ report: SocketMonitor.Report, of input: InputSocket) {
    switch report.event {
    case .handshakeSucceeded: logger.notice("connected to \(report.endpoint) (input '\(input.input.name)')")
    case .handshakeFailed(let failure):
      limited(
        "handshake \(report.endpoint)", "no handshake with \(report.endpoint): \(failure.explanation)", .error)
    case .disconnected:
      limited("gone \(report.endpoint)", "\(report.endpoint) is gone; connecting again until it is back")
    default: break
    }
  }

  func uncontrolled(_ error: ServiceError) {
    logger.warning("nobody can ask this daemon what it is doing: \(error)")
  }

  /// Says again what was held back and is due.
  func flush(now: Int64) {
    for (key, repetition) in repeated where now - repetition.since >= Self.interval {
      if repetition.count > 0 { logger.warning("\(repetition.last) (and \(repetition.count) times like it before)") }
      repeated[key] = nil
    }
  }

  private func limited(_ key: String, _ sentence: String, _ level: Logger.Level = .warning) {
    guard repeated[key] == nil else {
      repeated[key]?.count += 1
      repeated[key]?.last = sentence
      return
    }
    repeated[key] = Repetition(since: clock.monotonic(), last: sentence)
    logger.log(level: level, "\(sentence)")
  }
}
