import RunnelCore

/// The account of a file's tensors: each was used for something, or was known to be unneeded, or is an error.
public struct TensorLedger: Sendable, Equatable {
  public struct Entry: Sendable, Equatable {
    public var name: String
    public var shape: [Int]
    /// What was made of it, in words: names of our tensors, "shape arithmetic", "zero initial state".
    public var uses: [String]
    /// Why it is not needed, where that is so: it counts as accounted for.
    public var unneeded: String?

    public var isUnused: Bool { uses.isEmpty && unneeded == nil }
  }

  public var entries: [Entry] = []

  public init() {}

  mutating func add(_ name: String, _ shape: [Int]) -> Int {
    entries.append(Entry(name: name, shape: shape, uses: [], unneeded: nil))
    return entries.count - 1
  }

  mutating func use(_ places: some Sequence<Int>, as purpose: String) {
    for place in places where !entries[place].uses.contains(purpose) { entries[place].uses.append(purpose) }
  }

  /// - Parameter ignored: names that the person who imports gave up.
  mutating func close(ignoring ignored: [String]) throws(ImportError) {
    for place in entries.indices where entries[place].isUnused && ignored.contains(entries[place].name) {
      entries[place].unneeded = "ignored as told"
    }
    for name in ignored where !entries.contains(where: { $0.name == name }) {
      throw .spec("ignore", "no tensor is named \(Quoted.name(name))")
    }
    let unused = entries.filter(\.isUnused)
    guard !unused.isEmpty else { return }
    let names = unused.prefix(5).map { Quoted.name($0.name) }.joined(separator: ", ")
    let more = unused.count > 5 ? " and \(unused.count - 5) more" : ""
    throw ImportError(
      nil,
      "\(names)\(more) belong\(unused.count == 1 ? "s" : "") to no layer: describe the layer, or say ignore: [\(names)\(more)]"
    )
  }
}
