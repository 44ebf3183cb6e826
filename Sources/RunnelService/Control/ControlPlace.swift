import Glibc
import RunnelCore

/// Where a daemon's control socket lies: where the configuration says, else at a place that follows from the
/// environment and from the path of the configuration, so that two daemons of one user do not meet.
///
///     under systemd   $RUNTIME_DIRECTORY/control.sock                  /run/runnel/control.sock
///     else            $XDG_RUNTIME_DIR/runnel-3f9a01c2.sock            digits of the SHA-256 of the configuration's path
///     else            /tmp/runnel-1000/runnel-3f9a01c2.sock            in a folder of the user alone
public enum ControlPlace {
  /// Where the unit of `make install` has it.
  public static let ofService = "/run/runnel/control.sock"

  /// The socket of a daemon that reads this configuration; nil where the configuration wants none.
  ///
  /// - Parameter file: the configuration's path.
  /// - Throws: `ServiceError` 66 where there is no such file.
  public static func path(
    _ setting: ControlSetting, configuration file: String, environment: [String: String]
  ) throws(ServiceError) -> String? {
    switch setting {
    case .none: return nil
    case .path(let path): return path
    case .automatic:
      // systemd gives a list where the unit names several.
      if let folder = environment["RUNTIME_DIRECTORY"]?.split(separator: ":").first { return "\(folder)/control.sock" }
      return try "\(given(environment) ?? ownFolder)/\(name(of: file))"
    }
  }

  /// A path from the root, links resolved, where there is such a file.
  public static func whole(_ path: String) -> String {
    guard let whole = realpath(path, nil) else { return path }
    defer { free(whole) }
    return String(cString: whole)
  }

  /// Where a client may find the daemon of this configuration, the likeliest first.
  ///
  /// - Parameter own: the folder that a daemon makes for itself.
  static func candidates(
    _ setting: ControlSetting, configuration file: String, environment: [String: String], own: String = ownFolder
  ) throws(ServiceError) -> [String] {
    guard setting == .automatic else {
      return try path(setting, configuration: file, environment: environment).map { [$0] } ?? []
    }
    let name = try name(of: file)
    return (trusted(environment, own).map { ["\($0)/\(name)"] } ?? []) + [ofService]
  }

  /// Every socket of this user's daemons, and the service's.
  static func all(environment: [String: String], own: String = ownFolder) -> [String] {
    var paths: [String] = []
    if let folder = trusted(environment, own), let listing = opendir(folder) {
      defer { closedir(listing) }
      while let entry = readdir(listing) {
        let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        if name.hasPrefix("runnel-"), name.hasSuffix(".sock") { paths.append("\(folder)/\(name)") }
      }
    }
    return paths.sorted() + [ofService]
  }

  /// The folder of a path that this program chose itself, made where it is missing: nobody else may write there.
  static func makeFolder(of path: String) throws(ServiceError) {
    let folder = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
    guard folder == ownFolder else { return }
    _ = mkdir(folder, 0o700)
    guard isOwn(folder) else {
      throw ServiceError(
        .permission, "\(folder) is not this user's own folder: remove it, or give control.socket a path")
    }
  }

  /// Whether nobody else can have put a socket there.
  private static func isOwn(_ folder: String) -> Bool {
    var status = stat()
    return lstat(folder, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR && status.st_uid == getuid()
      && status.st_mode & 0o022 == 0
  }

  /// Where a client looks: whoever makes /tmp/runnel-0 before root does is not to answer in the daemon's place.
  private static func trusted(_ environment: [String: String], _ own: String) -> String? {
    given(environment) ?? (isOwn(own) ? own : nil)
  }

  private static func given(_ environment: [String: String]) -> String? {
    guard let folder = environment["XDG_RUNTIME_DIR"], folder.hasPrefix("/") else { return nil }
    return folder.hasSuffix("/") ? String(folder.dropLast()) : folder
  }

  static var ownFolder: String { "/tmp/runnel-\(getuid())" }

  private static func name(of file: String) throws(ServiceError) -> String {
    guard access(file, F_OK) == 0 else {
      throw ServiceError(.noInput, "no such file: \(file); name the configuration that the daemon was started with")
    }
    let digest = Array(whole(file).utf8).withUnsafeBytes { SHA256.hex($0) }
    return "runnel-\(digest.prefix(8)).sock"
  }
}
