import Glibc
import Logging

/// Log lines on standard error as journald and people like them: a priority prefix under systemd, the level in words
/// on a terminal; the time is the journal's business.
public struct StandardErrorLog: LogHandler {
  public var metadata: Logger.Metadata = [:]
  public var logLevel: Logger.Level
  private let isJournal: Bool

  public init(level: Logger.Level) {
    logLevel = level
    isJournal = getenv("JOURNAL_STREAM") != nil
  }

  public static func logger(level: Logger.Level) -> Logger {
    var logger = Logger(label: "runnel") { _ in StandardErrorLog(level: level) }
    logger.logLevel = level
    return logger
  }

  public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  public func log(event: LogEvent) {
    let values = metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }
    let suffix = values.map { " \($0.key)=\($0.value)" }.joined()
    var line = "\(prefix(event.level))\(event.message)\(suffix)\n"
    // One write a line: lines of several threads do not mix.
    _ = line.withUTF8 { write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }

  private func prefix(_ level: Logger.Level) -> String {
    guard isJournal else { return "\(level): " }
    return switch level {
    case .trace, .debug: "<7>"
    case .info: "<6>"
    case .notice: "<5>"
    case .warning: "<4>"
    case .error: "<3>"
    case .critical: "<2>"
    }
  }
}
