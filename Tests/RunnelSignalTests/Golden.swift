import Glibc
import RunnelCore

/// The golden files of Tests/Golden and the signal they speak of (python/golden/conditioning.py).
enum Golden {
  /// The cases of a golden file.
  static func cases(_ name: String, from path: String = #filePath) throws -> [JSONValue] {
    let tests = path.split(separator: "/", omittingEmptySubsequences: false).dropLast(2).joined(separator: "/")
    let bytes = try contents(tests + "/Golden/" + name)
    return try bytes.withUnsafeBytes { try JSONValue(parsing: $0) }["cases"]?.array ?? []
  }

  /// x[n] = 0.5 + ((7919 n + 13 n²) mod 2001 − 1000) / 1000
  static func signal(_ count: Int) -> [Float] {
    (0..<count).map { (n: Int) -> Float in
      let remainder: Int = (7919 * n + 13 * n * n) % 2001
      return Float(0.5 + Double(remainder - 1000) / 1000)
    }
  }

  struct Missing: Error { var path: String }

  private static func contents(_ path: String) throws -> [UInt8] {
    guard let file = fopen(path, "rb") else { throw Missing(path: path) }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 65536)
    while true {
      let count = fread(&piece, 1, piece.count, file)
      if count == 0 { return bytes }
      bytes += piece[..<count]
    }
  }
}

extension JSONValue {
  func numbers(_ key: String) -> [Double] { self[key]?.array?.compactMap(\.number) ?? [] }
  func number(_ key: String) -> Double { self[key]?.number ?? .nan }
  func integer(_ key: String) -> Int64 { self[key]?.integer ?? .min }

  /// The filter of a case in filters.json.
  var design: FilterDesign? {
    let corners = numbers("corners")
    return switch self["kind"]?.string {
    case "low-pass": .lowPass(order: Int(integer("order")), corner: corners[0])
    case "high-pass": .highPass(order: Int(integer("order")), corner: corners[0])
    case "band-pass": .bandPass(order: Int(integer("order")), low: corners[0], high: corners[1])
    case "notch": .notch(frequency: corners[0], quality: number("order"))
    default: nil
    }
  }
}
