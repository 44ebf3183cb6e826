import RunnelRecordings

/// Records as they are, for training with carried state; and cut into windows.
extension Dataset {
  func writeWhole(
    _ paths: [String], to folder: borrowing AtomicFolder, _ manifest: inout DatasetManifest, _ warn: (String) -> Void,
    _ meter: WorkMeter
  ) throws(ServiceError) {
    for (number, path) in paths.enumerated() {
      let (source, annotations) = try open(path, warn)
      let name = source.description.stream
      guard !manifest.records.contains(where: { $0.name == name }) else {
        throw ServiceError(
          .usage, "two records are named \(name), and each has its own files: make a training set of each")
      }
      let x = try ArrayFile("\(name).x.npy", in: folder, width: input.inputs.count)
      let y = try ArrayFile("\(name).y.npy", in: folder, element: .int64)
      let mask = try ArrayFile("\(name).mask.npy", in: folder, element: .uint8)
      let record = try condition(source, into: x) { meter.show(number, path, done: $0, of: $1) }
      let targets = targets(of: record, annotations, at: zip(record.frames, record.marks))
      y.append(targets.y)
      mask.append(targets.mask)
      for file in [x, y, mask] { try file.finish(&manifest) }
      meter.finish(number, path)
      manifest.records.append(
        entry(record, path: path, rows: 0..<record.frames.count, counts: targets.counts(rule), annotations))
    }
  }

  func writeWindows(
    _ paths: [String], _ cut: WindowCut, to folder: borrowing AtomicFolder, _ manifest: inout DatasetManifest,
    _ warn: (String) -> Void, _ meter: WorkMeter
  ) throws(ServiceError) {
    let x = try ArrayFile("x.npy", in: folder, width: input.inputs.count)
    let index = try ArrayFile("index.npy", in: folder, element: .int64)
    let y = try ArrayFile("y.npy", in: folder, element: .int64)
    let mask = try ArrayFile("mask.npy", in: folder, element: .uint8)
    for (number, path) in paths.enumerated() {
      let (source, annotations) = try open(path, warn)
      let first = x.rows
      let record = try condition(source, into: x) { meter.show(number, path, done: $0, of: $1) }
      let (starts, leftOut) = cut.starts(first: record.frames.lowerBound, marks: record.marks)
      index.append(starts.map { Int64(first + $0) })
      let asked =
        switch cut.target {
        case .all: targets(of: record, annotations, at: zip(record.frames, record.marks))
        case .frame(let frame):
          // A window has settled when its first frame has.
          targets(
            of: record, annotations,
            at: starts.lazy.map { (record.frames.lowerBound + Int64($0 + frame), record.marks[$0]) })
        }
      y.append(asked.y)
      mask.append(asked.mask)
      var counts = asked.counts(rule)
      counts.windowsLeftOut = leftOut
      meter.finish(number, path)
      manifest.records.append(
        entry(record, path: path, rows: first..<x.rows, counts: counts, annotations))
      if starts.isEmpty {
        warn("\(path) has no window of \(cut.length) frames: it has \(record.frames.count), gaps taken off")
      }
    }
    for file in [x, index, y, mask] { try file.finish(&manifest) }
  }

  /// A record's frames, appended to x; refused where they would be little but gaps.
  private func condition(
    _ source: RecordingSource, into x: ArrayFile, progress: (Int, Int) -> Void
  ) throws(ServiceError) -> ConditionedRecord {
    _ = try source.arraySize(
      modelRate: input.rate, width: input.inputs.count, remedy: "split the recording at the gap")
    return try ConditionedRecord(source, labeller: try feeding(source), progress: progress) { x.append($0) }
  }
}
