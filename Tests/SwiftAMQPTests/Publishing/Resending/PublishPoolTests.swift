import AMQPTransport
import Testing

@testable import SwiftAMQP

@Suite struct PublishPoolTests {
    private let publisher = ResendingPublisher(
        limits: .init(messages: 10, bytes: 1 << 20),
        backoff: AMQPBackoff(initial: .milliseconds(1), maximum: .milliseconds(1), multiplier: 1), whenFull: .suspend,
        timeout: .seconds(30), messageIDPrefix: nil, counters: PublishCounters())

    private func make(_ name: String, body: [UInt8] = [1, 2, 3]) -> ResendingPublish {
        ResendingPublish(
            AMQPMessage(body: body), to: .queue(name), isMandatory: false, policy: .atLeastOnce, deadline: .max,
            publisher: publisher)
    }

    private func end(_ publish: ResendingPublish, _ outcome: AMQPPublishOutcome = .confirmed) {
        var wakeups = Wakeups()
        _ = publish.finish(outcome, &wakeups)
    }

    private func renew(_ publish: ResendingPublish, body: [UInt8], key: UInt = 0, to address: AMQPAddress) {
        body.withUnsafeBytes { bytes in
            publish.renew(
                bytes, .persistent, to: address, addressKey: key, isMandatory: true, policy: .once, deadline: 7,
                bodyHash: PublishFingerprint.bodyHash(bytes))
        }
    }

    @Test func aConfirmedOneIsUsedAgainAndIsAnother() throws {
        var publish: ResendingPublish? = make("q")
        publish.map { end($0) }
        let first = try #require(publish.take().map { Unmanaged.passRetained($0) })
        ResendingPublish.letGo(first)
        let again = try #require(publisher.pool.take())
        #expect(again.toOpaque() == first.toOpaque())
        #expect(publisher.pool.take() == nil)
        let next = again.takeRetainedValue()
        for body in [[9, 8, 7], [1], [], [1, 2, 3, 4, 5]] as [[UInt8]] {
            renew(next, body: body, to: .queue("other"))
            #expect(next.outcome == nil)
            #expect(next.attemptsOfSuccess == nil)
            #expect(next.message.body == body)
            #expect(next.message.properties == .persistent)
            #expect(next.address == .queue("other"))
            #expect(next.isMandatory)
            #expect(next.policy == .once)
            #expect(next.deadline == 7)
            #expect(next.submissions == 0)
            if case .new = next.place {} else { Issue.record("\(next.place)") }
            end(next)
            #expect(next.attemptsOfSuccess == 1)
            // As letGo does it.
            ResendingPublish.letGo(.passRetained(next))
        }
    }

    /// A key stands for one address, so that the texts need not be looked at.
    @Test func theAddressFollowsItsKey() {
        let publish = make("q")
        renew(publish, body: [], key: 1, to: .queue("one"))
        #expect(publish.address == .queue("one"))
        renew(publish, body: [], key: 2, to: .queue("two"))
        #expect(publish.address == .queue("two"))
        renew(publish, body: [], key: 0, to: .queue("three"))
        #expect(publish.address == .queue("three"))
        renew(publish, body: [], key: 2, to: .queue("two"))
        #expect(publish.address == .queue("two"))
    }

    @Test func whatSomebodyHoldsOrWhatFailedIsNotUsedAgain() {
        let held = make("held")
        end(held)
        ResendingPublish.letGo(.passRetained(held))
        #expect(publisher.pool.take() == nil)
        #expect(held.attemptsOfSuccess == 1)
        func failOne() { ResendingPublish.letGo(.passRetained(failed())) }
        func failed() -> ResendingPublish {
            let publish = make("failed")
            end(publish, .nacked)
            return publish
        }
        failOne()
        #expect(publisher.pool.take() == nil)
    }
}
