import Glibc
import RunnelRecordings

/// Reads a configuration from a file, with the environment of this process.
public enum ConfigurationFile {
  /// A configuration larger than this is something else.
  private static let sizeLimit = 4 << 20

  /// - Throws: `ServiceError`: 66 no such file, 77 permission, 78 with every mistake of the file at once.
  public static func read(_ path: String) throws(ServiceError) -> ReadConfiguration {
    switch try diagnose(path) {
    case .success(let read): return read
    case .failure(let errors): throw ServiceError(errors)
    }
  }

  /// The configuration, or its mistakes one by one.
  ///
  /// - Throws: `ServiceError` where there is no file to read: 66, 77.
  public static func diagnose(_ path: String) throws(ServiceError) -> Result<ReadConfiguration, ConfigurationErrors> {
    let bytes = try bytes(path)
    do throws(ConfigurationErrors) {
      return .success(
        try ConfigurationReader.read(
          text: String(decoding: bytes, as: UTF8.self), file: path, environment: environment))
    } catch { return .failure(error) }
  }

  /// The file as it is, variables and all.
  public static func bytes(_ path: String) throws(ServiceError) -> [UInt8] {
    do throws(RecordingError) { return try ByteFile.read(path, limit: sizeLimit) } catch { throw ServiceError(error) }
  }

  /// The variables of this process.
  public static var environment: [String: String] {
    var variables: [String: String] = [:]
    var entry: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?> = environ
    while let pair = entry.pointee {
      let text = String(cString: pair)
      if let equals = text.firstIndex(of: "=") {
        variables[String(text[..<equals])] = String(text[text.index(after: equals)...])
      }
      entry += 1
    }
    return variables
  }
}
