import TestSupport
import Testing

/// Planted faults of a client and a broker, as a proxy sees them.
@Suite struct FrameAuditTests {
    private func record(
        _ direction: FrameDirection, _ id: WireMethodID, channel: UInt16 = 1, connection: Int = 0,
        _ change: (inout FrameRecord) -> Void = { _ in }
    ) -> FrameRecord {
        var record = FrameRecord(time: 0, connection: connection, event: .frame(.method(id)), direction: direction)
        record.channel = channel
        change(&record)
        return record
    }

    private func consume(
        _ tag: String = "c", queue: String = "q", prefetch: UInt16 = 0, noAck: Bool = false, connection: Int = 0
    ) -> [FrameRecord] {
        [
            record(.clientToServer, .basicQos, connection: connection) { $0.prefetch = prefetch },
            record(.clientToServer, .basicConsume, connection: connection) {
                $0.consumerTag = tag
                $0.queue = queue
                $0.flag = noAck
            },
            record(.serverToClient, .basicConsumeOK, connection: connection) { $0.consumerTag = tag },
        ]
    }

    private func deliver(
        _ tag: UInt64, consumer: String = "c", channel: UInt16 = 1, connection: Int = 0, isPassed: Bool = true
    ) -> FrameRecord {
        record(.serverToClient, .basicDeliver, channel: channel, connection: connection) {
            $0.deliveryTag = tag
            $0.consumerTag = consumer
            $0.isPassed = isPassed
        }
    }

    private func ack(
        _ tag: UInt64, multiple: Bool = false, channel: UInt16 = 1, connection: Int = 0,
        _ id: WireMethodID = .basicAck
    ) -> FrameRecord {
        record(.clientToServer, id, channel: channel, connection: connection) {
            $0.deliveryTag = tag
            $0.flag = multiple
        }
    }

    private func wrongTags(_ records: [FrameRecord]) -> [UInt64] { FrameAudit(records).wrongTags.map(\.deliveryTag) }

    @Test func whatWasDeliveredMayBeSettledOnce() {
        let three = consume() + [deliver(1), deliver(2), deliver(3)]
        #expect(wrongTags(three + [ack(2), ack(1, .basicNack), ack(3, .basicReject)]) == [])
        #expect(wrongTags(three + [ack(2), ack(2)]) == [2])
        #expect(wrongTags(three + [ack(4)]) == [4])
        #expect(wrongTags(three + [ack(0)]) == [0])
    }

    @Test func multipleSettlesUpToItsTag() {
        let three = consume() + [deliver(1), deliver(2), deliver(3)]
        #expect(wrongTags(three + [ack(2, multiple: true), ack(3)]) == [])
        #expect(wrongTags(three + [ack(2, multiple: true), ack(1)]) == [1])
        #expect(wrongTags(three + [ack(0, multiple: true), ack(0, multiple: true), ack(3)]) == [3])
        #expect(wrongTags(three + [ack(9, multiple: true)]) == [9])
    }

    @Test func tagsBelongToTheirChannelConnectionAndTime() {
        let one = consume() + [deliver(1)]
        #expect(wrongTags(one + [ack(1, channel: 2)]) == [1])
        #expect(wrongTags(one + [ack(1, connection: 1)]) == [1])
        let closed = record(.serverToClient, .channelClose)
        let closeOK = record(.clientToServer, .channelCloseOK)
        // An ack may cross the close on its way, and not after the channel is gone.
        #expect(wrongTags(one + [closed, ack(1), closeOK]) == [])
        #expect(wrongTags(one + [closed, closeOK, ack(1)]) == [1])
        let ended = FrameRecord(time: 0, connection: 0, event: .closed, direction: .clientToServer)
        #expect(wrongTags(one + [ended, ack(1)]) == [1])
    }

    @Test func whatTheClientCannotHoldMustNotBeSettled() {
        #expect(wrongTags(consume() + [deliver(1, isPassed: false), ack(1)]) == [1])
        #expect(wrongTags(consume(noAck: true) + [deliver(1), ack(1)]) == [1])
        // After a cancel deliveries may be under way.
        let cancel = record(.clientToServer, .basicCancel) { $0.consumerTag = "c" }
        #expect(wrongTags(consume() + [cancel, deliver(1), ack(1)]) == [])
    }

    @Test func getIsSettledUnlessItWasWithoutAcks() {
        func get(noAck: Bool) -> FrameRecord { record(.clientToServer, .basicGet) { $0.flag = noAck } }
        let empty = record(.serverToClient, .basicGetEmpty)
        func got(_ tag: UInt64) -> FrameRecord {
            record(.serverToClient, .basicGetOK) { $0.deliveryTag = tag }
        }
        let records = [get(noAck: true), get(noAck: false), get(noAck: true), empty, got(1), got(2)]
        #expect(wrongTags(records + [ack(1)]) == [])
        #expect(wrongTags(records + [ack(2)]) == [2])
    }

    @Test func unsettledOverPrefetch() {
        let two = consume(prefetch: 2) + [deliver(1), deliver(2)]
        #expect(FrameAudit(two).overPrefetch.isEmpty)
        #expect(FrameAudit(two).mostUnsettled == 2)
        #expect(FrameAudit(two + [deliver(3)]).overPrefetch.map(\.deliveryTag) == [3])
        #expect(FrameAudit(two + [ack(1), deliver(3)]).overPrefetch.isEmpty)
        #expect(FrameAudit(two + [ack(2, multiple: true), deliver(3), deliver(4)]).overPrefetch.isEmpty)
        #expect(FrameAudit(consume() + (1...100).map { deliver($0) }).overPrefetch.isEmpty)
        // Each consumer has its own.
        let other = consume("d", prefetch: 2) + [deliver(3, consumer: "d")]
        #expect(FrameAudit(two + other).overPrefetch.isEmpty)
    }

    @Test func consumersAQueueAndMandatoryPublishes() {
        var records = consume("a") + consume("b") + consume("c", queue: "r", connection: 1)
        #expect(FrameAudit(records).consumers == ["q": 2, "r": 1])
        records.append(record(.serverToClient, .basicCancel) { $0.consumerTag = "a" })
        #expect(FrameAudit(records).consumers == ["q": 1, "r": 1])
        records.append(FrameRecord(time: 0, connection: 1, event: .closed, direction: .clientToServer))
        #expect(FrameAudit(records).consumers == ["q": 1])
        let publishes = [true, false, true].map { mandatory in
            record(.clientToServer, .basicPublish) { $0.flag = mandatory }
        }
        let audit = FrameAudit(publishes)
        #expect((audit.publishes, audit.mandatoryPublishes) == (3, 2))
    }
}
