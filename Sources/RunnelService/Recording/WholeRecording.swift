import RunnelCore

/// A recording as its user thinks of it: one file, or those parts of one that `record` split which were given together,
/// in their order.
///
///     WholeRecording.list(["ward-0002.mcap", "night.edf", "ward-0001.mcap"])   // ward (2 files), night
public struct WholeRecording: Sendable, Hashable {
  public let files: [String]
  /// What should be known before it is labelled: parts that are missing.
  public let remarks: [String]

  public init(_ path: String) {
    files = [path]
    remarks = []
  }

  private init(parts: [(part: Int, path: String)]) {
    files = parts.map(\.path)
    remarks = zip(parts, parts.dropFirst()).compactMap { before, after in
      guard after.part > before.part + 1 else { return nil }
      return "between \(before.path) and \(after.path) a part of the recording is missing, and with it what was in it"
    }
  }

  /// What it is called: its file without folder and ending, the parts of one without their number.
  public var name: String {
    let name = LabelPlaces.name(of: files[0])
    guard files.count > 1, let dash = name.lastIndex(of: "-"), dash != name.startIndex,
      case let digits = name[name.index(after: dash)...], digits.count >= 4, digits.allSatisfy(\.isWholeNumber)
    else { return name }
    return String(name[..<dash])
  }

  /// These files as recordings, each where its first file stands. Parts belong together by what they say of themselves,
  /// whatever they are called; what cannot be read stands alone.
  public static func list(_ paths: [String]) -> [WholeRecording] {
    var groups: [[(part: Int, path: String)]] = []
    var known: [[String: String]: Int] = [:]
    for path in paths {
      guard var about = try? RecordedMessages.about(path), about[RecordingSeries.beganKey] != nil,
        let part = about.removeValue(forKey: RecordingSeries.partKey).flatMap({ Int($0) })
      else {
        groups.append([(1, path)])
        continue
      }
      // A copy of a part is a recording of its own.
      if let group = known[about], !groups[group].contains(where: { $0.part == part }) {
        groups[group].append((part, path))
      } else {
        known[about] = groups.count
        groups.append([(part, path)])
      }
    }
    return groups.map { WholeRecording(parts: $0.sorted { $0.part < $1.part }) }
  }
}
