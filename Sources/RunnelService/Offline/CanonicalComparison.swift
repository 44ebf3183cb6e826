import RunnelCore
import RunnelWire

/// Two files of label messages held against each other byte for byte, in canonical form (docs/wire-format.md §8): what
/// the laws speak of. Lane by lane, for lanes of one stream may come in any order beside each other.
///
///     try CanonicalComparison("live.jsonl", "offline.jsonl").sentences   // empty where they are the same
public struct CanonicalComparison: Sendable {
  /// A sentence for each lane that differs, with the first message that does.
  public private(set) var sentences: [String] = []
  /// Messages compared.
  public private(set) var count = 0
  public private(set) var lanes = 0

  private struct Lane: Hashable, Comparable {
    var names: [String]
    static func < (a: Lane, b: Lane) -> Bool { a.names.lexicographicallyPrecedes(b.names) }
  }

  /// - Throws: `ServiceError` (64 for a file that is not of label messages; 65, 66, 77).
  public init(_ a: String, _ b: String) throws(ServiceError) {
    let (lanesA, lanesB) = (try Self.read(a), try Self.read(b))
    for lane in Set(lanesA.keys).union(lanesB.keys).sorted() {
      let (linesA, linesB) = (lanesA[lane] ?? [], lanesB[lane] ?? [])
      lanes += 1
      count += min(linesA.count, linesB.count)
      guard linesA != linesB else { continue }
      let place = zip(linesA, linesB).enumerated().first { $0.element.0 != $0.element.1 }?.offset
      let name = Printable.quoted(lane.names.joined(separator: "/"))
      if let place {
        sentences.append("\(name): message \(place + 1) differs\n  \(linesA[place])\n  \(linesB[place])")
      } else {
        sentences.append(
          "\(name): \(a) has \(linesA.count) messages, \(b) has \(linesB.count), of which the first "
            + "\(min(linesA.count, linesB.count)) are the same")
      }
    }
  }

  private static func read(_ path: String) throws(ServiceError) -> [Lane: [String]] {
    guard LabelMessageFile.isOne(path) || MarkFile.isPipe(path) else {
      throw ServiceError(
        .usage, "\(path) holds no label messages, and only they have a canonical form: leave out --canonical")
    }
    var lanes: [Lane: [String]] = [:]
    var encoder = LabelEncoder(canonical: true, inlinesSamples: true)
    try LabelMessageFile.read(path) { label, _ in
      guard label.isCanonical else { return }
      lanes[Lane(names: [label.stream, label.pipeline, label.channel]), default: []].append(encoder.text(label))
    }
    return lanes
  }
}
