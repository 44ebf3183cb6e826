import Synchronization

/// What went wrong with some of many files, gathered from several threads, in the order of the files.
final class Failures: Sendable {
  private let errors = Mutex<[(number: Int, error: ServiceError)]>([])

  func append(_ error: ServiceError, _ number: Int) { errors.withLock { $0.append((number, error)) } }

  var all: [ServiceError] { errors.withLock { $0.sorted { $0.number < $1.number }.map(\.error) } }
}

extension ServiceError {
  /// Of several files the sentence says which.
  func naming(_ path: String, among count: Int) -> ServiceError {
    count > 1 && !description.contains(path) ? ServiceError(kind, "\(path): \(description)") : self
  }
}
