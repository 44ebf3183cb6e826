import RunnelRecordings

/// The caches of one core as the kernel knows them.
struct CacheSizes: Sendable, Hashable {
  var levels: [(name: String, bytes: Int)] { [("L1", first), ("L2", second), ("L3", last), ("memory", .max)] }
  var first = 32 << 10
  var second = 512 << 10
  var last = 8 << 20

  /// What stands in the folder of a processor's caches; the defaults where nothing does.
  init(folder: String = "/sys/devices/system/cpu/cpu0/cache") {
    for index in 0..<8 {
      guard let level = Self.word("\(folder)/index\(index)/level"),
        let kind = Self.word("\(folder)/index\(index)/type"),
        kind != "Instruction", let size = Self.word("\(folder)/index\(index)/size").flatMap(Self.bytes)
      else { continue }
      switch level {
      case "1": first = size
      case "2": second = size
      case "3": last = size
      default: break
      }
    }
    last = max(last, second)
  }

  private static func word(_ path: String) -> String? {
    guard let bytes = try? ByteFile.read(path, limit: 4096) else { return nil }
    return String(decoding: bytes.prefix { $0 != 0x0A }, as: UTF8.self)
  }

  /// `32K`, `1M`, `1024`.
  static func bytes(_ text: String) -> Int? {
    let unit = text.last == "K" ? 1 << 10 : text.last == "M" ? 1 << 20 : 1
    guard let number = Int(unit == 1 ? text : String(text.dropLast())), number > 0, number <= 1 << 20 else {
      return nil
    }
    return number * unit
  }
}
