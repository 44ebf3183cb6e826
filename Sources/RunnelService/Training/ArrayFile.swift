import RunnelCore
import RunnelRecordings

/// One array of a training set on its way to the disk. A mistake of the disk is told by `finish`.
final class ArrayFile {
  let name: String
  private var writer: NumpyWriter
  private var failure: RecordingError?

  /// - Throws: `ServiceError` (73, 77).
  init(
    _ name: String, in folder: borrowing AtomicFolder, element: ElementType = .float32, width: Int? = nil
  ) throws(ServiceError) {
    self.name = name
    do throws(RecordingError) {
      writer = try NumpyWriter(folder.place(of: name), element: element, width: width)
    } catch { throw ServiceError(error) }
  }

  /// Rows written so far.
  var rows: Int { writer.count / (writer.width ?? 1) }

  func append(_ values: UnsafeBufferPointer<Float>) {
    attempt { (writer) throws(RecordingError) in try writer.append(values) }
  }

  func append(_ values: [Float]) { attempt { (writer) throws(RecordingError) in try writer.append(values) } }
  func append(_ values: [Int64]) { attempt { (writer) throws(RecordingError) in try writer.append(integers: values) } }
  /// Small numbers into a file of i64, a block at a time.
  func append(_ values: [Int8]) {
    for first in stride(from: 0, to: values.count, by: 1 << 16) {
      append(values[first..<min(first + (1 << 16), values.count)].map { Int64($0) })
    }
  }

  func append(_ values: [UInt8]) { attempt { (writer) throws(RecordingError) in try writer.append(bytes: values) } }

  /// Completes the file and adds it to the manifest's list.
  func finish(_ manifest: inout DatasetManifest) throws(ServiceError) {
    let shape = [rows] + (writer.width.map { [$0] } ?? [])
    attempt { (writer) throws(RecordingError) in try writer.finish() }
    if let failure { throw ServiceError(failure) }
    manifest.arrays.append((name, shape, writer.element))
  }

  private func attempt(_ body: (inout NumpyWriter) throws(RecordingError) -> Void) {
    guard failure == nil else { return }
    do throws(RecordingError) { try body(&writer) } catch { failure = error }
  }
}
