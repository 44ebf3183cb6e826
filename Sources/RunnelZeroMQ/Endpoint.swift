/// Where a socket binds or connects: `tcp://127.0.0.1:5556`, `ipc:///run/runnel/labels`, `inproc://taps`.
///
/// The text is checked here, before libzmq sees it, for two reasons: libzmq answers most mistakes with "Invalid
/// argument", and it knows transports (pgm, tipc, vmci) that runnel does not offer.
public struct Endpoint: Sendable, Hashable, CustomStringConvertible {
  public enum Transport: String, Sendable, CaseIterable {
    case tcp
    case ipc
    case inproc
  }

  public enum Use: Sendable {
    case bind
    case connect
  }

  public let transport: Transport
  /// What follows `://`.
  public let address: String

  public init(_ text: String, for use: Use) throws(ZeroMQError) {
    guard let separator = text.firstRange(of: "://") else {
      throw ZeroMQError(
        .badEndpoint, text, "'\(text)' is not an endpoint: write it as tcp://HOST:PORT, ipc://PATH or inproc://NAME")
    }
    let scheme = String(text[..<separator.lowerBound])
    guard let transport = Transport(rawValue: scheme) else {
      throw ZeroMQError(
        .unsupportedTransport, text, "'\(text)' asks for the transport '\(scheme)': use tcp, ipc or inproc")
    }
    self.transport = transport
    address = String(text[separator.upperBound...])
    if address.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F }) {
      throw ZeroMQError(
        .badEndpoint, text, "'\(text)' has a space or a control character in it: remove it from the endpoint")
    }
    switch transport {
    case .tcp: try checkHostAndPort(text, use)
    case .ipc: try checkPath(text, use)
    case .inproc: try checkName(text)
    }
  }

  public var description: String { "\(transport.rawValue)://\(address)" }

  /// True when only programs on this machine can reach it.
  public var isLocal: Bool {
    guard transport == .tcp else { return true }
    return host == "localhost" || host == "[::1]" || host.hasPrefix("127.") || host == "lo"
  }

  /// The file of an ipc endpoint; nil where there is none (tcp, inproc, `ipc://@abstract`, `ipc://*`).
  public var path: String? {
    transport == .ipc && !address.hasPrefix("@") && address != "*" ? address : nil
  }

  /// A literal IPv6 address is written in brackets.
  var isIPv6Literal: Bool { transport == .tcp && host.hasPrefix("[") }

  /// The part of a tcp address before the last colon, without `SOURCE;`.
  private var host: String {
    let target = address.lastIndex(of: ";").map { address[address.index(after: $0)...] } ?? address[...]
    return String(target.lastIndex(of: ":").map { target[..<$0] } ?? target)
  }

  private func checkHostAndPort(_ text: String, _ use: Use) throws(ZeroMQError) {
    guard let colon = address.lastIndex(of: ":"), colon != address.startIndex else {
      throw ZeroMQError(
        .badEndpoint, text, "'\(text)' lacks a host or a port: write tcp://HOST:PORT, for example tcp://127.0.0.1:5556"
      )
    }
    let port = address[address.index(after: colon)...]
    if use == .bind && (port == "*" || port == "0") {
      // Any free port; LAST_ENDPOINT says which.
    } else if let number = UInt16(port), number > 0, port.allSatisfy(\.isNumber) {
      // A port.
    } else {
      let anyPort = use == .bind ? " or * for any free one" : ""
      throw ZeroMQError(
        .badEndpoint, text, "'\(text)' has the port '\(port)': write a number from 1 to 65535\(anyPort)")
    }
    if host.contains(":") && !(host.hasPrefix("[") && host.hasSuffix("]")) {
      throw ZeroMQError(
        .badEndpoint, text, "'\(text)' has an IPv6 address without brackets: write tcp://[\(host)]:\(port)")
    }
    if use == .connect && host == "*" {
      throw ZeroMQError(
        .badEndpoint, text, "'\(text)' names no machine to connect to: write its name or address instead of *")
    }
  }

  private func checkPath(_ text: String, _ use: Use) throws(ZeroMQError) {
    let longest = 107  // sun_path of Linux has 108 bytes, one of them the final zero
    if address.isEmpty || (use == .connect && address == "*") {
      throw ZeroMQError(.badEndpoint, text, "'\(text)' lacks a path: write ipc:///run/runnel/NAME")
    }
    if address.utf8.count > longest {
      throw ZeroMQError(
        .badEndpoint, text,
        "'\(text)' has a path of \(address.utf8.count) bytes: Linux allows \(longest), choose a shorter one")
    }
  }

  private func checkName(_ text: String) throws(ZeroMQError) {
    if address.isEmpty { throw ZeroMQError(.badEndpoint, text, "'\(text)' lacks a name: write inproc://NAME") }
  }
}
