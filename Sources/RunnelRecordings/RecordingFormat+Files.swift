extension RecordingFormat {
  /// The files that belong to what `path` names: those that hold its samples, the headers of its segments, and beside a
  /// WFDB record its reference annotations, `.atr`. Some may not be there; what is no recording is `path` alone.
  ///
  ///     RecordingFormat.files(of: "mitdb/119")   // mitdb/119.hea, mitdb/119.atr, mitdb/119.dat
  public static func files(of path: String) -> [String] {
    switch try? detect(path) {
    case .wfdb: WFDBHeader.files(of: WFDBHeader.path(path))
    case .sigmf: SigMFRecording.files(of: path)
    default: [path]
    }
  }
}

extension WFDBHeader {
  /// - Parameter path: of the header.
  fileprivate static func files(of path: String) -> [String] {
    let folder = path.folder
    let segments = ((try? WFDBHeader(contentsOf: path))?.segments ?? []).map { "\(folder)\($0.name).hea" }
    return ([path] + segments).flatMap { header in
      let signals = (try? WFDBHeader(contentsOf: header))?.signals ?? []
      return [header, header.dropLast(3) + "atr"] + signals.map { folder + $0.file }
    }
  }
}

extension SigMFRecording {
  fileprivate static func files(of path: String) -> [String] {
    let base = base(of: path)
    let meta = base + ".sigmf-meta"
    let bytes = try? ByteFile.read(meta, limit: 64 << 20)
    let dataset = bytes.flatMap { (try? SigMFMeta(parsing: $0, file: meta))?.dataset }
    return [meta, dataset.map { base.folder + $0 } ?? base + ".sigmf-data"]
  }
}
