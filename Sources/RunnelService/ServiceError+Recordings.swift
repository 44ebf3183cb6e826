import RunnelRecordings

extension ServiceError {
  /// What went wrong with a file, under the exit code that belongs to it.
  public init(_ error: RecordingError) {
    let kind: Kind =
      switch error.kind {
      case .notFound, .notAFile: .noInput
      case .permission: .permission
      case .inUse: .unavailable
      case .tooLarge, .malformed, .unsupported, .length, .checksum: .data
      case .position: .usage
      case .readFailed, .writeFailed: .inputOutput
      case .cannotCreate: .cannotCreate
      }
    self.init(kind, "\(error)")
  }
}
