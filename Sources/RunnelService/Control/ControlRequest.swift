import RunnelCore

/// What a client of the control socket asks for: one line of JSON (docs/control.md).
///
///     {"do":"status"}
///     {"do":"window","lane":"bed7/beats/MLII","last":2.5}
enum ControlRequest: Sendable, Equatable {
  case status
  /// What is admitted from now on, as a stream.
  case record
  /// The newest conditioned samples of a lane, of at most so many seconds.
  case window(lane: String, last: Double?)

  /// - Throws: a sentence for the client.
  init(line: String) throws(ControlRefusal) {
    let value: JSONValue
    do throws(JSONError) { value = try JSONValue(parsing: line, depthLimit: 4) } catch {
      throw ControlRefusal("a request is one line of JSON: expected \(error.expected) at byte \(error.byteOffset)")
    }
    guard let members = value.members, let verb = value["do"]?.string else {
      throw ControlRefusal("a request is an object with a 'do', such as {\"do\":\"status\"}")
    }
    switch verb {
    case "status":
      try Self.check(members, of: verb, allowed: [])
      self = .status
    case "record":
      try Self.check(members, of: verb, allowed: [])
      self = .record
    case "window":
      try Self.check(members, of: verb, allowed: ["lane", "last"])
      guard let lane = value["lane"]?.string else {
        throw ControlRefusal("'window' wants the lane as text, such as \"lane\":\"bed7/beats/MLII\"")
      }
      let last = value["last"]
      guard last == nil || last?.number.map({ $0 > 0 && $0 < 1e9 }) == true else {
        throw ControlRefusal("'last' is a number of seconds above 0")
      }
      self = .window(lane: lane, last: last?.number)
    default:
      throw ControlRefusal("no request is called \(Quoted.name(verb)); this daemon knows: \(Self.verbs)")
    }
  }

  private static let verbs = "status, window, record"

  /// A key that means nothing was meant to mean something.
  private static func check(_ members: [JSONValue.Member], of verb: String, allowed: [String]) throws(ControlRefusal) {
    for member in members where member.key != "do" && !allowed.contains(member.key) {
      let keys = allowed.isEmpty ? "takes no other key" : "takes \(allowed.joined(separator: ", "))"
      throw ControlRefusal("'\(verb)' \(keys), and \(Quoted.name(member.key)) was given")
    }
  }
}

/// Why a request has no answer: one sentence, and the exit code of a program that asked.
struct ControlRefusal: Error, Sendable, Equatable {
  var sentence: String
  var kind: ServiceError.Kind

  init(_ sentence: String, _ kind: ServiceError.Kind = .usage) {
    self.sentence = sentence
    self.kind = kind
  }
}

extension ControlRefusal {
  /// `{"error":"…","code":64}`
  var line: [UInt8] {
    var json = JSONWriter()
    json.beginObject()
    json.pair("error", sentence)
    json.pair("code", Int(kind.rawValue))
    json.endObject()
    return json.bytes
  }
}
