import RunnelCore
import RunnelWire
import RunnelZeroMQ

/// What goes out: sessions of samples, with descriptions and heartbeats among them, and their ends.
extension SamplePublisher {
  /// Bytes sent before it is looked whether anybody still listens, and messages: at `max`, what follows a
  /// subscriber's leaving until then is heard by nobody.
  private static let batchBytes = 1 << 16
  private static let batch = 64
  private static let descriptionEvery = 2 * second
  private static let heartbeatEvery = second
  /// A stream that falls idle says where it stands this soon (docs/wire-format.md §5).
  private static let idleHeartbeat = 100 * millisecond
  /// How often a full queue is tried again.
  private static let retry = 5 * millisecond
  /// How long the end message of a stopped publisher may wait for a full queue.
  private static let endPatience = second

  /// A new epoch, greater than the last; its rows are due from `start` on.
  func begin(at start: Int64) {
    let now = clock.monotonic()
    let unix = clock.unix()
    let epoch = max(UInt64(clamping: unix), encoder.epoch + 1)
    // The stream's name was accepted when this publisher was made.
    encoder = try! RunnelEncoder(source.description, epoch: epoch, element: source.element)
    encoder.nextIndex = source.first
    sessionStart = start
    firstStart = firstStart ?? start
    let sendingTime = Pace.time(of: -source.first, rate: source.rate, start: unix - (now - start))
    timeOrigin = source.start ?? (settings.isLive ? sendingTime : nil)
    descriptionAt = now
    heartbeatAt = now + Self.heartbeatEvery
    lastRowAt = start
    counts.sessions += 1
    counts.rowsSent = 0
    enter(.sending)
    tell(.began(epoch: epoch))
  }

  // MARK: samples

  /// Sends what is due by now.
  func send(_ now: Int64) throws(ServiceError) {
    if settings.speed == .max && !subscribers.covers(encoder.topic.bytes) { return enter(.waiting) }
    guard try sendCompany(now) else { return wait(now) }
    var bytes = 0
    for _ in 0..<Self.batch where bytes < Self.batchBytes {
      if pending.isEmpty {
        // Behind a gap of the recording the index jumps, and so does what is due.
        encoder.nextIndex = source.nextIndex
        pending = try source.next(rows: chunk)
      }
      if pending.isEmpty { return finishRows() }
      let rows = pending.count / source.bytesPerRow
      bytes += pending.count
      if settings.speed != .max {
        let due = sessionStart + pace.due(rows: encoder.nextIndex - source.first + Int64(rows))
        wakeAt = min(due, descriptionAt, heartbeatAt)
        guard due <= clock.monotonic() else { return }
      }
      guard try sendRows(rows) else { return wait(now) }
    }
    wakeAt = now
  }

  private func sendRows(_ rows: Int) throws(ServiceError) -> Bool {
    let (index, sequence) = (encoder.nextIndex, encoder.nextSequence)
    let time = timeOrigin.flatMap { Pace.time(of: index, rate: source.rate, start: $0) }
    let result = try sockets { () throws(ZeroMQError) in
      try encoder.withSamples(pending, rows: rows, timestamp: time) { (parts) throws(ZeroMQError) in
        try socket.send(parts)
      }
    }
    guard result == .sent else {
      // Nothing of it is queued: it keeps its number until it is.
      (encoder.nextIndex, encoder.nextSequence) = (index, sequence)
      return false
    }
    goOn()
    lastRowAt = clock.monotonic()
    heartbeatAt = min(heartbeatAt, lastRowAt + Self.idleHeartbeat)
    counts.rows += Int64(rows)
    counts.rowsSent += Int64(rows)
    counts.messages += 1
    counts.bytes += Int64(pending.count)
    if !subscribers.covers(encoder.topic.bytes) { counts.rowsUnheard += Int64(rows) }
    pending = UnsafeRawBufferPointer(start: nil, count: 0)
    return true
  }

  /// The description and the heartbeat, where they are due; false where a queue is full.
  private func sendCompany(_ now: Int64) throws(ServiceError) -> Bool {
    if now >= descriptionAt {
      let result = try sockets { () throws(ZeroMQError) in
        try encoder.withDescription { (parts) throws(ZeroMQError) in try socket.send(parts) }
      }
      guard result == .sent else { return false }
      descriptionAt = now + Self.descriptionEvery
    }
    if now >= heartbeatAt {
      let result = try sockets { () throws(ZeroMQError) in
        try encoder.withHeartbeat { (parts) throws(ZeroMQError) in try socket.send(parts) }
      }
      guard result == .sent else { return false }
      heartbeatAt = now + Self.heartbeatEvery
    }
    return true
  }

  // MARK: the end

  private func finishRows() {
    wakeAt = clock.monotonic()
    enter(.ending)
  }

  func end(_ now: Int64) throws(ServiceError) {
    let result = try sockets { () throws(ZeroMQError) in
      try encoder.withEnd { (parts) throws(ZeroMQError) in try socket.send(parts) }
    }
    if result != .sent {
      wait(now)
      guard isStopping, now - phaseSince >= Self.endPatience else { return }
      tell(.endUnsaid)
    } else {
      goOn()
    }
    wakeAt = now
    guard settings.loops, !isStopping else { return enter(.delivering) }
    try source.rewind()
    pending = UnsafeRawBufferPointer(start: nil, count: 0)
    // At a speed the next round begins where this one was due to end, so that rounds do not drift either.
    begin(at: settings.speed == .max ? now : sessionStart + pace.due(rows: encoder.nextIndex - source.first))
  }

  // MARK: full queues

  /// Nothing could be queued: says after a second for whom, then ever more rarely.
  private func wait(_ now: Int64) {
    wakeAt = now + Self.retry
    look(now)
    var stall = self.stall ?? Stall(since: now)
    let waited = now - stall.since
    if waited >= stall.nextComplaint {
      let peer = queues.stillest?.peer ?? "in this program"
      tell(.stalled(peer: peer, seconds: Double(waited) / 1e9))
      stall.isTold = true
      stall.nextComplaint = waited + min(waited, 30 * Self.second)
    }
    self.stall = stall
  }

  private func goOn() {
    guard let over = stall else { return }
    stall = nil
    queues = KernelQueues()
    if over.isTold { tell(.resumed(afterSeconds: Double(clock.monotonic() - over.since) / 1e9)) }
  }
}
