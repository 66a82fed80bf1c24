import TestSupport
import Testing

@testable import SwiftAMQP

/// A failed delivery is held, published, rejected or given back, and in any case settled exactly once.
@Suite(.timeLimit(.minutes(2))) struct FailedDeliveriesTests {
    private static let quick = AMQPFailurePolicy.requeue(backoff: AMQPBackoff(initial: .milliseconds(1)))
    private static let retry = AMQPFailurePolicy.retry(AMQPRetryQueues())

    /// Runs `body` with deliveries of a consumer; the broker then takes as many settles as there are deliveries.
    private func withDeliveries(
        _ deliveries: [FakeStep], settles: Int? = nil, _ body: ([AMQPDelivery], AMQPChannel) async throws -> Void
    ) async throws -> [String] {
        let script = [.answerConsume(1, tag: "c")] + deliveries + [.settles(settles ?? deliveries.count), .goodbye]
        return try await withFakeChannel(script) { channel, _ in
            var iterator = try await channel.consume("q", consumerTag: "c").makeAsyncIterator()
            var taken: [AMQPDelivery] = []
            while taken.count < deliveries.count, let delivery = try await iterator.next() { taken.append(delivery) }
            try await body(taken, channel)
        }.settles
    }

    @Test func heldAndThenRequeued() async throws {
        let settles = try await withDeliveries([.deliverFailing(1, id: "m"), .deliverFailing(2)]) { deliveries, _ in
            let handler = FailingHandler(Self.quick)
            let start = ContinuousClock.now
            for delivery in deliveries { handler.fail(delivery) }
            #expect(handler.failures.heldCount == 2)
            try await until("the requeue") { deliveries.allSatisfy { !$0.isUnsettled } }
            // Ten redeliveries a second, at most.
            #expect(.now - start >= .milliseconds(100))
            #expect(handler.story == ["1: requeued", "1: requeued"])
            #expect(handler.events.map(\.messageID) == ["m", nil])
            let line = handler.events[0].description
            #expect(line.hasPrefix("message 'm' of queue 'q' failed (attempt 1, Broken: it broke): requeued after"))
        }
        #expect(settles == ["basic.reject 1 requeue=true", "basic.reject 2 requeue=true"])
    }

    /// A classic queue counts nothing: it is counted here.
    @Test(arguments: [true, false]) func givesUpAtTheLimit(hasID: Bool) async throws {
        let steps = (1...3).map { number in
            FakeStep.deliverFailing(UInt64(number), redelivered: number > 1, id: hasID ? "m" : nil)
        }
        let settles = try await withDeliveries(steps) { deliveries, _ in
            let handler = FailingHandler(.requeue(backoff: AMQPBackoff(initial: .milliseconds(1)), limit: 3))
            for delivery in deliveries {
                handler.fail(delivery)
                try await until("the settle") { !delivery.isUnsettled }
            }
            #expect(handler.story == ["1: requeued", "2: requeued", "3 last: rejected"])
        }
        #expect(settles.last == "basic.reject 3 requeue=false")
    }

    /// A quorum queue says how often a message came back.
    @Test func believesTheQueuesCount() async throws {
        // x-delivery-count: I 4
        let table: [UInt8] = [0, 0, 0, 22, 16] + Array("x-delivery-count".utf8) + [UInt8(ascii: "I"), 0, 0, 0, 4]
        let settles = try await withDeliveries([.deliverFailing(1, redelivered: true, headers: table)]) {
            deliveries, _ in
            let handler = FailingHandler(Self.quick)
            handler.fail(deliveries[0])
            #expect(handler.story == ["5 last: rejected"])
        }
        #expect(settles == ["basic.reject 1 requeue=false"])
    }

    @Test func successIsForgiven() async throws {
        let steps = (1...3).map { FakeStep.deliverFailing(UInt64($0), redelivered: $0 > 1, id: "m") }
        _ = try await withDeliveries(steps) { deliveries, _ in
            let handler = FailingHandler(.requeue(backoff: AMQPBackoff(initial: .milliseconds(1)), limit: 2))
            handler.fail(deliveries[0])
            handler.failures.succeeded(deliveries[1])
            try deliveries[1].ack()
            handler.fail(deliveries[2])
            try await until("the settles") { deliveries.allSatisfy { !$0.isUnsettled } }
            #expect(handler.story == ["1: requeued", "1: requeued"])
        }
    }

    @Test func rejectedAtOnce() async throws {
        let settles = try await withDeliveries([.deliverFailing(1)]) { deliveries, _ in
            let handler = FailingHandler(.reject)
            handler.fail(deliveries[0])
            #expect(handler.story == ["1: rejected"])
        }
        #expect(settles == ["basic.reject 1 requeue=false"])
    }

    @Test func acknowledgedAfterTheConfirmAndNotBefore() async throws {
        let confirm = Promise<Void>()
        let settles = try await withDeliveries([.deliverFailing(1, id: "m")]) { deliveries, _ in
            let handler = FailingHandler(Self.retry) { (_) throws(AMQPError) in try await confirm.wait().get() }
            handler.fail(deliveries[0])
            try await until("the publish") { !handler.published.isEmpty }
            #expect(deliveries[0].isUnsettled)
            #expect(handler.events.isEmpty)
            async let idle: Void = handler.failures.idle()
            confirm.complete(.success(()))
            await idle
            #expect(!deliveries[0].isUnsettled)
            #expect(handler.story == ["1: retried in q.retry.1000"])
            let (message, address) = handler.published[0]
            #expect(address == .queue("q.retry.1000"))
            #expect(message.properties.messageID == "m")
            #expect(message.properties.headers[AMQPMessage.firstExchangeHeader] == "events")
            #expect(message.properties.headers[AMQPMessage.errorHeader] == "Broken")
        }
        #expect(settles == ["basic.ack 1"])
    }

    @Test func requeuedWhereTheCopyIsNotConfirmed() async throws {
        let settles = try await withDeliveries([.deliverFailing(1)]) { deliveries, _ in
            let handler = FailingHandler(Self.retry) { (_) throws(AMQPError) in throw AMQPError(.returned, "no queue") }
            handler.fail(deliveries[0])
            await handler.failures.idle()
            try await until("the requeue") { !deliveries[0].isUnsettled }
            #expect(handler.story == ["1: not confirmed in q.retry.1000, returned", "1: requeued"])
        }
        #expect(settles == ["basic.reject 1 requeue=true"])
    }

    /// One more return, and a quorum queue of RabbitMQ 4 might drop it: it is kept until the copy is confirmed.
    @Test func publishedAgainWhereItCameBackTooOften() async throws {
        let table: [UInt8] = [0, 0, 0, 22, 16] + Array("x-delivery-count".utf8) + [UInt8(ascii: "I"), 0, 0, 0, 19]
        let attempts = Locked(0)
        let settles = try await withDeliveries([.deliverFailing(1, redelivered: true, headers: table)]) {
            deliveries, _ in
            let policy = AMQPFailurePolicy.requeue(
                backoff: AMQPBackoff(initial: .milliseconds(1), maximum: .milliseconds(1)), then: .park())
            let handler = FailingHandler(policy) { (_) throws(AMQPError) in
                let attempt = attempts.withLock { (count: inout Int) -> Int in
                    count += 1
                    return count
                }
                if attempt < 3 { throw AMQPError(.nacked, "full") }
            }
            handler.fail(deliveries[0])
            try await until("the ack") { !deliveries[0].isUnsettled }
            await handler.failures.idle()
            let failed = "20 last: not confirmed in q.parked, nacked"
            #expect(handler.story == [failed, failed, "20 last: parked in q.parked"])
            #expect(handler.published.last?.0.properties.headers[AMQPMessage.failuresHeader] == 20)
        }
        #expect(settles == ["basic.ack 1"])
    }

    /// At a shutdown or a pause nothing waits, and nothing counts as a failure at the broker: nack and no reject.
    @Test func givesEverythingBackAtOnce() async throws {
        let answer = Promise<Void>()
        let slow = AMQPFailurePolicy.requeue(backoff: AMQPBackoff(initial: .seconds(3600), maximum: .seconds(3600)))
        let settles = try await withDeliveries((1...5).map { .deliverFailing($0) }) { deliveries, _ in
            let held = FailingHandler(slow)
            let publishing = FailingHandler(Self.retry) { (_) throws(AMQPError) in try await answer.wait().get() }
            held.fail(deliveries[0])
            held.fail(deliveries[1])
            publishing.fail(deliveries[2])
            try await until("the publish") { !publishing.published.isEmpty }
            held.failures.requeueHeld()
            publishing.failures.requeueHeld()
            #expect(deliveries.map(\.isUnsettled) == [false, false, true, true, true])
            answer.complete(.failure(AMQPError(.timeout, "no confirm")))
            await publishing.failures.idle()
            #expect(!deliveries[2].isUnsettled)
            held.fail(deliveries[3])
            publishing.fail(deliveries[4])
            #expect(held.failures.heldCount == 0)
            #expect(held.story.last == "1: requeued at once")
            #expect(
                publishing.story == [
                    "1: not confirmed in q.retry.1000, timeout, at once", "1: requeued at once", "1: requeued at once",
                ])
            #expect(publishing.published.count == 1)
        }
        #expect(settles == (1...5).map { "basic.nack \($0) requeue=true" })
    }

    /// A copy that waits to be published again is given up, and what it is of goes back.
    @Test func givesBackWhatWouldBePublishedAgain() async throws {
        let table: [UInt8] = [0, 0, 0, 22, 16] + Array("x-delivery-count".utf8) + [UInt8(ascii: "I"), 0, 0, 0, 19]
        let settles = try await withDeliveries([.deliverFailing(1, redelivered: true, headers: table)]) {
            deliveries, _ in
            let policy = AMQPFailurePolicy.requeue(
                backoff: AMQPBackoff(initial: .seconds(3600), maximum: .seconds(3600)), then: .park())
            let handler = FailingHandler(policy) { (_) throws(AMQPError) in throw AMQPError(.nacked, "full") }
            handler.fail(deliveries[0])
            await handler.failures.idle()
            #expect(handler.story == ["20 last: not confirmed in q.parked, nacked"])
            handler.failures.requeueHeld()
            #expect(handler.story.last == "20: requeued at once")
        }
        #expect(settles == ["basic.nack 1 requeue=true"])
    }

    @Test func goesOnAfterAPause() async throws {
        let settles = try await withDeliveries([.deliverFailing(1), .deliverFailing(2)]) { deliveries, _ in
            let handler = FailingHandler(.reject)
            handler.failures.requeueHeld()
            handler.fail(deliveries[0])
            #expect(handler.story == ["1: rejected"], "a verdict is carried out, also in a pause")
            let held = FailingHandler(Self.quick)
            held.failures.requeueHeld()
            held.failures.resume()
            held.fail(deliveries[1])
            #expect(held.failures.heldCount == 1)
            try await until("the requeue") { deliveries.allSatisfy { !$0.isUnsettled } }
        }
        #expect(settles == ["basic.reject 1 requeue=false", "basic.reject 2 requeue=true"])
    }

    /// What cannot be settled any more is not copied: it would be there twice.
    @Test func whatIsSettledOrStaleIsLeftAlone() async throws {
        let settles = try await withDeliveries([.deliverFailing(1), .deliverFailing(2)], settles: 1) {
            deliveries, channel in
            let handler = FailingHandler(Self.retry)
            try deliveries[0].ack()
            handler.fail(deliveries[0])
            // The settle is taken before the channel goes.
            await channel.close()
            handler.fail(deliveries[1])
            #expect(handler.failures.staleCount == 2)
            #expect(handler.events.isEmpty && handler.published.isEmpty)
        }
        #expect(settles == ["basic.ack 1"])
    }

    @Test func aChannelThatGoesBeforeTheAckLeavesADuplicateThatIsReported() async throws {
        let confirm = Promise<Void>()
        let settles = try await withDeliveries([.deliverFailing(1)], settles: 0) { deliveries, channel in
            let handler = FailingHandler(Self.retry) { (_) throws(AMQPError) in try await confirm.wait().get() }
            handler.fail(deliveries[0])
            await channel.close()
            confirm.complete(.success(()))
            await handler.failures.idle()
            #expect(handler.story == ["1: retried in q.retry.1000, twice"])
            #expect(handler.failures.staleCount == 1)
        }
        #expect(settles.isEmpty)
    }

    @Test func unreadablePropertiesAreNotCopied() async throws {
        // A header of an unknown kind.
        let settles = try await withDeliveries([.deliverFailing(1, headers: [0, 0, 0, 3, 1, 97, 90])]) {
            deliveries, _ in
            #expect(deliveries[0].propertiesError != nil)
            let handler = FailingHandler(Self.retry)
            handler.fail(deliveries[0])
            #expect(handler.story == ["1: requeued"])
            try await until("the requeue") { deliveries.allSatisfy { !$0.isUnsettled } }
            #expect(handler.published.isEmpty)
        }
        #expect(settles == ["basic.reject 1 requeue=true"])
    }

    /// Many tasks fail while others stop and resume: each delivery is settled once.
    @Test func settlesEachOnceInAnyOrder() async throws {
        let count = 300
        let settles = try await withDeliveries((1...count).map { .deliverFailing(UInt64($0), id: "\($0)") }) {
            deliveries, _ in
            let handlers = [
                FailingHandler(Self.quick), FailingHandler(Self.retry),
                FailingHandler(Self.retry) { (_) throws(AMQPError) in
                    await Task.yield()
                    throw AMQPError(.nacked, "full")
                },
                FailingHandler(.reject),
            ]
            await withTaskGroup { group in
                for (index, delivery) in deliveries.enumerated() {
                    let handler = handlers[index % handlers.count]
                    group.addTask {
                        handler.fail(delivery)
                        if index % 29 == 0 { handler.failures.requeueHeld() }
                        if index % 31 == 0 { handler.failures.resume() }
                    }
                }
            }
            for handler in handlers {
                handler.failures.requeueHeld()
                await handler.failures.idle()
                #expect(handler.failures.heldCount == 0)
                #expect(handler.failures.staleCount == 0)
            }
            #expect(deliveries.allSatisfy { !$0.isUnsettled })
        }
        #expect(Set(settles.map { $0.split(separator: " ")[1] }).count == count)
        #expect(settles.count == count)
    }
}
