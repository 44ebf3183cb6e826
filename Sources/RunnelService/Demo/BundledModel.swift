import Glibc

/// Where the model that comes with runnel lies: beside an installed binary, or in the checkout a binary was built in.
public enum BundledModel {
  public static let name = "ecg-beats.safetensors"

  /// - Throws: `ServiceError` (66) with the places that were looked at.
  public static func path() throws(ServiceError) -> String {
    let places = candidates(executable: executable)
    for place in places where access(place, R_OK) == 0 { return place }
    throw ServiceError(
      .noInput, "the bundled model is in none of \(places.joined(separator: ", ")): name a model file with --model")
  }

  /// PREFIX/bin/runnel finds PREFIX/share/runnel/models; .build/release/runnel finds models/ of its checkout.
  static func candidates(executable: String) -> [String] {
    var folders = executable.split(separator: "/").map(String.init)
    if !folders.isEmpty { folders.removeLast() }
    var places: [String] = []
    if folders.last == "bin" {
      places.append("/" + (folders.dropLast() + ["share", "runnel", "models", name]).joined(separator: "/"))
    }
    while !folders.isEmpty {
      if folders.last?.hasPrefix(".build") == true {
        places.append("/" + (folders.dropLast() + ["models", name]).joined(separator: "/"))
      }
      folders.removeLast()
    }
    return places + ["models/" + name]
  }

  private static var executable: String {
    var buffer = [CChar](repeating: 0, count: 4096)
    let length = readlink("/proc/self/exe", &buffer, buffer.count - 1)
    return length > 0 ? String(decoding: buffer[..<length].map(UInt8.init(bitPattern:)), as: UTF8.self) : ""
  }
}
