import Glibc
import RunnelService

/// The two streams of a terminal program, and whether somebody is looking.
enum Terminal {
  /// Writes a message to standard error, a line each.
  static func say(_ text: String) { write(text + "\n", to: STDERR_FILENO) }

  /// Writes a result to standard output. A reader that went away ends the program quietly, as `head` expects.
  static func print(_ text: String) { write(text + "\n", to: STDOUT_FILENO) }

  static func complain(_ error: ServiceError) { say(red("runnel: ") + error.description) }

  /// Whether progress and colour are welcome on standard error.
  static let isInteractive = isatty(STDERR_FILENO) == 1
  static let isColoured = isInteractive && getenv("NO_COLOR") == nil

  static func red(_ text: String) -> String { isColoured ? "\u{1B}[31m\(text)\u{1B}[0m" : text }

  /// Replaces the progress line; nothing where nobody looks.
  static func progress(_ text: String) { if isInteractive { write("\r\u{1B}[K\(text)", to: STDERR_FILENO) } }
  static func endProgress() { if isInteractive { write("\r\u{1B}[K", to: STDERR_FILENO) } }

  private static func write(_ text: String, to descriptor: Int32) {
    var text = text
    text.withUTF8 { bytes in
      var rest = UnsafeRawBufferPointer(bytes)
      while !rest.isEmpty {
        let written = Glibc.write(descriptor, rest.baseAddress, rest.count)
        if written < 0 {
          if errno == EINTR { continue }
          if errno == EPIPE, descriptor == STDOUT_FILENO { Glibc.exit(0) }
          return
        }
        rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(written))
      }
    }
  }
}
