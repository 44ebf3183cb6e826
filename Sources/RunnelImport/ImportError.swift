import RunnelCore

/// Why a file of somebody else cannot become a model of ours: where, and one sentence with the remedy.
public struct ImportError: Error, Sendable, Equatable, CustomStringConvertible {
  /// A node, a tensor, a byte of the file; nil where the whole file is meant.
  public var place: String?
  public var problem: String
  /// Path in the spec, such as `layers[1].hidden`, where the spec is at fault.
  public var path: String?
  /// The axes of the input were perhaps taken for others than they are: what else was found says more.
  var doubtsAxes = false

  /// Texts hold names out of files; what a terminal would obey becomes '·'.
  public init(_ place: String?, _ problem: String, path: String? = nil) {
    self.place = place.map(Quoted.printable)
    self.problem = Quoted.printable(problem)
    self.path = path.map(Quoted.printable)
  }

  static func spec(_ path: String, _ problem: String) -> ImportError { ImportError(nil, problem, path: path) }

  public var description: String {
    [path, place].compactMap { $0 }.map { $0 + ": " }.joined() + problem
  }
}

extension Int {
  /// The product of sizes, or nil where it passes `limit`: nothing is allocated before this was asked. Sizes beside a
  /// zero are bounded too, so that no product of some of them overflows.
  static func product(_ sizes: some Sequence<Int>, limit: Int) -> Int? {
    var product = 1
    var isEmpty = false
    for size in sizes {
      guard size >= 0 else { return nil }
      isEmpty = isEmpty || size == 0
      let (next, overflow) = product.multipliedReportingOverflow(by: Swift.max(1, size))
      guard !overflow, next <= limit else { return nil }
      product = next
    }
    return isEmpty ? 0 : product
  }
}
