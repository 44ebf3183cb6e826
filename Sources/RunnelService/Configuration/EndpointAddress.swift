/// A ZeroMQ endpoint that was checked: tcp, ipc or inproc.
public struct EndpointAddress: Sendable, Hashable {
  public enum Transport: Sendable, Hashable {
    /// `*` is every address; the port is nil where the system chooses it (`*`, bind only).
    case tcp(host: String, port: UInt16?)
    case ipc(path: String)
    case inproc(name: String)
  }

  public var transport: Transport
  /// As ZeroMQ takes it.
  public var text: String

  /// What is wrong with an endpoint, as the end of a sentence that begins with it, and what to write instead.
  struct Mistake: Error, Hashable {
    var message: String
    var suggestion: String?

    init(_ message: String, suggestion: String? = nil) {
      self.message = message
      self.suggestion = suggestion
    }
  }

  init(_ text: String, for attachment: SocketConfiguration.Attachment) throws(Mistake) {
    guard !text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control || $0 == " " }) else {
      throw Mistake("holds a space or control character; endpoints have none")
    }
    guard let colon = text.firstRange(of: "://") else { throw Self.withoutScheme(text) }
    let scheme = text[..<colon.lowerBound]
    let rest = String(text[colon.upperBound...])
    self.text = text
    switch scheme {
    case "tcp": transport = try Self.tcp(rest, attachment)
    case "ipc":
      guard !rest.isEmpty, rest != "*" else { throw Mistake("needs a path, such as ipc:///run/runnel/labels") }
      // sockaddr_un holds 108 bytes with the final zero.
      guard rest.utf8.count <= 107 else { throw Mistake("has a path of \(rest.utf8.count) bytes; Linux allows 107") }
      transport = .ipc(path: rest)
    case "inproc":
      guard !rest.isEmpty else { throw Mistake("needs a name, such as inproc://labels") }
      transport = .inproc(name: rest)
    default:
      let near = ["tcp", "ipc", "inproc"].contains(scheme.lowercased()) ? scheme.lowercased() : nil
      throw Mistake(
        "uses '\(scheme)'; runnel speaks tcp, ipc and inproc"
          + (near.map { ", in small letters: \($0)://\(rest)" } ?? ""),
        suggestion: near.map { "\($0)://\(rest)" })
    }
  }

  private static func withoutScheme(_ text: String) -> Mistake {
    if let colon = text.lastIndex(of: ":"), UInt16(text[text.index(after: colon)...]) != nil {
      let host = text[..<colon].drop { $0 == "/" }
      let bare = host.firstRange(of: ":").map { String(host[$0.upperBound...].drop { $0 == "/" }) } ?? String(host)
      let isIPv6 = host.hasPrefix("[")
      let better = "tcp://\(isIPv6 ? String(host) : bare):\(text[text.index(after: colon)...])"
      return Mistake("lacks its transport; write \(better)", suggestion: better)
    }
    if text.hasPrefix("/") { return Mistake("lacks its transport; write ipc://\(text)", suggestion: "ipc://\(text)") }
    return Mistake("is no endpoint; write tcp://HOST:PORT, ipc://PATH or inproc://NAME")
  }

  private static func tcp(_ rest: String, _ attachment: SocketConfiguration.Attachment) throws(Mistake) -> Transport {
    guard let colon = rest.lastIndex(of: ":"), !rest.hasSuffix("]") else {
      throw Mistake("lacks a port; write tcp://\(rest.isEmpty ? "127.0.0.1" : rest):5556")
    }
    let host = String(rest[..<colon])
    let written = String(rest[rest.index(after: colon)...])
    guard !host.isEmpty else {
      throw Mistake("lacks a host; write tcp://127.0.0.1:\(written)", suggestion: "tcp://127.0.0.1:\(written)")
    }
    let port = try port(written, attachment)
    try check(host: host, attachment, port: written)
    return .tcp(host: host, port: port)
  }

  private static func port(_ written: String, _ attachment: SocketConfiguration.Attachment) throws(Mistake) -> UInt16? {
    if written == "*" {
      guard attachment == .bind else { throw Mistake("needs the publisher's port; '*' is for bind") }
      return nil
    }
    guard !written.isEmpty, written.utf8.allSatisfy({ (48...57).contains($0) }) else {
      throw Mistake("has no port number after its last ':'; ports go from 1 to 65535")
    }
    guard UInt16(written) != 0 || attachment == .connect else {
      throw Mistake("has port 0; ports go from 1 to 65535, and '*' takes any free one")
    }
    guard let port = UInt16(written), port > 0 else {
      throw Mistake("has port \(written); ports go from 1 to 65535")
    }
    return port
  }

  private static func check(host: String, _ attachment: SocketConfiguration.Attachment, port: String) throws(Mistake) {
    if host.hasPrefix("[") || host.hasSuffix("]") || host.contains(":") {
      let inner = host.dropFirst().dropLast()
      guard host.hasPrefix("["), host.hasSuffix("]"), inner.contains(":"),
        inner.utf8.allSatisfy({ byte in
          (48...58).contains(byte) || (97...102).contains(byte | 32) || byte == UInt8(ascii: ".")
            || inner.contains("%")
        })
      else { throw Mistake("has no such host; an IPv6 address stands in brackets: tcp://[::1]:\(port)") }
      return
    }
    let allowed = host.utf8.allSatisfy { byte in
      (48...57).contains(byte) || (97...122).contains(byte | 32) || byte == UInt8(ascii: ".")
        || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
    }
    guard allowed || host == "*" else {
      throw Mistake("has '\(Printable.text(host.unicodeScalars))' for a host; write a name or an address")
    }
    let labels = host.split(separator: ".", omittingEmptySubsequences: false)
    if labels.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { (48...57).contains($0) } }) {
      guard labels.count == 4, labels.allSatisfy({ UInt8($0) != nil }) else {
        throw Mistake("has '\(host)' for an address; an IPv4 address has four numbers from 0 to 255")
      }
    }
    switch attachment {
    case .connect:
      guard host != "*", host != "0.0.0.0" else {
        throw Mistake(
          "connects to every address; name the publisher's host, such as tcp://127.0.0.1:\(port), or use bind",
          suggestion: "tcp://127.0.0.1:\(port)")
      }
    case .bind:
      // ZeroMQ binds to numeric addresses and network interfaces; a host name fails with "No such device".
      let last = labels.last.map(String.init) ?? ""
      let isName = labels.count > 1 && last.utf8.contains { (97...122).contains($0 | 32) }
      guard host.lowercased() != "localhost", !isName else {
        throw Mistake(
          "binds to a host name, which ZeroMQ cannot; write the address, such as tcp://127.0.0.1:\(port)",
          suggestion: "tcp://127.0.0.1:\(port)")
      }
    }
  }

  /// Whether a tcp host is an IPv6 address.
  var isIPv6: Bool { if case .tcp(let host, _) = transport { host.hasPrefix("[") } else { false } }

  /// Whether two binds of these exclude each other: the same endpoint, or one port on overlapping addresses.
  func collides(with other: EndpointAddress) -> Bool {
    guard case .tcp(let host, let port?) = transport, case .tcp(let otherHost, let otherPort?) = other.transport else {
      if case .tcp = transport { return false }
      return transport == other.transport
    }
    let everywhere: Set<String> = ["*", "0.0.0.0", "[::]"]
    return port == otherPort && (host == otherHost || everywhere.contains(host) || everywhere.contains(otherHost))
  }
}
