import Synchronization

/// What came of each of many files, gathered from several threads, in the order of the files.
final class Results<Value: Sendable>: Sendable {
  private let results = Mutex<[Int: Result<Value, ServiceError>]>([:])

  func append(_ result: Result<Value, ServiceError>, _ number: Int) { results.withLock { $0[number] = result } }

  /// - Throws: the error of the first that has one.
  func all() throws(ServiceError) -> [Value] {
    var values: [Value] = []
    for result in ordered { values.append(try result.get()) }
    return values
  }

  var failures: [ServiceError] {
    ordered.compactMap { result in if case .failure(let error) = result { error } else { nil } }
  }

  private var ordered: [Result<Value, ServiceError>] {
    results.withLock { $0.sorted { $0.key < $1.key }.map(\.value) }
  }
}

extension ServiceError {
  /// Of several files the sentence says which.
  func naming(_ path: String, among count: Int) -> ServiceError {
    count > 1 && !description.contains(path) ? ServiceError(kind, "\(path): \(description)") : self
  }
}
