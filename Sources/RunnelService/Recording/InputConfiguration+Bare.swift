extension InputConfiguration {
  /// What is listened to where nobody wrote a configuration: endpoints, everything that comes there, in whatever format.
  ///
  /// - Throws: `usage` for an endpoint that cannot be.
  public static func bare(
    _ endpoints: [String], name: String = "", kind: Kind = .sub, attachment: SocketConfiguration.Attachment = .connect
  ) throws(ServiceError) -> InputConfiguration {
    var addresses: [EndpointAddress] = []
    for text in endpoints {
      do throws(EndpointAddress.Mistake) {
        addresses.append(try EndpointAddress(text, for: attachment))
      } catch { throw ServiceError(.usage, "'\(text)' \(error.message)") }
    }
    return InputConfiguration(
      name: name,
      socket: SocketConfiguration(
        attachment: attachment, endpoints: addresses, ipv6: addresses.contains(where: \.isIPv6), keepalive: true,
        // A publisher that is being started is heard soon.
        reconnect: 0.1...1, queueBytes: 64 << 20),
      kind: kind, format: .auto, topic: nil, rate: nil, channels: nil, unit: nil, layout: .interleaved, element: nil,
      byteOrder: .little, topicParts: nil, passTags: false, heartbeat: false, timeOrigin: nil, fields: nil,
      maxStreams: 256, takeover: 2, reorder: 2, staleAfter: nil, flat: nil, missing: [], range: nil, time: .sender)
  }
}
