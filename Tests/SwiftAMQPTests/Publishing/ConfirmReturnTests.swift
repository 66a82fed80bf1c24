import Testing

@testable import SwiftAMQP

/// A return carries no tag: which publish it belongs to, and what becomes of that.
@Suite struct ConfirmReturnTests {
    private static let noRoute = AMQPPublishOutcome.returned(replyCode: 312, replyText: "NO_ROUTE")

    @Test func aReturnedPublishEndsWithItsOwnAck() throws {
        var publishes = TrackedPublishes()
        publishes.publish(content: 1)
        #expect(publishes.returned(1) == 1)
        #expect(publishes.take() == [])
        try publishes.acknowledge(1)
        let all = publishes.take()
        #expect(all == told(Self.noRoute, 1))
    }

    /// Measured with RabbitMQ: other acks come between a return and its ack.
    @Test func otherAcksMayComeBetween() throws {
        var publishes = TrackedPublishes()
        for content in 1...4 { publishes.publish(content: content) }
        #expect(publishes.returned(2) == 2)
        try publishes.acknowledge(1)
        try publishes.acknowledge(3)
        let first = publishes.take()
        #expect(first == told(.confirmed, 1, 3))
        #expect(publishes.returned(4, code: 313) == 4)
        try publishes.acknowledge(2)
        try publishes.acknowledge(4)
        let second = publishes.take()
        #expect(
            second == told(Self.noRoute, 2) + told(.returned(replyCode: 313, replyText: "NO_ROUTE"), 4))
    }

    @Test(arguments: [true, false]) func multipleMayCoverAReturn(positive: Bool) throws {
        var publishes = TrackedPublishes()
        for content in 1...4 { publishes.publish(content: content) }
        #expect(publishes.returned(3) == 3)
        try publishes.acknowledge(4, multiple: true, positive: positive)
        let all = publishes.take()
        let others: AMQPPublishOutcome = positive ? .confirmed : .nacked
        #expect(all == told(others, 1, 2) + told(Self.noRoute, 3) + told(others, 4))
    }

    /// Which of them does not matter, as long as each return takes another one.
    @Test func identicalMessagesAreTakenFromTheOldestOn() throws {
        var publishes = TrackedPublishes()
        for _ in 0..<3 { publishes.publish(content: 7) }
        #expect(publishes.returned(7) == 1)
        #expect(publishes.returned(7) == 2)
        #expect(publishes.returned(7) == 3)
        #expect(publishes.returned(7) == nil)
        try publishes.acknowledge(3, multiple: true)
        let all = publishes.take()
        #expect(all == told(Self.noRoute, 1, 2, 3))
    }

    @Test func propertiesTellMessagesApart() {
        var publishes = TrackedPublishes()
        publishes.publish(content: 1, properties: 10)
        publishes.publish(content: 1, properties: 20)
        #expect(publishes.returned(1, 20) == 2)
        #expect(publishes.returned(1, 10) == 1)
    }

    /// The broker takes `BCC` away on the way back.
    @Test func withoutAnEqualOneThePropertiesMayDiffer() {
        var publishes = TrackedPublishes()
        publishes.publish(content: 2, properties: 10)
        publishes.publish(content: 1, properties: 10)
        publishes.publish(content: 1, properties: 20)
        #expect(publishes.returned(1, 99) == 2)
        #expect(publishes.returned(1, 99) == 3)
        #expect(publishes.returned(1, 99) == nil)
    }

    @Test func onlyPendingMandatoryPublishesAreTakenIntoAccount() throws {
        var publishes = TrackedPublishes()
        publishes.publish(content: 1)
        publishes.publish()
        publishes.publish(content: 1)
        publishes.publish(content: 2)
        try publishes.acknowledge(1)
        #expect(publishes.returned(1) == 3)
        #expect(publishes.returned(3) == nil)
        try publishes.acknowledge(4)
        #expect(publishes.returned(2) == nil)
        // An empty slot has an empty print, which must not be mistaken for a publish.
        let empty = publishes.tracker.markReturned(fingerprint: PublishFingerprint(), code: 312, text: "")
        #expect(empty == nil)
    }

    @Test func aReturnIsKnownWhenTheDeadlinePassesOrTheChannelGoes() throws {
        var publishes = TrackedPublishes()
        publishes.publish(content: 1, deadline: 10)
        publishes.publish(content: 2, deadline: 99)
        publishes.publish(content: 3, deadline: 99)
        #expect(publishes.returned(1) == 1)
        #expect(publishes.returned(2) == 2)
        publishes.expire(10)
        let first = publishes.take()
        #expect(first == told(Self.noRoute, 1))
        publishes.failAll(written: 0)
        let second = publishes.take()
        #expect(second == told(Self.noRoute, 2) + told(.notSent(reason: .connectionClosed), 3))
    }

    /// Tags in the ring are reused: what was returned there before must not stick.
    @Test func aSlotForgetsItsReturn() throws {
        var publishes = TrackedPublishes(capacity: 16)
        for round in 0..<40 {
            let tag = publishes.publish(content: round)
            if round % 2 == 0 { #expect(publishes.returned(round) == tag) }
            try publishes.acknowledge(tag)
            let all = publishes.take()
            #expect(all.map(\.outcome) == [round % 2 == 0 ? Self.noRoute : .confirmed])
        }
    }
}
