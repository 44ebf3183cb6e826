import RunnelZeroMQ

extension ServiceError {
  /// What a socket was refused, under the exit code that belongs to it.
  public init(_ error: ZeroMQError) {
    let kind: Kind =
      switch error.reason {
      case .badEndpoint, .unsupportedTransport: .usage
      case .noDirectory: .cannotCreate
      case .permission: .permission
      case .addressInUse, .noSuchInterface, .contextTerminated, .tooManySockets, .other: .unavailable
      }
    self.init(kind, error.description)
  }
}
