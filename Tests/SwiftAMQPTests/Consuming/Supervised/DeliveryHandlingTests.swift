import AMQPTransport
import TestSupport
import Testing

@testable import SwiftAMQP

/// What a handler says becomes of its delivery, and what becomes of handlers that take too long.
@Suite(.timeLimit(.minutes(2))) struct DeliveryHandlingTests {
    private struct Broken: Error {}

    private struct Parts {
        let handling: DeliveryHandling
        let counters: DeliveryCounters
        let pauses: Locked<[Duration]>
    }

    private func parts(
        policy: AMQPFailurePolicy = .reject, breaker: AMQPCircuitBreaker? = nil,
        _ handler: @escaping AMQPConsumer.Handler
    ) -> Parts {
        let counters = DeliveryCounters()
        let pauses = Locked<[Duration]>([])
        let failures = FailedDeliveries(policy: policy, queue: "q") { (_, _) async throws(AMQPError) in
        } report: {
            counters.count($0.action)
        }
        let handling = DeliveryHandling(
            handler: handler, failures: failures, counters: counters,
            watchdog: HandlerWatchdog(AMQPHandlerDeadlines()) { _, _ in }, breaker: breaker.map { CircuitBreaker($0) }
        ) { pause in pauses.withLock { $0.append(pause) } }
        return Parts(handling: handling, counters: counters, pauses: pauses)
    }

    /// One of each, and the sum: each delivery that was handled is counted once more, by what became of it, but for those
    /// that the handler has settled by itself.
    @Test func everyResultIsCounted() async throws {
        try await withSource(messages: 7) { source, channel, queues in
            let parts = parts { delivery in
                switch delivery.number {
                case 0, 1: return .ack
                case 2: return .reject
                case 3: throw Broken()
                case 4: return .retry
                case 5:
                    try delivery.ack()
                    return .settledByHandler
                default: return .requeue
                }
            }
            try await source.subscribe(channel)
            for id in UInt64(1)...7 {
                let delivery = try #require(await source.next())
                await parts.handling.handle(delivery, id: id)
            }
            let counts = parts.counters.snapshot
            #expect(counts.handled == 7)
            #expect(counts.acked == 2)
            #expect(counts.rejected == 3)
            #expect(counts.requeued == 1)
            #expect(counts.failed == 2)
            #expect(counts.stale == 0)
            #expect(counts.handled == counts.settled + 1)
            try await until("the settles") { queues["q"].acked.count == 3 && queues["q"].rejected == [2, 3, 4] }
            parts.handling.end()
        }
    }

    /// Whatever the handler says of a delivery whose connection is gone, it is stale, once.
    @Test func staleIsCountedOnce() async throws {
        try await withSource(messages: 4) { source, channel, _ in
            let parts = parts(policy: .default) { delivery in
                await channel.close()
                switch delivery.number {
                case 0: return .ack
                case 1: return .requeue
                case 2: return .retry
                default: throw Broken()
                }
            }
            try await source.subscribe(channel)
            var all: [AMQPDelivery] = []
            for _ in 0..<4 { all.append(try #require(await source.next())) }
            for (id, delivery) in all.enumerated() { await parts.handling.handle(delivery, id: UInt64(id)) }
            let counts = parts.counters.snapshot
            #expect(counts.handled == 4)
            #expect(counts.stale == 4)
            #expect(counts.handled == counts.settled)
            parts.handling.end()
        }
    }

    /// Too many failures: the consumer pauses, what was held goes back at once, and after the pause it begins anew.
    @Test func theBreakerPausesAndResumes() async throws {
        try await withSource(messages: 6) { source, channel, queues in
            let breaker = AMQPCircuitBreaker(
                window: 3, minimumResults: 3, failureRate: 1,
                pause: AMQPBackoff(initial: .seconds(7), maximum: .seconds(60)), trialResults: 1)
            let parts = parts(
                policy: .requeue(backoff: AMQPBackoff(initial: .seconds(3600), maximum: .seconds(3600))),
                breaker: breaker
            ) { _ in throw Broken() }
            try await source.subscribe(channel)
            var all: [AMQPDelivery] = []
            for _ in 0..<6 { all.append(try #require(await source.next())) }
            for id in 0..<2 { await parts.handling.handle(all[id], id: UInt64(id)) }
            #expect(parts.pauses.withLock { $0 } == [])
            #expect(queues["q"].ready == [])
            await parts.handling.handle(all[2], id: 2)
            #expect(parts.pauses.withLock { $0 } == [.seconds(7)])
            try await until("the held ones to go back") { queues["q"].ready.count + queues["q"].redeliveries >= 3 }
            // One that still ran when it opened: goes back at once, and opens nothing.
            await parts.handling.handle(all[3], id: 3)
            #expect(parts.pauses.withLock { $0 } == [.seconds(7)])
            parts.handling.resumed()
            await parts.handling.handle(all[4], id: 4)
            #expect(parts.pauses.withLock { $0 } == [.seconds(7), .seconds(14)])
            parts.handling.stop()
            parts.handling.end()
        }
    }

    // MARK: Handlers that take too long

    @Test func overdueHandlersAreReportedOnce() async throws {
        try await withSource(messages: 3) { source, channel, _ in
            let reports = Locked<[String]>([])
            let watchdog = HandlerWatchdog(
                AMQPHandlerDeadlines(
                    handlerDeadline: .milliseconds(300), consumerTimeout: .seconds(2), warningShare: 0.3)
            ) { due, delivery in reports.withLock { $0.append("\(due.name) \(due.id) \(delivery.number)") } }
            try await source.subscribe(channel)
            var all: [AMQPDelivery] = []
            for _ in 0..<3 { all.append(try #require(await source.next())) }
            // The first runs on, the second leaves its delivery to somebody else, the third is done in time.
            for (id, delivery) in all.enumerated() { watchdog.started(UInt64(id), delivery) }
            watchdog.finished(1, all[1])
            try all[2].ack()
            watchdog.finished(2, all[2])
            try await until("three reports") { reports.withLock { $0.count } >= 3 }
            #expect(reports.withLock { $0.sorted() } == ["acknowledgement 0 0", "acknowledgement 1 1", "handler 0 0"])
            watchdog.end()
        }
    }

    /// What a handler left to somebody else, who has settled it, is not kept: not for long, and not by the end.
    @Test func whatIsSettledLaterIsLetGo() async throws {
        let count = 400
        try await withSource(messages: count) { source, channel, _ in
            let watchdog = HandlerWatchdog(AMQPHandlerDeadlines()) { _, _ in }
            let batches = Locked<[WeakBatch]>([])
            try await source.subscribe(channel, prefetch: 4)
            for id in 0..<count {
                let delivery = try #require(await source.next())
                batches.withLock { $0.append(WeakBatch(batch: delivery.batch)) }
                watchdog.started(UInt64(id), delivery)
                watchdog.finished(UInt64(id), delivery)
                try delivery.ack()
            }
            source.finish(.finished)
            #expect(batches.withLock { $0.count { $0.batch != nil } } <= 80)
            watchdog.end()
            try await until("all to be let go") { batches.withLock { $0.allSatisfy { $0.batch == nil } } }
        }
    }

    private struct WeakBatch: @unchecked Sendable {
        // Written once, here; the runtime clears it.
        weak var batch: DeliveryBatch?
    }
}

extension AMQPDeliveryCounts {
    /// How many were settled, or cannot be any more: where nothing was given back unhandled and no handler settles by
    /// itself, as many as were handled.
    var settled: UInt64 { acked + rejected + requeued + retried + parked + stale }
}

extension HandlerWatch.Due {
    fileprivate var name: String { if case .handlerDeadline = self { "handler" } else { "acknowledgement" } }
}
