/// Follows the frames of a proxy and keeps what a client or a broker must not do. Takes records one by one, so that it
/// needs memory for what is open and unsettled, not for what has been.
package struct FrameAudit: Sendable {
    /// An ack, nack or reject for a delivery that was not delivered on this channel of this connection, was settled
    /// already, or needs no ack.
    package private(set) var wrongTags: [FrameRecord] = []
    /// A delivery beyond the prefetch that the consumer was started with.
    package private(set) var overPrefetch: [FrameRecord] = []
    /// Publishes that clients sent, and those of them with `mandatory`.
    package private(set) var publishes = 0
    package private(set) var mandatoryPublishes = 0
    /// The most deliveries that one consumer had unsettled.
    package private(set) var mostUnsettled = 0

    private var channels: [ChannelKey: ChannelAudit] = [:]

    private struct ChannelKey: Hashable {
        var connection: Int
        var channel: UInt16
    }

    package init(_ records: some Sequence<FrameRecord> = EmptyCollection()) {
        for record in records { take(record) }
    }

    /// How many consumers each queue has now, as far as the frames say.
    package var consumers: [String: Int] {
        var counts: [String: Int] = [:]
        for channel in channels.values {
            for consumer in channel.consumers.values where !consumer.isCancelled {
                counts[consumer.queue, default: 0] += 1
            }
        }
        return counts
    }

    /// How many deliveries are unsettled now, over all connections.
    package var unsettled: Int { channels.values.reduce(0) { $0 + $1.unsettled.count } }

    mutating func clearFindings() {
        wrongTags = []
        overPrefetch = []
        publishes = 0
        mandatoryPublishes = 0
        mostUnsettled = 0
    }

    package mutating func take(_ record: FrameRecord) {
        switch record.event {
        case .opened: break
        case .closed: channels = channels.filter { $0.key.connection != record.connection }
        case .frame(.method(let id)):
            // A frame that a rule kept from the broker was sent by the client all the same; one that it kept from the
            // client was not received.
            let key = ChannelKey(connection: record.connection, channel: record.channel)
            switch (record.direction, id) {
            case (.clientToServer, .basicPublish):
                publishes += 1
                if record.flag { mandatoryPublishes += 1 }
            case (.clientToServer, .basicAck), (.clientToServer, .basicNack), (.clientToServer, .basicReject):
                if channels[key, default: ChannelAudit()].settle(record) == false { wrongTags.append(record) }
            case (.serverToClient, .basicDeliver), (.serverToClient, .basicGetOK):
                let count = channels[key, default: ChannelAudit()].deliver(record, isGet: id == .basicGetOK)
                mostUnsettled = max(mostUnsettled, count.unsettled)
                if count.isOver { overPrefetch.append(record) }
            case (_, .channelCloseOK): channels[key] = nil
            default: channels[key, default: ChannelAudit()].follow(record, id)
            }
        case .frame: break
        }
    }
}

extension FrameAudit: CustomStringConvertible {
    package var description: String {
        "\(wrongTags.count) wrong tags, \(overPrefetch.count) over prefetch, "
            + "\(mandatoryPublishes) of \(publishes) publishes mandatory, at most \(mostUnsettled) unsettled"
    }
}
