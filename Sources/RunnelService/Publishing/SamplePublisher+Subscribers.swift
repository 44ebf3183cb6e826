import RunnelZeroMQ

/// Who listens: subscriptions as they come, connections as they go, and whether everything was read.
extension SamplePublisher {
  /// A subscriber of samples usually asks for descriptions in the same breath; it has this long.
  private static let breath = 100 * millisecond
  /// All kernel queues must have been empty this long.
  private static let quiet = 200 * millisecond
  /// A queue that has not moved for this long is not waited for.
  private static let patience = 5 * second

  /// Takes what subscribers and the monitor tell.
  func listen(_ now: Int64) throws(ServiceError) {
    try sockets { () throws(ZeroMQError) in
      while case .message(let parts) = try receiver.receive(from: socket) {
        guard let subscription = Subscription(parts) else { continue }
        subscribers.note(subscription)
        // Whoever comes late learns what the samples are.
        let isOurs = subscription.covers(encoder.topic.bytes) || subscription.covers(descriptionTopic)
        if subscription.begins && isOurs { descriptionAt = now }
      }
      let known = monitor.connections
      var ended = false
      while let report = try monitor.next() { ended = ended || report.event == .disconnected }
      if ended { mourn(known) }
    }
    // A connection is there before its subscription is.
    let isCovered =
      monitor.connections.count >= settings.subscribers
      && subscribers.covers(encoder.topic.bytes, times: settings.subscribers)
    coveredSince = isCovered ? coveredSince ?? now : nil
  }

  private func mourn(_ known: [PeerConnection]) {
    guard phase == .sending || phase == .ending else { return }
    for connection in known where !monitor.connections.contains(connection) {
      counts.subscribersLeft += 1
      tell(.left(peer: connection.peer))
    }
  }

  func awaitSubscriber(_ now: Int64) {
    if let coveredSince {
      if subscribers.covers(descriptionTopic, times: settings.subscribers) || now - coveredSince >= Self.breath {
        wakeAt = now
        return counts.sessions == 0 ? begin(at: now) : enter(.sending)
      }
      wakeAt = coveredSince + Self.breath
    } else if !hasToldWaiting {
      wakeAt = phaseSince + Self.second
      guard now >= wakeAt else { return }
      hasToldWaiting = true
      wakeAt = .max
      let topic = String(decoding: encoder.topic.bytes, as: UTF8.self)
      tell(.waiting(topic: topic, connected: monitor.connections.count, of: settings.subscribers))
    }
  }

  /// Sockets stay open until the kernel's queues were empty for a while: closing a context is not delivery.
  func deliver(_ now: Int64) {
    look(now)
    wakeAt = now + 10 * Self.millisecond
    if queues.queues.isEmpty { return enter(.done) }
    if let emptySince = queues.emptySince {
      if now - emptySince >= Self.quiet { enter(.done) }
    } else if now - max(queues.movedAt, phaseSince) >= Self.patience {
      for queue in queues.queues.values where queue.bytes > 0 {
        tell(.undelivered(peer: queue.peer, bytes: queue.bytes))
      }
      enter(.done)
    }
  }

  /// Notes what the kernel holds for each connection.
  func look(_ now: Int64) {
    queues.note(
      monitor.connections.compactMap { connection in
        connection.unsentBytes.map { (connection.descriptor, connection.peer, $0) }
      }, at: now)
  }
}
