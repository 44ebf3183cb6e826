import Glibc
import RunnelService

/// The two streams of a terminal program, and whether somebody is looking.
enum Terminal {
  /// Writes a message to standard error, a line each.
  static func say(_ text: String) { write(text + "\n", to: STDERR_FILENO) }

  /// Writes a result to standard output. A reader that went away ends the program quietly, as `head` expects.
  static func print(_ text: String) { write(text + "\n", to: STDOUT_FILENO) }

  /// Writes bytes of a result to standard output.
  static func print(_ bytes: UnsafeRawBufferPointer) { write(bytes, to: STDOUT_FILENO) }

  /// Mistakes that name their place begin with it, so that an editor can jump there.
  static func complain(_ error: ServiceError) {
    say(error.isPlaced ? error.description : red("runnel: ") + error.description)
  }

  /// Whether progress and colour are welcome on standard error.
  static let isInteractive = isatty(STDERR_FILENO) == 1
  /// Whether somebody reads standard output as it comes.
  static let isRead = isatty(STDOUT_FILENO) == 1
  static let isColoured = isInteractive && mayColour
  /// NO_COLOR of any text forbids it; an empty one says nothing.
  static let mayColour = (getenv("NO_COLOR").map { $0.pointee } ?? 0) == 0

  /// Whether a terminal can be closed behind this program: that, and nothing else, SIGHUP says where there is one.
  static var isHeld: Bool {
    let terminal = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC)
    guard terminal >= 0 else { return false }
    close(terminal)
    return true
  }

  static func red(_ text: String) -> String { isColoured ? "\u{1B}[31m\(text)\u{1B}[0m" : text }

  /// Replaces the progress line; nothing where nobody looks.
  static func progress(_ text: String) { if isInteractive { write("\r\u{1B}[K\(text)", to: STDERR_FILENO) } }
  static func endProgress() { if isInteractive { write("\r\u{1B}[K", to: STDERR_FILENO) } }

  private static func write(_ text: String, to descriptor: Int32) {
    var text = text
    text.withUTF8 { write(UnsafeRawBufferPointer($0), to: descriptor) }
  }

  private static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) {
    var rest = bytes
    while !rest.isEmpty {
      let written = Glibc.write(descriptor, rest.baseAddress, rest.count)
      if written < 0 {
        if errno == EINTR { continue }
        guard descriptor == STDOUT_FILENO else { return }
        if errno == EPIPE { Glibc.exit(0) }
        let isFull = [ENOSPC, EDQUOT, EFBIG].contains(errno)
        let remedy = isFull ? "free some space" : "give it a file, or a program that reads"
        let problem = "standard output cannot be written: \(String(cString: strerror(errno)))"
        let error = ServiceError(.inputOutput, "\(problem); \(remedy)")
        complain(error)
        Glibc.exit(error.kind.rawValue)
      }
      rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(written))
    }
  }
}
