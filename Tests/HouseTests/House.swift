import Glibc

/// The files of this repository, as the rules read them.
struct House {
  let root: String
  let files: [SourceFile]

  /// Everything that is text and ours. Build folders and git's own are not.
  init(extensions: Set<String>? = nil, below: [String] = ["."]) {
    let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
    root = parts.dropLast(3).joined(separator: "/")
    var found: [SourceFile] = []
    for folder in below {
      Self.walk(root, folder == "." ? "" : folder) { path in
        let name = path.split(separator: "/").last ?? ""
        let suffix = name.contains(".") ? String(name.split(separator: ".").last ?? "") : ""
        guard extensions?.contains(suffix) ?? Self.textual(suffix, path) else { return }
        if let text = Self.read("\(Self.at(path))") { found.append(SourceFile(path: path, text: text)) }
      }
    }
    files = found.sorted { $0.path < $1.path }
  }

  static var swift: House { House(extensions: ["swift"], below: ["Sources", "Tests"]) }
  static var sources: House { House(extensions: ["swift", "c", "h"], below: ["Sources"]) }

  static func at(_ path: String) -> String {
    #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/") + "/" + path
  }

  static func read(_ path: String) -> String? {
    guard let file = fopen(path, "rb") else { return nil }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while true {
      let count = fread(&buffer, 1, buffer.count, file)
      guard count > 0 else { break }
      bytes += buffer[..<count]
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func textual(_ suffix: String, _ path: String) -> Bool {
    ["swift", "c", "h", "modulemap", "py", "md", "yaml", "yml", "service", "json", "txt", "sh", ""].contains(suffix)
      && !path.hasPrefix("Tests/Golden/")
  }

  private static func walk(_ root: String, _ folder: String, _ visit: (String) -> Void) {
    guard let directory = opendir("\(root)/\(folder)") else { return }
    defer { closedir(directory) }
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name == "." || name == ".." || name == ".git" || name == ".swiftpm" || name == "__pycache__" { continue }
      if name.hasPrefix(".build") { continue }
      let path = folder.isEmpty ? name : "\(folder)/\(name)"
      var status = stat()
      guard lstat("\(root)/\(path)", &status) == 0 else { continue }
      switch status.st_mode & S_IFMT {
      case S_IFDIR: walk(root, path, visit)
      case S_IFREG: visit(path)
      default: break
      }
    }
  }
}
